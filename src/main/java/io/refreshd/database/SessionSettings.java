package io.refreshd.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The server settings of every session of refreshd. {@code ALTER ROLE … SET} and {@code ALTER DATABASE … SET} can bend any of them, so
 * each session says all that matters to it.
 *
 * <p>There are two groups. What keeps a session working travels in the startup packet, which has precedence over both commands (Source:
 * PostgreSQL documentation, "Setting Parameters"): a role's {@code statement_timeout} of a millisecond cannot end the very statement
 * that would change it. What changes the text or the meaning of values is set by the first statement, so that the server still knows
 * what a session without it would have ({@link PlainSession}).
 */
public final class SessionSettings {
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** A transaction of refreshd that does nothing for so long belongs to a process that hangs. */
    private static final String IDLE_IN_TRANSACTION = "60s";

    /** Settings that change what a query returns, or what a name means, with the values of refreshd's own sessions. */
    private static final Map<String, String> OF_VALUES = ofValues();

    /**
     * Sets what only a role with the privilege may set, and what some servers do not know, and only where it is not so already. With
     * {@code session_replication_role = replica} no trigger and no foreign key works, and with {@code restrict_nonsystem_relation_kind}
     * views cannot be read. To look them up in pg_settings would take longer than the whole statement.
     *
     * <p>With {@code client_connection_check_interval} the server notices during a statement that its client has died, and ends the session.
     * A server on Windows cannot.
     */
    private static final String WHERE_POSSIBLE = """
            CASE WHEN pg_catalog.current_setting('session_replication_role') OPERATOR(pg_catalog.<>) 'origin'
                  AND pg_catalog.has_parameter_privilege('session_replication_role', 'SET')
                 THEN pg_catalog.set_config('session_replication_role', 'origin', false) END,
            CASE WHEN pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) OPERATOR(pg_catalog.<>) ''
                 THEN pg_catalog.set_config('restrict_nonsystem_relation_kind', '', false) END,
            CASE WHEN pg_catalog.version() OPERATOR(pg_catalog.!~*) 'windows|mingw|msvc|visual c'
                 THEN pg_catalog.set_config('client_connection_check_interval', '5s', false) END""";

    private SessionSettings() {}

    private static Map<String, String> ofValues() {
        Map<String, String> settings = new LinkedHashMap<>();
        // Nobody who may create a function in a schema on the path may have refreshd call it.
        settings.put("search_path", "");
        settings.put("TimeZone", "UTC");
        settings.put("DateStyle", "ISO, MDY");
        settings.put("IntervalStyle", "postgres");
        settings.put("extra_float_digits", "1");
        settings.put("bytea_output", "hex");
        settings.put("xmlbinary", "base64");
        settings.put("xmloption", "content");
        settings.put("array_nulls", "on");
        settings.put("transform_null_equals", "off");
        settings.put("gin_fuzzy_search_limit", "0");
        settings.put("default_tablespace", "");
        settings.put("default_table_access_method", "heap");
        return settings;
    }

    /** The startup packet's {@code options}. @param version the server's major version; 0 if it is not known yet */
    public static String startup(SessionKind kind, SessionLimits limits, int version) {
        Map<String, String> settings = ofWork(kind, limits, version);
        if (kind == SessionKind.CAPTURE) {
            // The text of values in the log is made by the walsender, which runs no first statement.
            settings.putAll(OF_VALUES);
        }
        return settings.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "="
                        + setting.getValue().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    /** Settings that keep a session working. */
    private static Map<String, String> ofWork(SessionKind kind, SessionLimits limits, int version) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("role", "none");
        settings.put("default_transaction_read_only", "off");
        settings.put("default_transaction_isolation", "read committed");
        settings.put("default_transaction_deferrable", "off");
        settings.put("row_security", "on");
        settings.put("standard_conforming_strings", "on");
        // With it REFRESH CONCURRENTLY fails: the server puts the name of its temporary table together wrongly (18.6).
        settings.put("quote_all_identifiers", "off");
        // Some errors are expected; with it each of them would end the session.
        settings.put("exit_on_error", "off");
        // The driver keeps every message that a statement causes.
        settings.put("client_min_messages", "warning");
        settings.put("plan_cache_mode", kind == SessionKind.CATALOG ? "force_generic_plan" : "auto");
        // With "on" the planner evaluates the key of the partitioned table above a partition that is read. TrustedCode
        // does not look there.
        settings.put("constraint_exclusion", "partition");
        settings.put("check_function_bodies", "on");
        settings.put("statement_timeout", limits.statement().toMillis() + "ms");
        settings.put("lock_timeout", limits.lock().toMillis() + "ms");
        settings.put("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION);
        settings.put("idle_session_timeout", "0");
        // The planner overestimates queries of the catalog, so that compiling them would take most of the time.
        settings.put("jit", "off");
        if (version >= TRANSACTION_TIMEOUT_SINCE) {
            settings.put("transaction_timeout", "0");
        }
        return settings;
    }

    /**
     * The first statement of a session.
     *
     * <p>Invariant: it changes nothing behind a pooler, whose server sessions serve other clients too. A pooler gives the client a
     * process id of its own making.
     *
     * <p>It repeats what the startup packet said: a login event trigger (17) may have set something else since.
     *
     * @param pid the backend's process id as the client was given it
     */
    public static String first(SessionKind kind, SessionLimits limits, int version, int pid) {
        Map<String, String> settings = ofWork(kind, limits, version);
        settings.putAll(OF_VALUES);
        // Operators are qualified: the search path is not refreshd's own yet.
        return settings.entrySet().stream()
                .map(setting ->
                        "pg_catalog.set_config('" + setting.getKey() + "', '" + setting.getValue() + "', false)")
                .collect(Collectors.joining(", ", "SELECT ", ", " + WHERE_POSSIBLE + " WHERE " + isBackend(pid)));
    }

    /** The value of refreshd's own sessions; null if they leave the setting as it is. */
    static @Nullable String ownOrNull(String name) {
        return name.equals("standard_conforming_strings") ? "on" : OF_VALUES.get(name);
    }

    /** The value of refreshd's own sessions for a setting that they have a value for. */
    static String own(String name) {
        return Objects.requireNonNull(OF_VALUES.get(name), name);
    }

    /**
     * Gives the transaction the settings that a session of the connected role without refreshd's own would have, for statements that
     * others wrote: a template. A view's definition runs under those of its owner: {@link PlainSession#ofOwner}.
     */
    public static void asPlainSession(Connection transaction) throws SQLException {
        PlainSession.ofLogin(transaction).enter(transaction);
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
            // DISCARD ALL brings the settings of the startup packet back, and those of values are set again.
            statement.execute("DISCARD ALL");
            statement.execute(OF_VALUES.entrySet().stream()
                    .map(setting ->
                            "pg_catalog.set_config('" + setting.getKey() + "', '" + setting.getValue() + "', false)")
                    .collect(Collectors.joining(", ", "SELECT ", ", " + WHERE_POSSIBLE)));
        }
    }

    /** Names no operator that somebody could have put on the path of a plain session. */
    private static String isBackend(int pid) {
        return "pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) " + pid;
    }
}
