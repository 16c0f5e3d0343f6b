package io.refreshd.database;

import io.refreshd.config.DatabaseSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;

/**
 * Opens connections of one kind, each with the session settings of refreshd.
 *
 * <p>Thread: any.
 */
public final class Connector {
    private static final int CONNECT_SECONDS = 10;
    private static final int VERSION_WITH_MORE_SETTINGS = 17;
    private static final String PROTOCOL_VIOLATION = "08P01";
    private static final String TRANSACTION_TIMEOUT = "25P04";

    private static final String UNDEFINED_OBJECT = "42704";

    /** Major versions of servers by host and port, once a connection was made, so that a further connector need not connect twice. */
    private static final Map<String, Integer> VERSIONS = new ConcurrentHashMap<>();

    private final DatabaseSettings settings;
    private final SessionKind kind;
    private final String application;
    private final SessionLimits limits;
    private final String server;

    /** @param application shown in {@code pg_stat_activity} */
    public Connector(DatabaseSettings settings, SessionKind kind, String application) {
        this.settings = settings;
        this.kind = kind;
        this.application = application;
        Properties url = Driver.parseURL(settings.url(), null);
        boolean given = url != null && PGProperty.SOCKET_TIMEOUT.isPresent(url);
        this.server = url == null
                ? settings.url()
                : PGProperty.PG_HOST.getOrDefault(url) + ":" + PGProperty.PG_PORT.getOrDefault(url);
        this.limits = SessionLimits.of(kind, given ? PGProperty.SOCKET_TIMEOUT.getOrDefault(url) : null);
    }

    /** @throws SQLException with the server's or the driver's words */
    public Connection open() throws SQLException {
        Connection connection = connect();
        try (Statement statement = connection.createStatement()) {
            int pid = connection.unwrap(PGConnection.class).getBackendPID();
            statement.execute(
                    SessionSettings.first(kind, limits, connection.getMetaData().getDatabaseMajorVersion(), pid));
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private Connection connect() throws SQLException {
        int known = VERSIONS.getOrDefault(server, 0);
        Connection connection;
        try {
            connection = connect(SessionSettings.startup(kind, limits, known));
        } catch (SQLException e) {
            return reconnect(e, known);
        }
        // The driver knows the version from the server's greeting: no statement is sent.
        int found = connection.getMetaData().getDatabaseMajorVersion();
        VERSIONS.put(server, found);
        if (found >= VERSION_WITH_MORE_SETTINGS && known < VERSION_WITH_MORE_SETTINGS) {
            connection.close();
            return connect(SessionSettings.startup(kind, limits, found));
        }
        return connection;
    }

    /** Connects with other options, if those were what the server refused. */
    private Connection reconnect(SQLException refusal, int known) throws SQLException {
        String state = String.valueOf(refusal.getSQLState());
        if (state.equals(PROTOCOL_VIOLATION)) {
            // A pooler refuses options. It can serve a verb that says so, such as check.
            return connect("");
        } else if (state.equals(TRANSACTION_TIMEOUT) && known < VERSION_WITH_MORE_SETTINGS) {
            // The role's transaction_timeout ended the login itself, so the server is one that knows the setting.
            return connect(SessionSettings.startup(kind, limits, VERSION_WITH_MORE_SETTINGS));
        } else if (state.equals(UNDEFINED_OBJECT) && known >= VERSION_WITH_MORE_SETTINGS) {
            // Another server answers there now, an older one.
            VERSIONS.remove(server);
            return connect(SessionSettings.startup(kind, limits, 0));
        }
        throw refusal;
    }

    private Connection connect(String options) throws SQLException {
        // What the URL says beside the server comes first, so that refreshd's own settings have the last word.
        Properties properties = Objects.requireNonNull(Driver.parseURL(settings.url(), null), "a PostgreSQL JDBC URL");
        String given = Objects.requireNonNullElse(PGProperty.OPTIONS.getOrDefault(properties), "");
        String all = (given + " " + options).strip();
        if (!all.isEmpty()) {
            PGProperty.OPTIONS.set(properties, all);
        }
        PGProperty.USER.set(properties, settings.user());
        PGProperty.PASSWORD.set(properties, settings.password().reveal());
        PGProperty.APPLICATION_NAME.set(properties, application);
        setUnlessGiven(properties, PGProperty.CONNECT_TIMEOUT, CONNECT_SECONDS);
        setUnlessGiven(properties, PGProperty.LOGIN_TIMEOUT, CONNECT_SECONDS);
        // A line that died without a word must not hold a thread for ever.
        setUnlessGiven(
                properties, PGProperty.SOCKET_TIMEOUT, (int) limits.silence().toSeconds());
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        if (kind == SessionKind.TOOL) {
            // Behind a pooler in transaction mode the next backend would not know what was prepared.
            PGProperty.PREPARE_THRESHOLD.set(properties, 0);
        }
        Connection connection = DriverManager.getConnection(settings.url().replaceFirst("\\?.*", ""), properties);
        try {
            DriverInternals.shortenErrors(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void setUnlessGiven(Properties properties, PGProperty property, int value) {
        if (!property.isPresent(properties)) {
            property.set(properties, value);
        }
    }
}
