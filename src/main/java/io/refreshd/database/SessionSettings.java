package io.refreshd.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;

/**
 * The server settings of every session of refreshd. {@code ALTER ROLE … SET} and {@code ALTER DATABASE … SET} can bend any of them, so
 * each session says all that matters to it.
 *
 * <p>There are two groups. What keeps a session working travels in the startup packet, which has precedence over both commands (Source:
 * PostgreSQL documentation, "Setting Parameters"): a role's {@code statement_timeout} of a millisecond cannot end the very statement
 * that would change it. What changes the text or the meaning of values is set by the first statement, so that the server still knows
 * what a session without it would have ({@link #asPlainSession}).
 */
public final class SessionSettings {
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** A transaction of refreshd that does nothing for so long belongs to a process that hangs. */
    private static final String IDLE_IN_TRANSACTION = "60s";

    /** Settings that change what a query returns, or what a name means, with the values of refreshd's own sessions. */
    private static final Map<String, String> OF_VALUES = ofValues();

    /** A setting's reset value is what role, database and server gave the session at its start. */
    private static final String PLAIN = OF_VALUES.keySet().stream()
            .map(name -> "'" + name + "'")
            .collect(Collectors.joining(
                    ", ",
                    "SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.reset_val, true))"
                            + " FROM pg_catalog.pg_settings s WHERE s.name IN (",
                    ")"));

    private SessionSettings() {}

    private static Map<String, String> ofValues() {
        Map<String, String> settings = new LinkedHashMap<>();
        // Nobody who may create a function in a schema on the path may have refreshd call it.
        settings.put("search_path", "");
        settings.put("TimeZone", "UTC");
        settings.put("IntervalStyle", "postgres");
        settings.put("extra_float_digits", "1");
        settings.put("bytea_output", "hex");
        settings.put("xmlbinary", "base64");
        settings.put("xmloption", "content");
        settings.put("array_nulls", "on");
        settings.put("transform_null_equals", "off");
        return settings;
    }

    /** The startup packet's {@code options}. @param version the server's major version; 0 if it is not known yet */
    public static String startup(SessionKind kind, int version) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("role", "none");
        settings.put("default_transaction_read_only", "off");
        settings.put("default_transaction_isolation", "read committed");
        settings.put("default_transaction_deferrable", "off");
        settings.put("row_security", "on");
        settings.put("standard_conforming_strings", "on");
        // With it REFRESH CONCURRENTLY fails: the server puts the name of its temporary table together wrongly (18.6).
        settings.put("quote_all_identifiers", "off");
        settings.put("statement_timeout", kind.statement().toMillis() + "ms");
        settings.put("lock_timeout", kind.lock().toMillis() + "ms");
        settings.put("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION);
        settings.put("idle_session_timeout", "0");
        // The planner overestimates queries of the catalog, so that compiling them would take most of the time.
        settings.put("jit", "off");
        if (version >= TRANSACTION_TIMEOUT_SINCE) {
            settings.put("transaction_timeout", "0");
        }
        if (kind == SessionKind.CAPTURE) {
            // The text of values in the log is made by the walsender, which runs no first statement.
            settings.putAll(OF_VALUES);
        }
        return settings.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "="
                        + setting.getValue().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    /**
     * The first statement of a session.
     *
     * <p>Invariant: it changes nothing behind a pooler, whose server sessions serve other clients too. A pooler gives the client a
     * process id of its own making.
     *
     * @param pid the backend's process id as the client was given it
     */
    public static String first(int pid) {
        return call(false) + " WHERE " + isBackend(pid);
    }

    /** Names no operator that somebody could have put on the path of a plain session. */
    private static String isBackend(int pid) {
        return "pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) " + pid;
    }

    private static String call(boolean local) {
        return OF_VALUES.entrySet().stream()
                .map(setting -> "pg_catalog.set_config('" + setting.getKey() + "', '" + setting.getValue() + "', "
                        + local + ")")
                .collect(Collectors.joining(", ", "SELECT ", ""));
    }

    /**
     * Gives the transaction the settings that a session without refreshd's own would have, for a statement that others wrote: a view's
     * definition, a template.
     */
    public static void asPlainSession(Connection transaction) throws SQLException {
        execute(transaction, PLAIN);
    }

    /** Gives the transaction refreshd's own settings again. */
    public static void asOwnSession(Connection transaction) throws SQLException {
        execute(transaction, call(true));
    }

    /**
     * Resets a session in which code of others may have run, before somebody else gets it: its role, settings, locks, cursors and
     * temporary tables. To be called outside of a transaction. Does nothing behind a pooler, which resets its sessions itself.
     */
    public static void reset(Connection connection) throws SQLException {
        int pid = connection.unwrap(PGConnection.class).getBackendPID();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT " + isBackend(pid))) {
                row.next();
                if (!row.getBoolean(1)) {
                    return;
                }
            }
            statement.execute("DISCARD ALL");
            statement.execute(first(pid));
        }
    }

    private static void execute(Connection transaction, String sql) throws SQLException {
        try (Statement statement = transaction.createStatement()) {
            statement.execute(sql);
        }
    }
}
