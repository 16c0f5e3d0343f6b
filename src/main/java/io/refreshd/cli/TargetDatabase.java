package io.refreshd.cli;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.database.JdbiFactory;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.postgresql.PGProperty;

/** The connections of a verb to the database that the configuration names. Each is opened on request. */
final class TargetDatabase {
    private static final int CONNECT_SECONDS = 10;

    private final DatabaseSettings settings;
    private final String application;

    /** @param verb part of the application name in {@code pg_stat_activity} */
    TargetDatabase(DatabaseSettings settings, String verb) {
        this.settings = settings;
        this.application = "refreshd " + verb;
    }

    Connection connect() throws SQLException {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, settings.user());
        PGProperty.PASSWORD.set(properties, settings.password().reveal());
        PGProperty.APPLICATION_NAME.set(properties, application);
        PGProperty.CONNECT_TIMEOUT.set(properties, CONNECT_SECONDS);
        PGProperty.LOGIN_TIMEOUT.set(properties, CONNECT_SECONDS);
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        // No server-side prepared statements: behind a pooler in transaction mode the next backend would not know them.
        PGProperty.PREPARE_THRESHOLD.set(properties, 0);
        return DriverManager.getConnection(settings.url(), properties);
    }

    Handle open() throws SQLException {
        return JdbiFactory.on(connect());
    }

    Jdbi jdbi() {
        return JdbiFactory.over(this::connect);
    }
}
