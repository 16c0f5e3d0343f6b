package io.refreshd.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TestDatabaseIT {
    @Test
    void decodesLogically() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute("SELECT pg_create_logical_replication_slot('s_" + database.name() + "', 'pgoutput')");
            assertThat(database.query("SHOW wal_level")).containsExactly("logical");
        }
    }
}
