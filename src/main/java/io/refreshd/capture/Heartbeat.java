package io.refreshd.capture;

import io.refreshd.model.Signal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Writes logical decoding messages to the log: heartbeats and other signals. A message needs no table and no privilege, lets the slot of a
 * quiet database move, and stands in the log behind everything that committed before it.
 *
 * <p>The messages belong to no transaction, but for {@link #emitInTransaction}. So a message takes no transaction id, and an absent
 * synchronous standby cannot keep it waiting as it does every commit.
 */
public final class Heartbeat {
    /**
     * The first major version that can be asked to flush the message. Before it, a message lies in the WAL buffer until somebody
     * commits or the WAL writer comes by, 200 ms at most by default. A message in a transaction would be
     * flushed at its commit, but takes a transaction id: a heartbeat is not worth one.
     */
    private static final int FLUSHES_SINCE = 17;

    /**
     * Begins the body of each heartbeat of this process, and of no other message: every role may write a message with the kind of a
     * heartbeat, and none can guess the token.
     */
    private static final String TOKEN = UUID.randomUUID() + " ";

    /** Microseconds since 1970, until the year 2286. */
    private static final Pattern MICROS = Pattern.compile("[0-9]{1,16}");

    private Heartbeat() {}

    private static final String BODY =
            "? || (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint::text";

    /** Writes a heartbeat: see {@link #emittedAt}. */
    public static void emit(Connection connection) throws SQLException {
        emit(connection, Signal.HEARTBEAT, BODY, TOKEN);
    }

    /** Writes a heartbeat in a transaction of its own: a connector shows by its events whether it has handed over a transaction. */
    public static void emitInTransaction(Connection connection) throws SQLException {
        // One statement, one transaction. Its commit is not to wait for a standby.
        execute(
                connection,
                "SELECT pg_catalog.set_config('synchronous_commit', 'local', true),"
                        + " pg_catalog.pg_logical_emit_message(true, ?, " + BODY + ")",
                Signal.HEARTBEAT,
                TOKEN);
    }

    /** Writes a signal of any kind. */
    public static void emit(Connection connection, Signal signal) throws SQLException {
        emit(connection, signal.kind(), "?", signal.body());
    }

    private static void emit(Connection connection, String kind, String bodySql, String body) throws SQLException {
        boolean flushes = connection.getMetaData().getDatabaseMajorVersion() >= FLUSHES_SINCE;
        String sql = "SELECT pg_catalog.pg_logical_emit_message(false, ?, " + bodySql + (flushes ? ", true)" : ")");
        execute(connection, sql, kind, body);
    }

    private static void execute(Connection connection, String sql, String kind, String body) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, Signal.PREFIX + kind);
            statement.setString(2, body);
            statement.execute();
        }
    }

    /**
     * When a heartbeat of this process was written, by the server's clock. Empty for any other message, also for one that only looks
     * like a heartbeat.
     */
    public static Optional<Instant> emittedAt(Signal signal) {
        if (!signal.kind().equals(Signal.HEARTBEAT) || !signal.body().startsWith(TOKEN)) {
            return Optional.empty();
        }
        String micros = signal.body().substring(TOKEN.length());
        return MICROS.matcher(micros).matches()
                ? Optional.of(Instant.EPOCH.plus(Long.parseLong(micros), ChronoUnit.MICROS))
                : Optional.empty();
    }
}
