package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.util.DriverInfo;

/**
 * Holds what {@link DriverInternals} relies on. A new version of the driver fails here first. To take it: read where {@code PGStream}
 * uses its input, run this test, and then write the new version down.
 */
class DriverInternalsIT {
    @Test
    void theDriverIsTheOneThatWasRead() {
        assertThat(DriverInfo.DRIVER_VERSION).isEqualTo("42.7.14");
    }

    @Test
    void errorsAreShortAndNoticesAreNotKept() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            DatabaseSettings settings = new DatabaseSettings(database.url(), LocalPostgres.USER, new Secret(""));
            try (Connection connection = new Connector(settings, SessionKind.DAEMON, "test").open();
                    Statement statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute("SELECT ('a' || repeat('x', 20000000))::int"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                error -> assertThat(error.getSQLState()).isEqualTo("22P02"))
                        .hasMessageContaining("invalid input syntax for type integer: \"axxx")
                        .satisfies(error -> assertThat(error.getMessage()).hasSizeLessThan(20_000));
                statement.execute("DO $$ BEGIN RAISE WARNING 'one'; RAISE WARNING 'two'; END $$");
                assertThat((Object) statement.getWarnings()).isNull();
                try (ResultSet row =
                        statement.executeQuery("SELECT length(repeat('y', 100000)), repeat('y', 100000)")) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getString(2)).hasSize(row.getInt(1));
                }
            }
        }
    }

    @Test
    void inputIsWaitedForAndStaysUnread() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection other = database.connect()) {
            DatabaseSettings settings = new DatabaseSettings(database.url(), LocalPostgres.USER, new Secret(""));
            AtomicReference<String> state = new AtomicReference<>("none");
            try (Connection connection = new Connector(settings, SessionKind.DAEMON, "test").open()) {
                connection.createStatement().execute("LISTEN c");
                int before = connection.getNetworkTimeout();
                long begin = System.nanoTime();
                DriverInternals.awaitInput(connection, Duration.ofMillis(50));
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(45));
                other.createStatement().execute("NOTIFY c, 'here'");
                DriverInternals.awaitInput(connection, Duration.ofHours(1));
                assertThat(connection.unwrap(PGConnection.class).getNotifications())
                        .extracting(PGNotification::getParameter)
                        .containsExactly("here");
                assertThat(connection.getNetworkTimeout()).isEqualTo(before);
                Thread waiter = Thread.ofPlatform().start(() -> {
                    try {
                        DriverInternals.awaitInput(connection, Duration.ofHours(1));
                    } catch (SQLException cut) {
                        state.set(cut.getSQLState());
                    }
                });
                await().until(() -> Arrays.stream(waiter.getStackTrace())
                        .anyMatch(frame -> frame.getMethodName().equals("ensureBytes")));
                connection.abort(Runnable::run);
                waiter.join();
                assertThat(state).hasValue("08006");
            }
        }
    }
}
