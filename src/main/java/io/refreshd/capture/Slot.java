package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Remedy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Inspects, creates and drops the replication slot, by plain SQL. Debezium must never create one: in place of a lost slot it
 * would silently make one that begins now.
 */
public final class Slot {
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,63}");

    private Slot() {}

    static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "not the name of a replication slot: '" + name + "' (a-z, 0-9 and _, at most 63)");
        }
    }

    public static Optional<SlotState> inspect(Connection connection, String name) throws SQLException {
        int version = connection.getMetaData().getDatabaseMajorVersion();
        // PostgreSQL 16 knows one cause only for a logical slot: a conflict with recovery.
        String invalidation = version >= 17
                ? "invalidation_reason"
                : version == 16 ? "CASE WHEN conflicting THEN 'conflicting' END" : "NULL::text";
        String sql = "SELECT plugin, database, active_pid, confirmed_flush_lsn::text, restart_lsn::text, wal_status,"
                + " safe_wal_size, two_phase, " + invalidation + " AS invalidation,"
                // A standby has no position at which it writes; it has one up to which it replayed.
                + " coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery()"
                + " THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,"
                + " restart_lsn), 0)::bigint AS retained"
                + " FROM pg_catalog.pg_replication_slots WHERE slot_name = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(read(name, row)) : Optional.empty();
            }
        }
    }

    private static SlotState read(String name, ResultSet row) throws SQLException {
        int pid = row.getInt("active_pid");
        OptionalInt activePid = row.wasNull() ? OptionalInt.empty() : OptionalInt.of(pid);
        long safe = row.getLong("safe_wal_size");
        OptionalLong safeBytes = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(safe);
        return new SlotState(
                name,
                Optional.ofNullable(row.getString("plugin")).orElse("none: physical"),
                Optional.ofNullable(row.getString("database")),
                activePid,
                Optional.ofNullable(row.getString("confirmed_flush_lsn")).map(Lsn::parse),
                Optional.ofNullable(row.getString("restart_lsn")).map(Lsn::parse),
                Optional.ofNullable(row.getString("wal_status")),
                safeBytes,
                Math.max(0, row.getLong("retained")),
                row.getBoolean("two_phase"),
                Optional.ofNullable(row.getString("invalidation")));
    }

    static boolean isStreaming(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT active FROM pg_catalog.pg_replication_slots WHERE slot_name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /**
     * The SQL call that creates the slot, for refreshd or for a DBA to run. From 17 on the slot survives a failover, if the
     * standbys synchronise their slots.
     *
     * @param version the server's major version
     */
    public static String call(String name, int version) {
        requireName(name);
        return "pg_create_logical_replication_slot('" + name + "', 'pgoutput'"
                + (version >= 17 ? ", false, false, true)" : ")");
    }

    /**
     * Creates the slot. Blocks until every transaction that runs in the whole server has ended, since decoding has to begin between
     * transactions. Meanwhile {@link #blockers} names those transactions, from another connection.
     *
     * @param patience after which the server gives up, with SQLSTATE 57014, and removes the half-made slot
     * @return where the stream begins
     */
    public static Lsn create(Connection connection, String name, Duration patience) throws SQLException {
        int version = connection.getMetaData().getDatabaseMajorVersion();
        String sql = "SELECT lsn::text FROM pg_catalog." + call(name, version);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setQueryTimeout(Math.toIntExact(Math.max(1, patience.toSeconds())));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Lsn.parse(row.getString(1));
            }
        }
    }

    /**
     * Ids of the transactions in this database whose end others do not see yet: they run, or their commit is in the log and waits for a
     * synchronous standby. To wait for their end, ask again until none of the first answer is left.
     */
    public static Set<Long> unended(Connection connection) throws SQLException {
        String sql = """
                SELECT l.transactionid::text::int8 FROM pg_catalog.pg_locks l
                LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
                  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                  AND (l.pid IS NULL OR a.datname = pg_catalog.current_database())
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            Set<Long> transactions = new HashSet<>();
            while (row.next()) {
                transactions.add(row.getLong(1));
            }
            return transactions;
        }
    }

    /** Drops the slot if there is one. A slot that somebody streams from cannot be dropped (SQLSTATE 55006). */
    public static void drop(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
                        + " WHERE slot_name = ?")) {
            statement.setString(1, name);
            statement.execute();
        }
    }

    /**
     * A transaction that {@link #create} waits for.
     *
     * @param who the process or the prepared transaction, and what it is
     */
    public record Blocker(String who, Duration age, Remedy remedy) {}

    /** The transactions that {@link #create} waits for, oldest first. */
    public static List<Blocker> blockers(Connection connection) throws SQLException {
        String sql = """
                SELECT pg_catalog.format('process %s of %s (%s, %s, %s)', pid, usename, application_name, datname, state) AS who,
                       extract(epoch FROM pg_catalog.clock_timestamp() - xact_start) AS age,
                       pg_catalog.format('SELECT pg_catalog.pg_terminate_backend(%s)', pid) AS remedy, '' AS instead
                FROM pg_catalog.pg_stat_activity
                WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()
                UNION ALL
                SELECT pg_catalog.format('prepared transaction %L of %s (%s)', gid, owner, database),
                       extract(epoch FROM pg_catalog.clock_timestamp() - prepared),
                       pg_catalog.format('COMMIT PREPARED %L', gid), pg_catalog.format('or ROLLBACK PREPARED %L', gid)
                FROM pg_catalog.pg_prepared_xacts
                ORDER BY age DESC NULLS LAST
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            List<Blocker> blockers = new ArrayList<>();
            while (row.next()) {
                Duration age = Duration.ofMillis((long) (row.getDouble("age") * 1000));
                blockers.add(new Blocker(
                        row.getString("who"),
                        age,
                        new Remedy(List.of(row.getString("remedy")), row.getString("instead"))));
            }
            return blockers;
        }
    }
}
