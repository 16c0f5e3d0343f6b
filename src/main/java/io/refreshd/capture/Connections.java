package io.refreshd.capture;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.PGProperty;

/** Opens plain connections, with timeouts: none can hang for ever on a server that is gone. */
final class Connections {
    private Connections() {}

    /** @param application the application name, which {@code pg_stat_activity} shows */
    static Connection open(Server server, String application) throws SQLException {
        Properties properties = new Properties();
        PGProperty.CONNECT_TIMEOUT.set(properties, 10);
        PGProperty.LOGIN_TIMEOUT.set(properties, 15);
        PGProperty.SOCKET_TIMEOUT.set(properties, 30);
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        properties.putAll(server.properties());
        PGProperty.USER.set(properties, server.user());
        PGProperty.PASSWORD.set(properties, server.password());
        PGProperty.APPLICATION_NAME.set(properties, application);
        return DriverManager.getConnection(server.url(), properties);
    }
}
