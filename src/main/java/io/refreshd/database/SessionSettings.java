package io.refreshd.database;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

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
        settings.put("quote_all_identifiers", "off");
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
        settings.put("statement_timeout", kind.statement().toMillis() + "ms");
        settings.put("lock_timeout", kind.lock().toMillis() + "ms");
        settings.put("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION);
        settings.put("idle_session_timeout", "0");
        if (version >= TRANSACTION_TIMEOUT_SINCE) {
            settings.put("transaction_timeout", "0");
        }
        return settings.entrySet().stream()
                .map(setting -> "-c " + setting.getKey() + "="
                        + setting.getValue().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    /** The first statements of a session. */
    public static String first() {
        List<String> calls = new ArrayList<>();
        OF_VALUES.forEach((name, value) -> calls.add("pg_catalog.set_config('" + name + "', '" + value + "', false)"));
        return "SELECT " + String.join(", ", calls);
    }

    /**
     * Gives the transaction the settings that a session without refreshd's own would have, for statements that others wrote: a view's
     * definition, a template.
     */
    public static void asPlainSession(Handle transaction) {
        transaction
                .createQuery("SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.reset_val, true))"
                        + " FROM pg_catalog.pg_settings s WHERE s.name IN (<names>)")
                .bindList("names", List.copyOf(OF_VALUES.keySet()))
                .mapTo(Long.class)
                .one();
    }
}
