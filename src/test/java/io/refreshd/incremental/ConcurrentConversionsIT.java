package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
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
        try (TestDatabase database = database();
                Handle handle = database.open()) {
            assertThat(TestTimeout.get(beside(database, handle, "CREATE SCHEMA refreshd_store")))
                    .isEmpty();
            assertThat(database.query("SELECT relkind FROM pg_class WHERE oid = 'v'::regclass"))
                    .containsExactly("v");
        }
    }

    /** Its owner could drop what is in it. */
    @Test
    void aSchemaThatAnotherRoleHasMadeMeanwhileIsNotUsed() throws Exception {
        try (TestDatabase database = database();
                Handle handle = database.open()) {
            assertThat(TestTimeout.get(
                            beside(database, handle, "CREATE SCHEMA refreshd_store AUTHORIZATION pg_monitor")))
                    .singleElement()
                    .satisfies(why -> assertThat(why.what()).contains("schema refreshd_store does not belong to role"));
            assertThat(database.query("SELECT relkind FROM pg_class WHERE oid = 'v'::regclass"))
                    .containsExactly("m");
        }
    }

    private static TestDatabase database() throws Exception {
        TestDatabase database = TestDatabase.create();
        try (Handle handle = database.open()) {
            LedgerSchema.migrate(handle);
        }
        database.execute("CREATE TABLE main (id int PRIMARY KEY)", "CREATE MATERIALIZED VIEW v AS SELECT id FROM main");
        return database;
    }

    /** Converts the view while another session is about to commit a statement. @return what prevents the conversion */
    private static CompletableFuture<List<Obstacle>> beside(TestDatabase database, Handle handle, String sql)
            throws Exception {
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(sql);
            CompletableFuture<List<Obstacle>> converted = CompletableFuture.supplyAsync(() -> forward(handle));
            await().until(() -> database.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            + " AND datname = current_database()")
                    .equals(List.of("1")));
            other.commit();
            return converted;
        }
    }

    private static List<Obstacle> forward(Handle handle) {
        try {
            Conversion.forward(handle, new ViewId("public", "v"));
            return List.of();
        } catch (PrerequisitesMissingException e) {
            return e.obstacles();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
