package io.refreshd.capture;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.postgresql.plugin.AuthenticationPlugin;
import org.postgresql.plugin.AuthenticationRequestType;

/**
 * Gives the driver the password without telling Debezium, whose engine logs its whole configuration at DEBUG. Public because the driver
 * makes it by name, one for each login.
 */
public final class PasswordSource implements AuthenticationPlugin {
    /** The connection property that names the run. */
    static final String RUN = "refreshdRun";

    private static final Map<String, String> PASSWORDS = new ConcurrentHashMap<>();

    private final @Nullable String password;

    public PasswordSource(Properties connection) {
        password = PASSWORDS.get(connection.getProperty(RUN, ""));
    }

    static void register(String run, String password) {
        PASSWORDS.put(run, password);
    }

    static void unregister(String run) {
        PASSWORDS.remove(run);
    }

    /** Returns a new array each time: the driver overwrites the array when it has logged in. */
    @Override
    public char @Nullable [] getPassword(AuthenticationRequestType type) {
        return password == null ? null : password.toCharArray();
    }
}
