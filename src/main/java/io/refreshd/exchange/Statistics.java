package io.refreshd.exchange;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** The extended statistics of a relation, for the one that takes its place. */
public final class Statistics {
    /** The server writes the name at the beginning of the definition and that of the relation at its end. */
    private static final String EXTENDED = """
            SELECT x.oid::int8 AS oid, n.nspname::text AS schema, x.stxname::text AS name, o.rolname::text AS owner,
                   coalesce(x.stxstattarget, -1) AS target,
                   coalesce(pg_catalog.obj_description(x.oid, 'pg_statistic_ext'), '') AS comment,
                   pg_catalog.starts_with(d.text, d.head) AND pg_catalog.right(d.text, pg_catalog.length(d.tail)) = d.tail AS known,
                   pg_catalog.substr(pg_catalog.left(d.text, -pg_catalog.length(d.tail)), pg_catalog.length(d.head) + 1) AS what
              FROM pg_catalog.pg_statistic_ext x
              JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace
              JOIN pg_catalog.pg_roles o ON o.oid = x.stxowner
              JOIN pg_catalog.pg_class c ON c.oid = x.stxrelid
              JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
             CROSS JOIN LATERAL (
               SELECT pg_catalog.pg_get_statisticsobjdef(x.oid), pg_catalog.format('CREATE STATISTICS %I.%I', n.nspname, x.stxname),
                      pg_catalog.format(' FROM %I.%I', s.nspname, c.relname)) d (text, head, tail)
             WHERE x.stxrelid = (:oid)::oid
             ORDER BY x.oid
            """;

    /** @param what the kinds and columns: what stands between the name and FROM */
    private record Extended(ViewId id, ViewId temporary, String owner, int target, String comment, String what) {}

    private final List<Extended> all;

    private Statistics(List<Extended> all) {
        this.all = all;
    }

    /** None, if the relation has none. */
    public static Statistics of(Handle handle, long oid) throws SQLException {
        List<Extended> all = handle.createQuery(EXTENDED)
                .bind("oid", oid)
                .map((row, context) -> {
                    if (!row.getBoolean("known")) {
                        throw new SQLException(
                                "the definition of the statistics " + row.getString("name") + " has an unknown form");
                    }
                    ViewId id = new ViewId(row.getString("schema"), row.getString("name"));
                    return new Extended(
                            id,
                            Names.temporary(id, "statistics", row.getLong("oid")),
                            row.getString("owner"),
                            row.getInt("target"),
                            row.getString("comment"),
                            row.getString("what"));
                })
                .list();
        return new Statistics(all);
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** The statements that make them for a relation, under temporary names. */
    public List<String> creates(ViewId fresh) {
        List<String> creates = new ArrayList<>();
        for (Extended one : all) {
            String name = SqlNames.qualified(one.temporary());
            creates.add("CREATE STATISTICS " + name + one.what() + " FROM " + SqlNames.qualified(fresh));
            if (one.target() >= 0) {
                creates.add("ALTER STATISTICS " + name + " SET STATISTICS " + one.target());
            }
            if (!one.comment().isEmpty()) {
                creates.add("COMMENT ON STATISTICS " + name + " IS " + SqlNames.literal(one.comment()));
            }
            creates.add("ALTER STATISTICS " + name + " OWNER TO " + SqlNames.identifier(one.owner()));
        }
        return creates;
    }

    /** The statements that give them their names, once those of the old relation are gone. */
    public List<String> names() {
        return all.stream()
                .map(one -> "ALTER STATISTICS " + SqlNames.qualified(one.temporary()) + " RENAME TO "
                        + SqlNames.identifier(one.id().name()))
                .toList();
    }
}
