package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

/** The first conversions in a database, at the same time. */
class ConcurrentConversionsIT {
    @Test
    void bothFindNoSchemaForTheRows() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Handle handle = database.open();
                Connection other = database.connect();
                Statement statement = other.createStatement()) {
            LedgerSchema.migrate(handle);
            database.execute(
                    "CREATE TABLE main (id int PRIMARY KEY)", "CREATE MATERIALIZED VIEW v AS SELECT id FROM main");
            other.setAutoCommit(false);
            statement.execute("CREATE SCHEMA refreshd_store");
            CompletableFuture<Boolean> converted = CompletableFuture.supplyAsync(() -> forward(handle));
            await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    .equals(List.of("1")));
            other.commit();
            assertThat(TestTimeout.get(converted)).isTrue();
            assertThat(database.query("SELECT relkind FROM pg_class WHERE oid = 'v'::regclass"))
                    .containsExactly("v");
        }
    }

    private static boolean forward(Handle handle) {
        try {
            Conversion.forward(handle, new ViewId("public", "v"));
            return true;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
