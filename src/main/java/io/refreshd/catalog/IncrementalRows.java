package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads from the ledger which plain views are incremental views. The ledger may be missing, or be older than incremental views, or be
 * closed to the role that asks: then there are none.
 *
 * @param owner oid of the role that the ledger belongs to; 0 if there is no ledger
 * @param rows in the order of the views' oids
 * @param hidden oids of views and parts that are not to be read: the server cannot send a name on which they depend
 */
record IncrementalRows(long owner, List<Row> rows, Set<Long> hidden) {
    static final IncrementalRows NONE = new IncrementalRows(0, List.of(), Set.of());

    private static final String READABLE = """
            SELECT c.relowner::int8,
                   EXISTS (SELECT FROM pg_catalog.pg_class r
                            WHERE r.relnamespace = n.oid AND r.relname = 'role_view' AND r.relkind = 'r'
                              AND pg_catalog.has_table_privilege(r.oid, 'SELECT')),
                   EXISTS (SELECT FROM pg_catalog.pg_class r
                            WHERE r.relnamespace = n.oid AND r.relname = 'incremental_map' AND r.relkind = 'r'
                              AND pg_catalog.has_table_privilege(r.oid, 'SELECT'))
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'refreshd' AND c.relname = 'incremental_view' AND c.relkind = 'r' AND NOT c.relrowsecurity
               AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
            """;

    private static final String ROWS = """
            SELECT view_oid::int8, store_oid::int8, definition_oid::int8, recompute_key::int4[],
                   %s AS templated
              FROM refreshd.incremental_view i ORDER BY view_oid
            """;

    private static final String MAPS = """
            SELECT view_oid::int8, store_oid::int8, definition_oid::int8, recompute_key::int4[], positions::int4[],
                   of_map, shown IS NOT NULL, of_values
              FROM refreshd.incremental_map ORDER BY view_oid, number
            """;

    /**
     * One incremental view, by oids.
     *
     * @param view the plain view that users read
     * @param recomputeKey numbers of the store's columns
     * @param templated whether it was made from a template of role views, and is made again when it is dropped
     * @param maps which rows belong to which groups, in the order of their numbers; none if the query groups no rows
     */
    record Row(
            long view,
            long store,
            long definition,
            List<Integer> recomputeKey,
            boolean templated,
            List<IncrementalMap> maps) {
        Row {
            recomputeKey = List.copyOf(recomputeKey);
            maps = List.copyOf(maps);
        }
    }

    static IncrementalRows read(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(READABLE);
                ResultSet row = statement.executeQuery()) {
            return row.next()
                    ? new IncrementalRows(
                            row.getLong(1),
                            rows(connection, row.getBoolean(2), row.getBoolean(3) ? maps(connection) : Map.of()),
                            Set.of())
                    : NONE;
        }
    }

    /** By oid of the view. */
    private static Map<Long, List<IncrementalMap>> maps(Connection connection) throws SQLException {
        Map<Long, List<IncrementalMap>> maps = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(MAPS);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                maps.computeIfAbsent(row.getLong(1), view -> new ArrayList<>())
                        .add(new IncrementalMap(
                                row.getLong(2),
                                row.getLong(3),
                                Arrays.asList((Integer[]) row.getArray(4).getArray()),
                                Arrays.asList((Integer[]) row.getArray(5).getArray()),
                                row.getInt(6),
                                row.getBoolean(7),
                                row.getBoolean(8)));
            }
        }
        return maps;
    }

    private static List<Row> rows(Connection connection, boolean roleViews, Map<Long, List<IncrementalMap>> maps)
            throws SQLException {
        List<Row> rows = new ArrayList<>();
        String templated = roleViews
                ? "EXISTS (SELECT FROM refreshd.role_view r WHERE r.view_oid OPERATOR(pg_catalog.=) i.view_oid)"
                : "false";
        try (PreparedStatement statement = connection.prepareStatement(ROWS.formatted(templated));
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                rows.add(new Row(
                        row.getLong(1),
                        row.getLong(2),
                        row.getLong(3),
                        Arrays.asList((Integer[]) row.getArray(4).getArray()),
                        row.getBoolean(5),
                        maps.getOrDefault(row.getLong(1), List.of())));
            }
        }
        return rows;
    }

    /**
     * The relations by which a view can depend on a name, in two groups: the view with its store, and what defines their rows. Each group
     * can be read without the other one.
     */
    List<List<Long>> groups() {
        List<List<Long>> groups = new ArrayList<>();
        for (Row row : rows) {
            groups.add(List.of(row.view(), row.store()));
            List<Long> defining = new ArrayList<>(List.of(row.definition()));
            row.maps().forEach(map -> defining.addAll(List.of(map.store(), map.definition())));
            groups.add(defining);
        }
        return groups;
    }

    IncrementalRows hiding(Set<Long> oids) {
        return new IncrementalRows(owner, rows, Set.copyOf(oids));
    }

    boolean hidesDefinition(Row row) {
        return hidden.contains(row.definition());
    }

    /** The oids of all views, stores and definitions, those of maps too, without the hidden ones. */
    List<Long> oids() {
        List<Long> oids = new ArrayList<>();
        rows.forEach(row -> oids.addAll(List.of(row.view(), row.store(), row.definition())));
        rows.forEach(row -> row.maps().forEach(map -> oids.addAll(List.of(map.store(), map.definition()))));
        oids.removeAll(hidden);
        return oids;
    }
}
