package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Statement;
import java.util.Objects;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

/** A ledger of the first version, with what a daemon of that time has left in it, is taken over as it is. */
class MigrationIT {
    @Test
    void fromTheFirstVersion() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Handle handle = database.open()) {
            try (InputStream first = Objects.requireNonNull(LedgerSchema.class.getResourceAsStream("V1.sql"));
                    Statement statement = handle.getConnection().createStatement()) {
                statement.execute("CREATE SCHEMA refreshd");
                statement.execute(new String(first.readAllBytes(), StandardCharsets.UTF_8));
            }
            database.execute(
                    "INSERT INTO refreshd.lease VALUES (true, 3, 'the daemon before')",
                    "INSERT INTO refreshd.stream VALUES (true, 'refreshd', 7, 1, '0/300')",
                    "INSERT INTO refreshd.view_state (view_schema, view_name, view_oid, lineage, marked, covered, watermark)"
                            + " VALUES ('public', 'clean', 1001, 'l', 2, 2, '0/200'),"
                            + " ('public', 'dirty', 1002, 'l', 3, 2, '0/100')",
                    "INSERT INTO refreshd.refresh_history (view_schema, view_name, duration, method, outcome)"
                            + " VALUES ('public', 'clean', '1 s', 'concurrent', 'refreshed')");
            String freshness = "SELECT concat_ws(' ', view_name, state, watermark) FROM refreshd.freshness ORDER BY 1";
            assertThat(database.query(freshness)).containsExactly("clean fresh 0/300", "dirty dirty 0/100");

            LedgerSchema.migrate(handle);

            assertThat(database.query("SELECT version FROM refreshd.schema_version ORDER BY 1"))
                    .containsExactly("1", "2", "3", "4");
            assertThat(database.query(freshness)).containsExactly("clean fresh 0/300", "dirty dirty 0/100");
            assertThat(database.query("SELECT count(*) FROM refreshd.refresh_history"))
                    .containsExactly("1");
            assertThat(database.query(
                            "SELECT format('%s %s', p.privilege_type, p.grantee) FROM pg_class c, aclexplode(c.relacl) p"
                                    + " WHERE c.oid = 'refreshd.freshness'::regclass AND p.grantee = 0"))
                    .as("everybody may still read it")
                    .containsExactly("SELECT 0");
            assertThat(database.query("SELECT has_function_privilege('pg_monitor',"
                            + " 'refreshd.wait_until_fresh(regclass, pg_lsn, interval)', 'EXECUTE')"))
                    .containsExactly("t");
            try (Lease lease = Lease.tryTake(database.open(), "the daemon now").orElseThrow()) {
                assertThat(lease.token()).isEqualTo(4);
                assertThat(lease.isHeld()).isTrue();
            }
        }
    }
}
