package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
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
}
