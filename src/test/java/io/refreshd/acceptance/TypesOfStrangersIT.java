package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Types that others have created do not keep a daemon from reading the log, whoever decodes it. */
class TypesOfStrangersIT {
    @ParameterizedTest
    @ValueSource(strings = {"", "  source: debezium\nviews: { quiet-period: 50ms }"})
    void theLogIsReadWhateverTypesThereAre(String source) throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            String stranger = "stranger_" + database.name();
            database.execute(
                    "CREATE ROLE " + stranger + " LOGIN",
                    "CREATE TYPE st AS ENUM ('a', 'b')",
                    "CREATE DOMAIN of_enum AS st",
                    "CREATE TYPE never AS ENUM ()",
                    "CREATE TABLE main (id int PRIMARY KEY, v of_enum, w never, x st)",
                    "CREATE MATERIALIZED VIEW mv AS SELECT id, v, w, x FROM main",
                    "CREATE UNIQUE INDEX ON mv (id)");
            try (Connection session = DriverManager.getConnection(database.url(), stranger, "");
                    Statement statement = session.createStatement()) {
                statement.execute("CREATE TYPE pg_temp.empty AS ENUM ()");
                statement.execute("CREATE DOMAIN pg_temp.of_empty AS pg_temp.empty");
                try (RunningDaemon daemon = RunningDaemon.start(database, source)) {
                    database.execute("INSERT INTO main VALUES (1, 'a', NULL, 'b')", "UPDATE main SET v = 'b'");
                    FreshnessWait.await("mv", database::query);
                    assertThat(database.query("SELECT v FROM mv")).containsExactly("b");
                }
            }
            database.execute("DROP OWNED BY " + stranger, "DROP ROLE " + stranger);
        }
    }
}
