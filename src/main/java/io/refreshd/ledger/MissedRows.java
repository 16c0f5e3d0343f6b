package io.refreshd.ledger;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes {@code refreshd.missed_rows}: the rows of incremental views that changed, for views that read them and did not take
 * part in the round.
 *
 * <p>Invariant: they are written in the transaction that changes the rows, and deleted in the one that brings the reader up to date. So the
 * snapshot of a round sees them exactly if it sees the rows.
 */
public final class MissedRows {
    /** More rows than these are not kept: the reader is recomputed as a whole. */
    public static final int MOST = 10_000;

    private MissedRows() {}

    /**
     * What one round changed.
     *
     * @param columns numbers of the columns of the upstream view's store; empty: any row may have changed
     * @param keys the values of these columns, of which any may be NULL
     */
    public record Missed(long upstream, Optional<List<Integer>> columns, Set<List<String>> keys) {}

    /** @param views oids @return by oid of the view that lacks the rows */
    public static Map<Long, List<Missed>> find(Handle transaction, Collection<Long> views) {
        return transaction
                .createQuery("""
                        SELECT view_oid::int8, upstream_oid::int8, columns, keys FROM refreshd.missed_rows
                        WHERE view_oid = ANY (ARRAY(SELECT CAST(v AS oid) FROM unnest((SELECT CAST(:views AS text[]))) AS v))
                        ORDER BY id
                        """)
                .bind("views", views.stream().map(String::valueOf).toArray(String[]::new))
                .map((row, context) -> Map.entry(
                        row.getLong(1),
                        new Missed(
                                row.getLong(2),
                                Optional.ofNullable(row.getArray(3)).map(MissedRows::numbers),
                                texts(row.getArray(4)))))
                .stream()
                .collect(Collectors.groupingBy(
                        Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
    }

    private static List<Integer> numbers(Array array) {
        try {
            return Arrays.asList((Integer[]) array.getArray());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The values in an array of two dimensions. */
    public static Set<List<String>> texts(@Nullable Array array) throws SQLException {
        Set<List<String>> keys = new HashSet<>();
        if (array != null && array.getArray() instanceof String[][] rows) {
            for (String[] key : rows) {
                keys.add(Arrays.asList(key));
            }
        }
        return keys;
    }

    /** Deletes what {@link #find} found in the same snapshot. */
    public static void delete(Handle transaction, long view) {
        transaction
                .createUpdate("DELETE FROM refreshd.missed_rows WHERE view_oid = (:view)::oid")
                .bind("view", view)
                .execute();
    }

    /**
     * Adds what a round changed.
     *
     * @param missed for each list of columns the values; empty: any row may have changed
     * @param mayRun whether a round of the reader may run now, which deletes what its snapshot sees and does not see what is added here
     */
    public static void add(
            Handle transaction,
            long view,
            long upstream,
            Optional<Map<List<Integer>, Set<List<String>>>> missed,
            boolean mayRun)
            throws SQLException {
        Kept kept = kept(transaction, view, upstream);
        if (kept.everything() && !mayRun) {
            return;
        }
        long more = missed.map(rows ->
                        rows.values().stream().mapToLong(Collection::size).sum())
                .orElse(0L);
        if (missed.isEmpty() || kept.keys() + more > MOST) {
            if (!mayRun) {
                transaction
                        .createUpdate("DELETE FROM refreshd.missed_rows"
                                + " WHERE view_oid = (:view)::oid AND upstream_oid = (:upstream)::oid")
                        .bind("view", view)
                        .bind("upstream", upstream)
                        .execute();
            }
            insert(transaction, view, upstream, null, null);
            return;
        }
        for (Map.Entry<List<Integer>, Set<List<String>>> rows : missed.get().entrySet()) {
            if (!rows.getValue().isEmpty()) {
                insert(
                        transaction,
                        view,
                        upstream,
                        rows.getKey().toArray(Integer[]::new),
                        rows.getValue().stream()
                                .map(key -> key.toArray(String[]::new))
                                .toArray(String[][]::new));
            }
        }
    }

    private record Kept(long keys, boolean everything) {}

    private static Kept kept(Handle transaction, long view, long upstream) {
        return transaction
                .createQuery("""
                        SELECT coalesce(sum(array_length(keys, 1)), 0), coalesce(bool_or(columns IS NULL), false)
                        FROM refreshd.missed_rows WHERE view_oid = (:view)::oid AND upstream_oid = (:upstream)::oid
                        """)
                .bind("view", view)
                .bind("upstream", upstream)
                .map((row, context) -> new Kept(row.getLong(1), row.getBoolean(2)))
                .one();
    }

    private static void insert(
            Handle transaction,
            long view,
            long upstream,
            Integer @Nullable [] columns,
            String @Nullable [] @Nullable [] keys)
            throws SQLException {
        Connection connection = transaction.getConnection();
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO refreshd.missed_rows (view_oid, upstream_oid, columns, keys) VALUES (?::oid, ?::oid, ?, ?)")) {
            statement.setLong(1, view);
            statement.setLong(2, upstream);
            statement.setArray(3, columns == null ? null : connection.createArrayOf("int4", columns));
            statement.setArray(4, keys == null ? null : connection.createArrayOf("text", keys));
            statement.executeUpdate();
        }
    }
}
