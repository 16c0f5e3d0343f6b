package io.refreshd.database;

import io.refreshd.config.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * Opens connections of one kind, each with the session settings of refreshd.
 *
 * <p>Thread: any.
 */
public final class Connector {
    private static final int CONNECT_SECONDS = 10;
    private static final int VERSION_WITH_MORE_SETTINGS = 17;

    private final DatabaseSettings settings;
    private final SessionKind kind;
    private final String application;

    /** The server's major version, once a connection was made; a server is not upgraded to another one in between. */
    private volatile int version;

    /** @param application shown in {@code pg_stat_activity} */
    public Connector(DatabaseSettings settings, SessionKind kind, String application) {
        this.settings = settings;
        this.kind = kind;
        this.application = application;
    }

    /** @throws SQLException with the server's or the driver's words */
    public Connection open() throws SQLException {
        Connection connection = connect(version);
        try {
            // The driver knows the version from the server's greeting: no statement is sent.
            int found = connection.getMetaData().getDatabaseMajorVersion();
            if (found >= VERSION_WITH_MORE_SETTINGS && version < VERSION_WITH_MORE_SETTINGS) {
                version = found;
                connection.close();
                connection = connect(found);
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute(SessionSettings.first());
            }
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private Connection connect(int knownVersion) throws SQLException {
        // What the URL says beside the server comes first, so that refreshd's own settings have the last word.
        Properties properties = Objects.requireNonNull(Driver.parseURL(settings.url(), null), "a PostgreSQL JDBC URL");
        String options = Objects.requireNonNullElse(PGProperty.OPTIONS.getOrDefault(properties), "");
        PGProperty.OPTIONS.set(properties, (options + " " + SessionSettings.startup(kind, knownVersion)).strip());
        PGProperty.USER.set(properties, settings.user());
        PGProperty.PASSWORD.set(properties, settings.password().reveal());
        PGProperty.APPLICATION_NAME.set(properties, application);
        setUnlessGiven(properties, PGProperty.CONNECT_TIMEOUT, CONNECT_SECONDS);
        setUnlessGiven(properties, PGProperty.LOGIN_TIMEOUT, CONNECT_SECONDS);
        // A line that died without a word must not hold a thread for ever.
        setUnlessGiven(
                properties, PGProperty.SOCKET_TIMEOUT, (int) kind.silence().toSeconds());
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        return DriverManager.getConnection(settings.url().replaceFirst("\\?.*", ""), properties);
    }

    private static void setUnlessGiven(Properties properties, PGProperty property, int value) {
        if (!property.isPresent(properties)) {
            property.set(properties, value);
        }
    }
}
