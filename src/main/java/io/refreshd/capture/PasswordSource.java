package io.refreshd.capture;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.plugin.AuthenticationPlugin;
import org.postgresql.plugin.AuthenticationRequestType;

/**
 * Hands the password to the driver past Debezium, whose engine prints its whole configuration at DEBUG. Public because the
 * driver makes it by name, one for each login.
 */
public final class PasswordSource implements AuthenticationPlugin {
    /** The connection property that names the run. */
    static final String RUN = "refreshdRun";

    private static final Map<String, String> LENT = new ConcurrentHashMap<>();

    private final @Nullable String password;

    public PasswordSource(Properties connection) {
        password = LENT.get(connection.getProperty(RUN, ""));
    }

    static void lend(String run, String password) {
        LENT.put(run, password);
    }

    static void takeBack(String run) {
        LENT.remove(run);
    }

    /** A new array each time: the driver overwrites it. */
    @Override
    public char @Nullable [] getPassword(AuthenticationRequestType type) {
        return password == null ? null : password.toCharArray();
    }
}
