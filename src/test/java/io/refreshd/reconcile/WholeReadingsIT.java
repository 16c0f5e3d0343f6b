package io.refreshd.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.TestDatabase;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

class WholeReadingsIT {
    @Test
    void whatIsWrittenToSystemTablesIsCountedAndRowsOfUsersAreNot() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Handle reader = database.open();
                Handle writer = database.open()) {
            write(writer, "CREATE TABLE t (id int PRIMARY KEY)");
            // Others may write to tables that all databases share.
            await().until(() -> {
                Optional<String> before = WholeReadings.writes(reader);
                write(writer, "INSERT INTO t SELECT generate_series(1, 1000) ON CONFLICT DO NOTHING");
                write(writer, "ANALYZE t");
                return WholeReadings.writes(reader).equals(before);
            });
            Optional<String> before = WholeReadings.writes(reader);
            write(writer, "REVOKE EXECUTE ON FUNCTION pg_catalog.lower(text) FROM PUBLIC");
            assertThat(WholeReadings.writes(reader)).isNotEqualTo(before);
            reader.execute("SET track_counts = off");
            assertThat(WholeReadings.writes(reader)).isEmpty();
        }
    }

    /** Otherwise the statement is counted some time later. */
    private static void write(Handle writer, String statement) {
        writer.execute(statement);
        writer.execute("SELECT pg_stat_force_next_flush()");
    }
}
