package io.refreshd.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

class ConnectionPoolsIT {
    /** What has read the whole catalog holds tens of megabytes of the server. It would never be idle for long enough to be closed. */
    @Test
    void sessionsForTheWholeCatalogAreUsedForNothingElse() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                ConnectionPools pools = ConnectionPools.of(
                        new DatabaseSettings(database.url(), LocalPostgres.USER, new Secret("")), 1)) {
            int whole;
            try (Handle handle = pools.ofWholeCatalog()) {
                whole = pid(handle);
            }
            int again = pid(JdbiFactory.ofWholeCatalog(pools.jdbi()));
            assertThat(again).as("until it has been idle for long").isEqualTo(whole);
            int catalog = pid(JdbiFactory.ofCatalog(pools.jdbi()));
            int other = pid(pools.jdbi());
            assertThat(List.of(whole, catalog, other)).doesNotHaveDuplicates();
        }
    }

    private static int pid(Jdbi jdbi) {
        return jdbi.withHandle(ConnectionPoolsIT::pid);
    }

    private static int pid(Handle handle) {
        return handle.createQuery("SELECT pg_backend_pid()").mapTo(int.class).one();
    }
}
