package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import org.junit.jupiter.api.Test;

/**
 * Which tables pgoutput names when a parent is truncated. It names leaves and not roots, which is why {@link ViewGraph#tables} holds
 * leaves.
 */
class TruncateIT {
    private static final String TRUNCATED = """
            SELECT c.relname
              FROM pg_logical_slot_get_binary_changes('%1$s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p') m,
                   LATERAL (SELECT ('x' || encode(substr(m.data, 2, 4), 'hex'))::bit(32)::int AS n) t,
                   generate_series(0, t.n - 1) i
              JOIN pg_class c ON true
             WHERE get_byte(m.data, 0) = ascii('T')
               AND c.oid = ('x' || encode(substr(m.data, 7 + 4 * i, 4), 'hex'))::bit(32)::int::oid
             ORDER BY 1
            """;

    @Test
    void namesTheLeavesWhenTheRootIsTruncated() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute(
                    "CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                    "CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10)",
                    "CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (20)",
                    "CREATE TABLE parent (id int PRIMARY KEY)",
                    "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)",
                    "CREATE PUBLICATION p FOR TABLE ONLY low, ONLY high, ONLY parent, ONLY child",
                    "SELECT pg_create_logical_replication_slot('s_" + database.name() + "', 'pgoutput')",
                    "TRUNCATE root");
            String truncated = TRUNCATED.formatted("s_" + database.name());
            assertThat(database.query(truncated)).containsExactly("high", "low");
            database.execute("TRUNCATE parent");
            assertThat(database.query(truncated)).containsExactly("child", "parent");
        }
    }
}
