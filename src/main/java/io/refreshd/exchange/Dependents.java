package io.refreshd.exchange;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * The objects that stand on a view to be replaced, from the bottom up. A plain view is given the same query again, which then finds the new
 * view by its name: CREATE OR REPLACE keeps its oid, and so its owner, privileges, comments, triggers, and whatever stands on it in
 * turn. A materialized view cannot be given a query, so a copy of it is made beside and takes its place. Everything else is refused by name.
 */
public final class Dependents {
    /**
     * The views that read the relation, its columns or its row type, directly or through others. A function in a query may hide that it
     * reads one: such a query goes on finding it by its name.
     */
    private static final String STANDING = """
            WITH RECURSIVE standing (oid, below) AS (
              SELECT (:oid)::oid, NULL::oid
              UNION
              SELECT w.ev_class, s.oid
                FROM standing s
                JOIN pg_catalog.pg_class c ON c.oid = s.oid
                LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
               CROSS JOIN LATERAL (
                 VALUES ('pg_catalog.pg_class'::regclass::oid, c.oid), ('pg_catalog.pg_type'::regclass, t.oid),
                        ('pg_catalog.pg_type'::regclass, nullif(t.typarray, 0))) target (class, oid)
                JOIN pg_catalog.pg_depend d ON d.refclassid = target.class AND d.refobjid = target.oid
                                           AND d.classid = 'pg_catalog.pg_rewrite'::regclass
                JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND w.rulename = '_RETURN' AND w.ev_class <> s.oid
                JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm') AND v.relpersistence <> 't'
            )
            SELECT v.oid::int8 AS oid, n.nspname::text AS schema, v.relname::text AS name, v.relkind = 'm' AS materialized,
                   v.relispopulated AS populated, pg_catalog.pg_get_userbyid(v.relowner)::text AS owner,
                   pg_catalog.pg_has_role(v.relowner, 'USAGE') AS owned,
                   coalesce((SELECT pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ')
                               FROM pg_catalog.pg_options_to_table(v.reloptions) o), '') AS options,
                   (SELECT pg_catalog.array_agg(s.below::int8 ORDER BY s.below) FROM standing s WHERE s.oid = v.oid) AS below
              FROM pg_catalog.pg_class v JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
             WHERE v.oid IN (SELECT s.oid FROM standing s WHERE s.below IS NOT NULL) AND v.oid <> (:oid)::oid
             ORDER BY v.oid
            """;

    /**
     * Whatever else depends on one of the relations, their columns or row types, but for their parts. A part is its own query, an index of
     * it, its row type, its TOAST table, and of a materialized view that another one replaces, its statistics.
     */
    private static final String OTHERS = """
            WITH target AS (
              SELECT 'pg_catalog.pg_class'::regclass::oid AS class, r.oid::oid AS oid, r.oid::oid AS relation
                FROM pg_catalog.unnest(CAST(:oids AS int8[])) r (oid)
              UNION ALL
              SELECT 'pg_catalog.pg_type'::regclass, t.type, r.oid::oid
                FROM pg_catalog.unnest(CAST(:oids AS int8[])) r (oid)
                JOIN pg_catalog.pg_type y ON y.typrelid = r.oid::oid
               CROSS JOIN LATERAL (VALUES (y.oid), (nullif(y.typarray, 0))) t (type)
               WHERE t.type IS NOT NULL
            )
            SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS description,
                   n.nspname::text AS schema, c.relname::text AS name
              FROM target
              JOIN pg_catalog.pg_depend d ON d.refclassid = target.class AND d.refobjid = target.oid
              JOIN pg_catalog.pg_class c ON c.oid = target.relation
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
              LEFT JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
             WHERE NOT (d.deptype = 'i' AND d.classid <> 'pg_catalog.pg_rewrite'::regclass)
               AND (d.classid, d.objid) NOT IN (SELECT t.class, t.oid FROM target t)
               AND NOT coalesce(w.rulename = '_RETURN' AND v.relkind IN ('v', 'm') AND v.relpersistence <> 't', false)
               AND NOT (d.classid = 'pg_catalog.pg_statistic_ext'::regclass AND target.relation::int8 = ANY (CAST(:with_statistics AS int8[])))
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x
                                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND x.indexrelid = d.objid
                                  AND x.indrelid = target.relation)
             ORDER BY description
            """;

    /** Columns whose type is the row type of a relation that is replaced: they could not keep their type. */
    private static final String ROWS = """
            SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, a.attrelid, a.attnum) AS description,
                   n.nspname::text AS schema, c.relname::text AS name
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_catalog.pg_type y ON y.oid = c.reltype
              JOIN pg_catalog.pg_attribute a ON a.atttypid IN (y.oid, nullif(y.typarray, 0)) AND NOT a.attisdropped
             WHERE c.oid = ANY (CAST(:oids AS int8[])::oid[]) AND a.attrelid = ANY (CAST(:views AS int8[])::oid[])
             ORDER BY description
            """;

    /**
     * What replacing a view changes.
     *
     * @param rows whether the view's rows become other ones, so that all materialized views above are made again. If not, those that
     *     read it through a plain view stay as they are.
     * @param statistics whether a materialized view takes the place of one, and keeps its extended statistics
     */
    public record Change(boolean rows, boolean statistics) {
        public static final Change OF_KIND = new Change(false, false);
    }

    /**
     * A view that stands on the one to be replaced.
     *
     * @param options its storage parameters, as in WITH (…); empty if there are none
     * @param below oids of what it reads of the view to be replaced and of those that stand on it
     */
    public record View(
            long oid,
            ViewId id,
            boolean materialized,
            boolean populated,
            String owner,
            boolean owned,
            String options,
            List<Long> below) {
        String noun() {
            return materialized ? "MATERIALIZED VIEW" : "VIEW";
        }

        /** Takes the strongest lock and changes nothing. */
        String lock() {
            return "ALTER " + noun() + " " + SqlNames.qualified(id) + " OWNER TO " + SqlNames.identifier(owner);
        }
    }

    private record Other(String description, ViewId on) {}

    private final long target;
    private final Change change;
    private final List<View> views;
    private final Set<Long> remade;
    private final List<Other> others;

    private Dependents(long target, Change change, List<View> views, Set<Long> remade, List<Other> others) {
        this.target = target;
        this.change = change;
        this.views = views;
        this.remade = remade;
        this.others = others;
    }

    /** @param oid of the view to be replaced */
    public static Dependents of(Handle handle, long oid, Change change) throws SQLException {
        List<View> views = ordered(handle.createQuery(STANDING)
                .bind("oid", oid)
                .map((row, context) -> view(row))
                .list());
        Set<Long> remade = DependentsOrder.remade(views, oid, change.rows());
        List<Long> replaced = new ArrayList<>(remade);
        replaced.add(oid);
        List<Other> others = new ArrayList<>(handle.createQuery(OTHERS)
                .bind("oids", replaced.toArray(Long[]::new))
                .bind("with_statistics", (change.statistics() ? replaced : List.copyOf(remade)).toArray(Long[]::new))
                .map((row, context) -> other(row))
                .list());
        Long[] kept = views.stream()
                .filter(view -> !remade.contains(view.oid()))
                .map(View::oid)
                .toArray(Long[]::new);
        others.addAll(handle.createQuery(ROWS)
                .bind("oids", replaced.toArray(Long[]::new))
                .bind("views", kept)
                .map((row, context) -> other(row))
                .list());
        return new Dependents(oid, change, views, remade, others);
    }

    private static List<View> ordered(List<View> views) throws SQLException {
        List<View> ordered = DependentsOrder.bottomUp(views);
        if (ordered.size() < views.size()) {
            throw new SQLException(
                    "views that stand on it read each other: "
                            + views.stream()
                                    .filter(view -> !ordered.contains(view))
                                    .map(view -> view.id().toString())
                                    .toList(),
                    "55000");
        }
        return ordered;
    }

    private static View view(ResultSet row) throws SQLException {
        return new View(
                row.getLong("oid"),
                new ViewId(row.getString("schema"), row.getString("name")),
                row.getBoolean("materialized"),
                row.getBoolean("populated"),
                row.getString("owner"),
                row.getBoolean("owned"),
                row.getString("options"),
                List.of((Long[]) row.getArray("below").getArray()));
    }

    private static Other other(ResultSet row) throws SQLException {
        return new Other(row.getString("description"), new ViewId(row.getString("schema"), row.getString("name")));
    }

    /** All views above, from the bottom up. */
    public List<View> views() {
        return views;
    }

    /** Those that are made again beside and take each other's places. */
    public List<View> remade() {
        return views.stream().filter(view -> remade.contains(view.oid())).toList();
    }

    /** The plain views that are given their queries again. */
    public List<View> kept() {
        return views.stream()
                .filter(view -> !remade.contains(view.oid()))
                .filter(view -> view.below().stream().anyMatch(oid -> oid == target || remade.contains(oid)))
                .toList();
    }

    /** What cannot be kept, with its remedy. @param view the one to be replaced */
    public List<Obstacle> obstacles(Handle handle, ViewId view) throws SQLException {
        List<Obstacle> found = new ArrayList<>();
        for (Other other : others) {
            found.add(new Obstacle(
                    other.description() + " stands on " + other.on()
                            + ", and the server cannot make it stand on what takes its place",
                    Remedy.text("drop it before, and create it again afterwards: its text stays the same")));
        }
        String role = handle.createQuery("SELECT current_user::text")
                .mapTo(String.class)
                .one();
        for (View plain : kept()) {
            if (!plain.owned()) {
                found.add(new Obstacle(
                        "the plain view " + plain.id() + " stands on " + view + ", and role " + role
                                + " may not give it its query again",
                        Remedy.sql(
                                "GRANT " + SqlNames.identifier(plain.owner()) + " TO " + SqlNames.identifier(role))));
            }
        }
        found.addAll(ParsedTypes.obstacles(
                handle,
                Stream.concat(kept().stream(), remade().stream()).map(View::oid).toList()));
        for (View one : remade()) {
            found.addAll(ReplacementRights.missing(handle, one.id(), one.oid()));
        }
        return found.stream().distinct().toList();
    }

    /**
     * The statements that lock the views and then the one to be replaced, as the statements do that read them: from the top down. A
     * lock that is not free in time ends the attempt.
     *
     * @param lock a statement that takes the strongest lock on the view to be replaced
     */
    List<String> locks(String lock) {
        List<String> statements = new ArrayList<>();
        Set<View> locked = new HashSet<>(kept());
        locked.addAll(remade());
        views.reversed().stream().filter(locked::contains).map(View::lock).forEach(statements::add);
        statements.add(lock);
        return statements;
    }

    /**
     * Compares with what stands on the view now.
     *
     * @param copies oids of what the transaction has made, and which may read the view through a plain view
     * @throws SQLException if something else has come to stand on the view since
     */
    void requireUnchanged(Handle transaction, Set<Long> copies) throws SQLException {
        Dependents now = of(transaction, target, change);
        List<View> seen =
                now.views.stream().filter(view -> !copies.contains(view.oid())).toList();
        if (!views.equals(seen) || !others.equals(now.others)) {
            throw new SQLException("what stands on the view was altered meanwhile; try again", "55000");
        }
    }
}
