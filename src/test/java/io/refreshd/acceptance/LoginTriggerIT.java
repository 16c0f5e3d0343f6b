package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.Connector;
import io.refreshd.database.ErrorSummary;
import io.refreshd.database.SessionKind;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A login event trigger, which PostgreSQL 17 has, sets what it likes in each session after the startup packet was heeded. */
class LoginTriggerIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON v (id)",
                "CREATE FUNCTION bend() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
                        + " PERFORM set_config('search_path', 'mischief', false),"
                        + " set_config('default_transaction_read_only', 'on', false),"
                        + " set_config('row_security', 'off', false), set_config('lock_timeout', '1ms', false),"
                        + " set_config('exit_on_error', 'on', false), set_config('TimeZone', 'Asia/Tokyo', false);"
                        + " END $$",
                "CREATE EVENT TRIGGER bend ON login EXECUTE FUNCTION bend()");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @ParameterizedTest
    @EnumSource(SessionKind.class)
    void aSessionHasTheSettingsOfRefreshd(SessionKind kind) throws Exception {
        DatabaseSettings login = new DatabaseSettings(database.url(), "postgres", new Secret(""));
        try (Connection connection = new Connector(login, kind, "test").open();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_setting(name) FROM unnest(ARRAY['search_path',"
                        + " 'transaction_read_only', 'row_security', 'exit_on_error', 'TimeZone']) AS name")) {
            List<String> found = new ArrayList<>();
            while (row.next()) {
                found.add(row.getString(1));
            }
            assertThat(found).containsExactly("", "off", "on", "off", "UTC");
        }
    }

    /** The server ends such a session as it ends one with a wrong password, but in the words of the function. */
    @Test
    void whatItSaysIsNotTheServersWord() throws Exception {
        database.execute("CREATE OR REPLACE FUNCTION bend() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE 'secret of a row' USING ERRCODE = '28000'; END $$");
        try {
            DatabaseSettings login = new DatabaseSettings(database.url(), "postgres", new Secret(""));
            assertThatThrownBy(() -> new Connector(login, SessionKind.values()[0], "test").open())
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("secret of a row")
                    .satisfies(refused -> assertThat(ErrorSummary.withoutValues(refused))
                            .contains("28000")
                            .doesNotContain("secret"));
        } finally {
            StrictServer.run(
                    TestDatabase.server().url(database.name()) + "?options=-c%20event_triggers=off",
                    "",
                    "DROP EVENT TRIGGER bend");
        }
    }

    @Test
    void theDaemonRefreshes() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            database.execute("INSERT INTO main VALUES (1)");
            Awaitility.await().until(() -> database.query("SELECT id FROM v").equals(List.of("1")));
        }
    }
}
