package io.refreshd.incremental;

import io.refreshd.model.IncrementalStore;
import io.refreshd.model.ViewId;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * An incremental view's table and definition as the catalog has them now.
 *
 * @param storeOid oid of the table that holds the rows
 * @param definitionOid oid of the plain view with the defining query
 * @param keyIsUnique whether a unique index keeps the table from holding two rows with the same recompute key
 * @param columns the columns of both, in order
 * @param maps which rows belong to which groups, also of groups that rows of other maps are joined with, which come later; and the values
 *     of columns by which rows depend on those of tables
 */
public record StoreLayout(
        long storeOid,
        long definitionOid,
        IncrementalStore names,
        boolean keyIsUnique,
        List<StoreColumn> columns,
        List<GroupMap> maps) {
    /**
     * The rows that are grouped, each with the key of its group.
     *
     * @param store the table that holds them
     * @param key numbers of its columns that hold the key of the group
     * @param positions numbers of the columns that hold the same values, of the view's store or of that of another map
     * @param joined whether a condition on the recompute key of that store reaches the groups for one key at a time only
     * @param of the number of that other map, from 1, which comes later; 0: the view's store
     * @param values whether it holds no groups, but the values of a column by which rows depend on those of a table
     * @param totals of the groups, if these are brought up to date by difference
     */
    public record GroupMap(
            StoreLayout store,
            List<Integer> key,
            List<Integer> positions,
            boolean joined,
            int of,
            boolean values,
            Optional<Totals> totals) {
        public GroupMap {
            Objects.requireNonNull(store);
            Objects.requireNonNull(totals);
            key = List.copyOf(key);
            positions = List.copyOf(positions);
        }

        /** The key of a group may hold NULL, so to the totals they are groups too. */
        private GroupMap with(StoreLayout store, String shown, String having) {
            return new GroupMap(
                    store(),
                    key,
                    positions,
                    joined,
                    of,
                    values,
                    Optional.of(new Totals(store.with(List.of(this)), shown, having)));
        }
    }

    /**
     * The totals of each group.
     *
     * @param store the table that holds them; its first columns are the key of the group
     * @param shown the columns of the view over these, by the name s
     * @param having which groups the view shows; empty if all
     */
    public record Totals(StoreLayout store, String shown, String having) {
        public Totals {
            Objects.requireNonNull(store);
            Objects.requireNonNull(shown);
            Objects.requireNonNull(having);
        }
    }

    /**
     * An index column that is an expression has the number 0 in {@code indkey}; what the expression and the predicate refer to is in
     * {@code pg_depend}. An index whose expression refers to the row as a whole depends on the table itself.
     *
     * <p>A unique index counts for the recompute key if it is on columns of that alone, and calls equal what the operator {@code =} does.
     *
     * <p>The parameter stands in a sub-query, so that the server keeps the plan: to plan this takes longer than to run it.
     */
    private static final String READ = """
            SELECT i.view_oid, i.number, i.store_oid, i.definition_oid, i.recompute_key, i.group_key, i.positions, i.joined, i.of_map,
                   i.shown, i.shown_if, i.of_values,
                   sn.nspname AS store_schema, s.relname AS store_name, dn.nspname AS definition_schema, d.relname AS definition_name,
                   a.attname, pg_catalog.format_type(a.atttypid, -1) AS type,
                   EXISTS (SELECT FROM pg_catalog.pg_index x
                            WHERE x.indrelid = s.oid
                              AND (a.attnum = ANY (x.indkey::pg_catalog.int2[])
                                   OR EXISTS (SELECT FROM pg_catalog.pg_depend p
                                               WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.objid = x.indexrelid
                                                 AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = s.oid
                                                 AND p.refobjsubid IN (0, a.attnum)))) AS indexed,
                   EXISTS (SELECT FROM pg_catalog.pg_index u
                            WHERE u.indrelid = s.oid AND u.indisunique AND u.indimmediate AND u.indisvalid
                              AND u.indpred IS NULL AND u.indexprs IS NULL
                              AND NOT EXISTS (
                                  SELECT FROM unnest(u.indkey::pg_catalog.int2[], u.indclass::oid[], u.indcollation::oid[])
                                              WITH ORDINALITY AS k (number, opclass, collates, place)
                                    JOIN pg_catalog.pg_opclass o ON o.oid = k.opclass
                                    JOIN pg_catalog.pg_attribute c ON c.attrelid = s.oid AND c.attnum = k.number
                                   WHERE k.place <= u.indnkeyatts
                                     AND (k.number <> ALL (i.recompute_key) OR NOT o.opcdefault
                                          OR k.collates <> c.attcollation))) AS unique_key
              FROM (SELECT view_oid, 0 AS number, store_oid, definition_oid, recompute_key, NULL AS group_key, NULL AS positions,
                           false AS joined, 0 AS of_map, NULL AS shown, NULL AS shown_if, false AS of_values
                      FROM refreshd.incremental_view
                     UNION ALL
                    SELECT view_oid, number, store_oid, definition_oid, recompute_key, group_key, positions, joined, of_map,
                           shown, shown_if, of_values
                      FROM refreshd.incremental_map) i
              JOIN pg_catalog.pg_class s ON s.oid = i.store_oid JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
              JOIN pg_catalog.pg_class d ON d.oid = i.definition_oid JOIN pg_catalog.pg_namespace dn ON dn.oid = d.relnamespace
              JOIN pg_catalog.pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE i.view_oid = ANY (ARRAY(SELECT CAST(v AS oid) FROM unnest((SELECT CAST(:views AS text[]))) AS v))
             ORDER BY i.view_oid, i.number, a.attnum
            """;

    public StoreLayout {
        Objects.requireNonNull(names);
        columns = List.copyOf(columns);
        maps = List.copyOf(maps);
    }

    /** @return empty if the view is no incremental view, or its table or definition is gone */
    public static Optional<StoreLayout> read(Handle handle, long view) {
        return Optional.ofNullable(read(handle, List.of(view)).get(view));
    }

    /** @return by oid of the view; a view that is no incremental view, or whose table or definition is gone, is left out */
    public static Map<Long, StoreLayout> read(Handle handle, Collection<Long> views) {
        return handle.createQuery(READ)
                .bind("views", views.stream().map(String::valueOf).toArray(String[]::new))
                .scanResultSet((rows, context) -> {
                    try (context;
                            ResultSet row = rows.get()) {
                        return read(row);
                    }
                });
    }

    private static Map<Long, StoreLayout> read(ResultSet row) throws SQLException {
        Map<Long, StoreLayout> layouts = new HashMap<>();
        Map<Long, List<GroupMap>> maps = new HashMap<>();
        boolean more = row.next();
        while (more) {
            long view = row.getLong("view_oid");
            int number = row.getInt("number");
            long store = row.getLong("store_oid");
            long definition = row.getLong("definition_oid");
            IncrementalStore names = new IncrementalStore(
                    new ViewId(row.getString("store_schema"), row.getString("store_name")),
                    new ViewId(row.getString("definition_schema"), row.getString("definition_name")),
                    numbers(row.getArray("recompute_key")));
            List<Integer> key = numbers(row.getArray("group_key"));
            List<Integer> positions = numbers(row.getArray("positions"));
            boolean joined = row.getBoolean("joined");
            String shown = row.getString("shown");
            String having = row.getString("shown_if");
            int of = row.getInt("of_map");
            boolean values = row.getBoolean("of_values");
            boolean unique = row.getBoolean("unique_key");
            List<StoreColumn> columns = new ArrayList<>();
            do {
                columns.add(
                        new StoreColumn(row.getString("attname"), row.getString("type"), row.getBoolean("indexed")));
                more = row.next();
            } while (more && row.getLong("view_oid") == view && row.getInt("number") == number);
            StoreLayout layout = new StoreLayout(store, definition, names, unique, columns, List.of());
            if (number == 0) {
                layouts.put(view, layout);
            } else if (shown != null && having != null) {
                List<GroupMap> all = maps.getOrDefault(view, List.of());
                // A map whose table was dropped is left out.
                if (of >= 1 && of <= all.size()) {
                    all.set(of - 1, all.get(of - 1).with(layout, shown, having));
                }
            } else {
                List<GroupMap> before = maps.computeIfAbsent(view, oid -> new ArrayList<>());
                before.add(new GroupMap(
                        layout.with(of(number, before)), key, positions, joined, of, values, Optional.empty()));
            }
        }
        layouts.replaceAll((view, layout) -> layout.with(maps.getOrDefault(view, List.of())));
        return layouts;
    }

    /** The groups with which the rows of a map are joined, as those of a view. @param number of the map */
    private static List<GroupMap> of(int number, List<GroupMap> maps) {
        return maps.stream()
                .filter(map -> map.of() == number)
                .map(map -> new GroupMap(
                        map.store(), map.key(), map.positions(), map.joined(), 0, map.values(), Optional.empty()))
                .toList();
    }

    private StoreLayout with(List<GroupMap> found) {
        return new StoreLayout(storeOid, definitionOid, names, keyIsUnique, columns, found);
    }

    private static List<Integer> numbers(@Nullable Array array) throws SQLException {
        return array == null
                ? List.of()
                : Arrays.stream((Integer[]) array.getArray()).toList();
    }

    /** Names of all tables and definitions. */
    public List<IncrementalStore> allNames() {
        List<IncrementalStore> all = new ArrayList<>(List.of(names));
        for (GroupMap map : maps) {
            all.add(map.store().names());
            map.totals().ifPresent(totals -> all.add(totals.store().names()));
        }
        return all;
    }

    /** Oids of all tables and definitions. */
    public List<Long> oids() {
        List<Long> oids = new ArrayList<>(List.of(definitionOid, storeOid));
        for (GroupMap map : maps) {
            oids.addAll(List.of(map.store().definitionOid(), map.store().storeOid()));
            map.totals()
                    .ifPresent(totals -> oids.addAll(List.of(
                            totals.store().definitionOid(), totals.store().storeOid())));
        }
        return oids;
    }

    /** The types of the recompute key's columns. */
    public List<String> keyTypes() {
        return types(names.recomputeKey());
    }

    /** The types of some columns. @param numbers from 1 */
    public List<String> types(List<Integer> numbers) {
        return numbers.stream().map(number -> columns.get(number - 1).type()).toList();
    }

    /** Whether a condition on the recompute key reaches groups for one key at a time only. */
    boolean joinsGroups() {
        return maps.stream().anyMatch(map -> map.joined() && map.of() == 0);
    }

    /** Whether the recompute key may hold NULL: that of a group may, that of a row may not. */
    boolean isOfGroups() {
        return maps.stream().anyMatch(map -> !map.values());
    }
}
