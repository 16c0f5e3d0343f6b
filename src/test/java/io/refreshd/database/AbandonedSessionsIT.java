package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process that dies while the server works for it leaves no session behind. Otherwise a REFRESH, or a lock that is waited for, would go on
 * for as long as {@code statement_timeout} allows.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // Set before all tests.
class AbandonedSessionsIT {
    private TestDatabase database;
    private Connection other;

    @BeforeAll
    void start() throws Exception {
        database = TestDatabase.create();
        database.execute("CREATE TABLE locked (id int)");
        other = database.connect();
        other.setAutoCommit(false);
        try (Statement statement = other.createStatement()) {
            statement.execute("LOCK TABLE public.locked");
        }
    }

    @AfterAll
    void stop() throws Exception {
        other.close();
        database.close();
    }

    @ParameterizedTest
    @CsvSource({
        "DAEMON, false, SELECT pg_sleep(7777)",
        "DAEMON, true, SELECT pg_sleep(7777)",
        "TOOL, false, TABLE public.locked",
        "CATALOG, false, SELECT pg_sleep(7777)",
        "CAPTURE, false, TABLE public.locked"
    })
    void aSessionEndsWithItsClient(SessionKind kind, boolean reset, String statement) throws Exception {
        DatabaseSettings settings = new DatabaseSettings(database.url(), LocalPostgres.USER, new Secret(""));
        String name = "abandoned " + kind;
        Connection connection = new Connector(settings, kind, name).open();
        if (reset) {
            SessionSettings.reset(connection);
        }
        try (Statement limits = connection.createStatement()) {
            limits.execute("SET statement_timeout = 0; SET lock_timeout = 0");
            limits.execute("SET application_name = '" + name + "'");
        }
        Thread client = Thread.ofVirtual().start(() -> {
            try (Statement working = connection.createStatement()) {
                working.execute(statement);
            } catch (SQLException aborted) {
                // As wanted.
            }
        });
        String sessions = "SELECT state FROM pg_stat_activity WHERE application_name = '" + name + "'";
        await("it works").until(() -> database.query(sessions).contains("active"));
        connection.abort(Runnable::run);
        await("it is gone").until(() -> database.query(sessions).isEmpty());
        client.join();
        assertThat(connection.isClosed()).isTrue();
    }
}
