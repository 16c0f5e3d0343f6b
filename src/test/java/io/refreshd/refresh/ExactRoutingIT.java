package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.Lsn;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

/**
 * Compares decisions about random views and random changes with what PostgreSQL says: for each view, whether its content
 * differs from its definition before the decision. {@code -Drefreshd.decisions=100000} runs longer, {@code -Drefreshd.seed}
 * repeats a run.
 */
class ExactRoutingIT {
    private static final int ENOUGH = 30;
    /** Decisions between two lines of a long run. */
    private static final long PROGRESS = 2_000;

    @Test
    void neverCallsAViewUnaffectedThatDiffers() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime());
        long wanted = Long.getLong("refreshd.decisions", 1_000);
        DecisionTally tally = new DecisionTally();
        long said = 0;
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Connection ledger = database.connect();
                Handle handle = JdbiFactory.on(ledger);
                Statement statement = connection.createStatement()) {
            for (String sql : RandomAlterations.roles()) {
                statement.execute(sql);
            }
            statement.execute("SET jit = off");
            LedgerSchema.migrate(handle);
            StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.ZERO));
            statement.execute("CREATE PUBLICATION exact FOR ALL TABLES");
            statement.execute("SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
            String url = database.url();
            try (Membership membership = new Membership(() -> DriverManager.getConnection(url, "postgres", ""));
                    Lease lease = Lease.tryTake(database.open(), "test").orElseThrow()) {
                // In a few rounds some kind of decision may not occur.
                for (long round = seed;
                        tally.decisions() < wanted || (!tally.hasEveryKind() && round < seed + ENOUGH);
                        round++) {
                    new RandomRounds(round, connection, database.slot(), handle, lease.token(), membership, tally)
                            .play();
                    // A long run that is ended from outside leaves what it has compared.
                    if (tally.decisions() / PROGRESS > said) {
                        said = tally.decisions() / PROGRESS;
                        System.out.println("seeds " + seed + " to " + round + ": " + tally);
                    }
                }
            }
        } finally {
            System.out.println("seed " + seed + ": " + tally);
        }
        assertThat(tally.byDiscriminator()).as("decided by a discriminator").isPositive();
        assertThat(tally.byMembership())
                .as("decided by querying which views hold the rows")
                .isPositive();
        assertThat(tally.byLookup()).as("decided by a look-up").isPositive();
        assertThat(tally.falseAlarms())
                .as("eligible views refreshed without need")
                .isZero();
    }
}
