package io.refreshd.cli;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.database.Connector;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.SessionKind;
import java.sql.Connection;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** The connections of a verb to the database that the configuration names. Each is opened on request. */
final class TargetDatabase {
    private final Connector connector;

    /** @param verb part of the application name in {@code pg_stat_activity} */
    TargetDatabase(DatabaseSettings settings, String verb) {
        this.connector = new Connector(settings, SessionKind.TOOL, "refreshd " + verb);
    }

    Connection connect() throws SQLException {
        return connector.open();
    }

    Handle open() throws SQLException {
        return JdbiFactory.on(connect());
    }

    Jdbi jdbi() {
        return JdbiFactory.over(this::connect);
    }
}
