package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.TestDatabase;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The advisory lock of the lease, which every role may take, against roles that take it. */
class LeaseLockIT {
    private static final String HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = %s"
            + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    private TestDatabase database;
    private String daemon = "";
    private String stranger = "";

    @BeforeEach
    void ledger() throws Exception {
        database = TestDatabase.create();
        daemon = "daemon_" + database.name();
        stranger = "stranger_" + database.name();
        database.execute(
                "CREATE ROLE " + daemon + " LOGIN",
                "CREATE ROLE " + stranger + " LOGIN",
                "CREATE SCHEMA refreshd AUTHORIZATION " + daemon);
        try (Handle handle = database.open(daemon)) {
            LedgerSchema.migrate(handle);
        }
    }

    @AfterEach
    void drop() throws Exception {
        database.execute("DROP OWNED BY " + daemon + " CASCADE", "DROP ROLE " + daemon, "DROP ROLE " + stranger);
        database.close();
    }

    @Test
    void aStrangerWhoHoldsTheLockKeepsNobodyFromTheLease() throws Exception {
        try (Handle holder = lock(stranger, "pg_advisory_lock", "hashtextextended('refreshd', 0)")) {
            try (Lease lease = tryTake("first").orElseThrow()) {
                assertThat(lease.isHeld()).isTrue();
                assertThat(tryTake("second")).as("one holds it").isEmpty();
                assertThat(key())
                        .isNotEqualTo(database.query("SELECT hashtextextended('refreshd', 0)")
                                .getFirst());
            }
            try (Lease again = tryTake("third").orElseThrow()) {
                assertThat(again.isHeld()).isTrue();
            }
        }
    }

    @Test
    void strangersWhoShareTheLockKeepNobodyFromTheLease() throws Exception {
        String shared = "pg_advisory_lock_shared";
        try (Handle one = lock(stranger, shared, "hashtextextended('refreshd', 0)");
                Handle other = lock(stranger, shared, "hashtextextended('refreshd', 0)");
                Lease lease = tryTake("first").orElseThrow()) {
            assertThat(lease.isHeld()).isTrue();
        }
    }

    /** pg_locks shows the key, so a stranger can wait in the queue, and has the lock as soon as its holder is gone. */
    @Test
    void aStrangerWhoWaitsForTheLockTakesNothingOver() throws Exception {
        Lease first = tryTake("first").orElseThrow();
        String key = key();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try (Handle queued = database.open(stranger)) {
                queued.execute("SELECT pg_advisory_lock(" + key + "), pg_sleep(600)");
            } catch (Exception e) {
                // It is terminated below.
            }
        });
        await().until(() -> database.query(HELD.formatted("false")).getFirst().equals("1"));
        assertThat(tryTake("second")).as("while the first lives").isEmpty();
        first.close();
        await().until(() -> database.query(HELD.formatted("true")).getFirst().equals("1")
                && database.query(HELD.formatted("false")).getFirst().equals("0"));
        try (Lease next = tryTake("second").orElseThrow()) {
            assertThat(next.isHeld()).isTrue();
            assertThat(key()).isNotEqualTo(key);
        }
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + stranger + "'");
        waiting.join();
    }

    /** Whoever may write to the ledger is a daemon, or may do worse. */
    @Test
    void whoeverMayWriteToTheLedgerCounts() throws Exception {
        database.execute("GRANT UPDATE ON refreshd.lease TO " + stranger);
        try (Handle holder = lock(stranger, "pg_advisory_lock", "hashtextextended('refreshd', 0)")) {
            assertThat(tryTake("first")).isEmpty();
        }
    }

    private Handle lock(String role, String function, String key) throws Exception {
        Handle handle = database.open(role);
        handle.execute("SELECT " + function + "(" + key + ")");
        return handle;
    }

    private Optional<Lease> tryTake(String name) throws Exception {
        return Lease.tryTake(database.open(daemon), name);
    }

    private String key() throws Exception {
        return database.query("SELECT lock_key FROM refreshd.lease").getFirst();
    }
}
