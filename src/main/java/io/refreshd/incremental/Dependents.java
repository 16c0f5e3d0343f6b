package io.refreshd.incremental;

import io.refreshd.catalog.MaterializedReaders;
import io.refreshd.database.PlainSession;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The objects that depend on a view to be replaced. A plain view that reads it is given the same query again, which then finds the new
 * view by its name: CREATE OR REPLACE keeps its oid, and so its owner, privileges, comments, triggers, and whatever stands on it in
 * turn. Everything else is refused by name.
 */
final class Dependents {
    /**
     * Objects that depend on the relation, its columns or its row type, but for its parts. A part is its own query, an index of it, its row
     * type, its TOAST table.
     */
    private static final String DEPENDING = """
            WITH target AS (
              SELECT 'pg_catalog.pg_class'::regclass::oid AS class, (:oid)::oid AS oid
              UNION ALL
              SELECT 'pg_catalog.pg_type'::regclass, t.oid FROM pg_catalog.pg_type t WHERE t.typrelid = (:oid)::oid
              UNION ALL
              SELECT 'pg_catalog.pg_type'::regclass, t.typarray FROM pg_catalog.pg_type t
               WHERE t.typrelid = (:oid)::oid AND t.typarray <> 0
            ), depending AS (
              SELECT DISTINCT d.classid, d.objid, d.objsubid
                FROM target JOIN pg_catalog.pg_depend d ON d.refclassid = target.class AND d.refobjid = target.oid
               WHERE NOT (d.deptype = 'i' AND d.classid <> 'pg_catalog.pg_rewrite'::regclass)
                 AND (d.classid, d.objid) NOT IN (SELECT t.class, t.oid FROM target t)
            )
            SELECT v.oid::int8 AS view_oid, s.nspname::text AS view_schema, v.relname::text AS view_name,
                   pg_catalog.pg_get_userbyid(v.relowner)::text AS owner,
                   v.relkind = 'v' AND w.rulename = '_RETURN' AND v.relpersistence <> 't' AS plain,
                   pg_catalog.pg_has_role(v.relowner, 'USAGE') AS owned,
                   (SELECT pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ')
                      FROM pg_catalog.pg_options_to_table(v.reloptions) o) AS options,
                   CASE WHEN v.relkind = 'm' AND w.rulename = '_RETURN'
                        THEN pg_catalog.format('materialized view %s.%s', s.nspname, v.relname)
                        ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END AS description
              FROM depending d
              LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
              LEFT JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
              LEFT JOIN pg_catalog.pg_namespace s ON s.oid = v.relnamespace
             WHERE NOT coalesce(w.ev_class = (:oid)::oid AND w.rulename = '_RETURN', false)
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND x.indexrelid = d.objid
                                  AND x.indrelid = (:oid)::oid)
             ORDER BY view_oid DESC NULLS LAST, description
            """;

    /**
     * A plain view that reads the view.
     *
     * @param options its storage parameters, as in WITH (…); empty if there are none
     */
    record PlainView(long oid, ViewId id, String owner, boolean owned, String options) {
        /** Takes the strongest lock and changes nothing. */
        String lock() {
            return "ALTER VIEW " + SqlNames.qualified(id) + " OWNER TO " + SqlNames.identifier(owner);
        }
    }

    private final List<PlainView> views;
    private final List<String> others;

    private Dependents(List<PlainView> views, List<String> others) {
        this.views = views;
        this.others = others;
    }

    static Dependents of(Handle handle, long oid) {
        List<PlainView> views = new ArrayList<>();
        List<String> others = new ArrayList<>();
        handle.createQuery(DEPENDING)
                .bind("oid", oid)
                .map((row, context) -> {
                    if (row.getBoolean("plain")) {
                        String options = row.getString("options");
                        views.add(new PlainView(
                                row.getLong("view_oid"),
                                new ViewId(row.getString("view_schema"), row.getString("view_name")),
                                row.getString("owner"),
                                row.getBoolean("owned"),
                                options == null ? "" : options));
                    } else {
                        others.add(row.getString("description"));
                    }
                    return "";
                })
                .list();
        return new Dependents(
                views.stream().distinct().toList(), others.stream().distinct().toList());
    }

    List<PlainView> views() {
        return views;
    }

    /** What cannot be kept, with its remedy. */
    List<Obstacle> obstacles(ViewId view, String role) {
        List<Obstacle> found = new ArrayList<>();
        for (String other : others) {
            found.add(MaterializedReaders.obstacle(other, view));
        }
        for (PlainView plain : views) {
            if (!plain.owned()) {
                found.add(new Obstacle(
                        "the plain view " + plain.id() + " stands on " + view + ", and role " + role
                                + " may not give it its query again",
                        Remedy.sql(
                                "GRANT " + SqlNames.identifier(plain.owner()) + " TO " + SqlNames.identifier(role))));
            }
        }
        return found;
    }

    /**
     * Locks the plain views and then the view itself, as the statements do that read them: from the top down. A view is mostly older than
     * those that stand on it; where it is not, a lock that is not free in time ends the attempt.
     *
     * @param lock a statement that takes the strongest lock on the view itself
     * @return for each plain view the statement that gives it its query again
     * @throws SQLException also if something else has come to stand on the view since
     */
    List<String> lock(Handle transaction, long oid, String lock) throws SQLException {
        Statements statements = new Statements(transaction);
        for (PlainView view : views) {
            statements.execute(view.lock());
        }
        statements.execute(lock);
        Dependents now = of(transaction, oid);
        if (!now.views.equals(views) || !now.others.equals(others)) {
            throw new SQLException("what stands on the view was altered meanwhile; try again", "55000");
        }
        List<String> replacing = new ArrayList<>();
        for (PlainView view : views) {
            PlainSession session = PlainSession.ofOwner(transaction.getConnection(), view.oid())
                    .forDefinitions();
            String query = Definitions.textOf(transaction, session, view.oid());
            replacing.add(session.around("CREATE OR REPLACE VIEW " + SqlNames.qualified(view.id())
                    + (view.options().isEmpty() ? "" : " WITH (" + view.options() + ")") + " AS " + query));
        }
        return replacing;
    }

    @Override
    public String toString() {
        return views.stream().map(view -> view.id().toString()).collect(Collectors.joining(", "));
    }
}
