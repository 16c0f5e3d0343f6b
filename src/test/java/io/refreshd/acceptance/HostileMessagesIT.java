package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.Notice;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A role without any privilege writes messages to the log that look like refreshd's. Nothing stops, and nobody is lied to. One daemon reads
 * all of them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileMessagesIT {
    private TestDatabase database;
    private RunningDaemon daemon;
    private String role;
    /** How many rows the table has. */
    private int written;

    @BeforeAll
    void create() throws Exception {
        database = TestDatabase.create();
        role = "stranger_" + database.name();
        database.execute(
                "CREATE ROLE " + role + " LOGIN",
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "CREATE MATERIALIZED VIEW of_main AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON of_main (id)");
        daemon = RunningDaemon.start(database);
        daemon.awaitFresh();
    }

    @AfterAll
    void drop() throws Exception {
        daemon.close();
        database.execute("DROP ROLE " + role);
        database.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'refreshd:heartbeat', 'boom'",
                "'refreshd:heartbeat', ''",
                "'refreshd:heartbeat', '-9000000000000000000'",
                "'refreshd:heartbeat', '9223372036854775807'",
                "'refreshd:heartbeat', (extract(epoch FROM now() + interval '100 years') * 1000000)::bigint::text",
                "'refreshd:heartbeat', repeat('9', 1000000)",
                "'refreshd:fence', 'boom'",
                "'refreshd:fence', '-1'",
                "'refreshd:fence', '99999999999999999999'",
                "'refreshd:fence', '\\xff00fe'::bytea",
                "'refreshd:request', 'boom'",
                "'refreshd:probe', 'boom'",
                "'refreshd:mark', 'boom'",
                "'refreshd:transaction', '12345678'",
                "'refreshd:', ''",
                "'refreshd:' || repeat('x', 1000000), repeat('x', 1000000)",
            })
    void aForgedMessage(String message) throws Exception {
        for (String transactional : List.of("false", "true")) {
            emit("SELECT pg_logical_emit_message(" + transactional + ", " + message + ")");
        }
        assertGoesOn();
    }

    @Test
    void aMillionMessagesInATransaction() throws Exception {
        emit("SELECT count(pg_logical_emit_message(true, 'refreshd:request', ''))"
                + " FROM generate_series(1, 1000000)");
        emit("SELECT count(pg_logical_emit_message(true, 'refreshd:fence', i::text))"
                + " FROM generate_series(1, 100000) AS i");
        emit("SELECT count(pg_logical_emit_message(false, 'refreshd:heartbeat', i::text))"
                + " FROM generate_series(1, 100000) AS i");
        emit("SELECT count(pg_logical_emit_message(false, 'refreshd:request', ''))"
                + " FROM generate_series(1, 100000)");
        long written = System.nanoTime();
        assertGoesOn();
        System.out.printf(
                "1,300,000 messages: the next change was shown %.1f s after the last of them%n",
                (System.nanoTime() - written) / 1e9);
    }

    private void emit(String sql) throws Exception {
        try (Handle stranger = database.open(role)) {
            stranger.createQuery(sql).mapTo(String.class).list();
        }
    }

    private void assertGoesOn() throws Exception {
        int id = ++written;
        database.execute("INSERT INTO main VALUES (" + id + ", 'after')");
        // A client would take the daemon for dead while it reads a million messages of one transaction.
        await().until(() ->
                database.query("SELECT v FROM of_main WHERE id = " + id).equals(List.of("after")));
        FreshnessWait.await("of_main", database::query);
        assertThat(database.query("SELECT commit_time < now() + interval '1 hour' FROM refreshd.freshness"))
                .containsExactly("t");
        assertThat(database.query("SELECT attempts FROM refreshd.stream"))
                .as("the present one")
                .containsExactly("1");
        assertThat(daemon.notices())
                .noneMatch(Notice.GapFound.class::isInstance)
                .noneMatch(Notice.ErrorCaught.class::isInstance);
        assertThat(daemon.scrape())
                .contains("refreshd_troubles_total{reason=\"internal error\"} 0.0")
                .doesNotContain("NaN");
    }
}
