package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Change;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is remembered of changed rows, decoded from what a real server sends. */
class RowCollectorIT {
    private static final Interest INTEREST = new Interest(List.of("b", "a"), Set.of("role", "big"), Set.of());

    private TestDatabase database;
    private Connection connection;
    private DecodedChanges changes = new DecodedChanges(table -> INTEREST);

    @BeforeEach
    void prepare() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE t (a int, b text, role text, v int, big text, PRIMARY KEY (a, b))",
                "ALTER TABLE t ALTER big SET STORAGE EXTERNAL",
                "INSERT INTO t VALUES (1, 'x', 'r1', 0, 'small'), (2, 'y', 'r2', 0, repeat('z', 9000)), (3, 'n', NULL, 0, NULL)",
                "CREATE PUBLICATION p FOR TABLE t",
                "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
        connection = database.connect();
    }

    @AfterEach
    void drop() throws Exception {
        connection.close();
        database.close();
    }

    private ChangedRows after(String... sql) throws Exception {
        database.execute("BEGIN; " + String.join("; ", sql) + "; COMMIT");
        List<Change> taken = taken();
        assertThat(taken).hasSize(1);
        return taken.getFirst().touched();
    }

    private List<Change> taken() throws SQLException {
        return changes.take(connection, database.slot(), "p");
    }

    @Test
    void wholeOldRowsGiveKeysAndValues() throws Exception {
        database.execute("ALTER TABLE t REPLICA IDENTITY FULL");
        ChangedRows rows = after(
                "UPDATE t SET role = 'r3' WHERE a = 1",
                "UPDATE t SET a = 20 WHERE a = 2",
                "INSERT INTO t VALUES (4, 'w', 'r4')",
                "DELETE FROM t WHERE a = 3");
        assertThat(rows.keys(List.of("b", "a")).orElseThrow())
                .containsExactlyInAnyOrder(
                        List.of("x", "1"), List.of("y", "2"), List.of("y", "20"), List.of("w", "4"), List.of("n", "3"));
        assertThat(rows.values("role").orElseThrow()).containsExactlyInAnyOrder("r1", "r2", "r3", "r4");
        assertThat(rows.values("big")).as("a value too long to be carried").isEmpty();
        assertThat(rows.keys(List.of("a", "b"))).as("in another order").isEmpty();
        assertThat(rows.values("v")).as("nobody was interested").isEmpty();
    }

    @Test
    void anOldKeyGivesTheKeyAndOnlyNewValuesOfOtherColumns() throws Exception {
        ChangedRows rows = after(
                "UPDATE t SET role = 'r3' WHERE a = 1", "UPDATE t SET a = 20 WHERE a = 2", "DELETE FROM t WHERE a = 3");
        assertThat(rows.keys(List.of("b", "a")).orElseThrow())
                .containsExactlyInAnyOrder(List.of("x", "1"), List.of("y", "2"), List.of("y", "20"), List.of("n", "3"));
        assertThat(rows.values("role")).isEmpty();
        assertThat(rows.newValues("role")).contains(Set.of("r3", "r2"));
        assertThat(rows.newValues("big")).as("of row 2 it is not sent").isEmpty();
    }

    @Test
    void insertedRowsAreKnownWhateverTheIdentity() throws Exception {
        ChangedRows rows = after("INSERT INTO t VALUES (4, 'w', 'r4', 0, 'b'), (5, 'w', NULL, 0, NULL)");
        assertThat(rows.values("role")).contains(Set.of("r4"));
        assertThat(rows.values("big")).contains(Set.of("b"));
        assertThat(rows.newValues("role")).isEmpty();
    }

    @Test
    void aReplicaIdentityIndexGivesOldValuesOfItsColumnsOnly() throws Exception {
        database.execute(
                "UPDATE t SET role = 'r0' WHERE role IS NULL",
                "ALTER TABLE t ALTER role SET NOT NULL",
                "CREATE UNIQUE INDEX by_role ON t (role)",
                "ALTER TABLE t REPLICA IDENTITY USING INDEX by_role");
        taken();
        ChangedRows rows = after("UPDATE t SET v = 1 WHERE a = 1");
        assertThat(rows.keys(List.of("b", "a"))).isEmpty();
        assertThat(rows.values("role")).contains(Set.of("r1"));
        assertThat(rows.newValues("role")).isEmpty();
        assertThat(after("UPDATE t SET role = 'r9' WHERE a = 1").values("role")).contains(Set.of("r1", "r9"));
    }

    @Test
    void anUnchangedLongValueIsTheOldOne() throws Exception {
        changes = new DecodedChanges(table -> new Interest(List.of("big"), Set.of(), Set.of()));
        database.execute(
                "ALTER TABLE t REPLICA IDENTITY FULL",
                "UPDATE t SET big = repeat('k', 200) WHERE a = 1",
                "UPDATE t SET big = 'other' WHERE a <> 1");
        taken();
        assertThat(after("UPDATE t SET v = 7").keys(List.of("big")))
                .contains(Set.of(List.of("k".repeat(200)), List.of("other")));
    }

    /** Safe: a view that reads such a column after all counts as affected, since the column is reported as changed. */
    @Test
    void rowsInWhichNothingChangedThatIsReadAreNotRemembered() throws Exception {
        changes = new DecodedChanges(
                table -> new Interest(INTEREST.key(), INTEREST.discriminators(), Set.of("v", "not there")));
        database.execute("ALTER TABLE t REPLICA IDENTITY FULL");
        assertThat(after("UPDATE t SET v = 1", "UPDATE t SET v = 2 WHERE a = 1", "UPDATE t SET role = role"))
                .isEqualTo(ChangedRows.UNKNOWN);
        assertThat(after("UPDATE t SET v = 3 WHERE a = 2", "UPDATE t SET role = 'r3' WHERE a = 1")
                        .keys(List.of("b", "a")))
                .as("with a row that matters all are")
                .contains(Set.of(List.of("x", "1"), List.of("y", "2")));
        assertThat(after("UPDATE t SET v = 4 WHERE a = 3", "DELETE FROM t WHERE a = 1")
                        .keys(List.of("b", "a")))
                .contains(Set.of(List.of("n", "3"), List.of("x", "1")));
        assertThat(after("UPDATE t SET v = 5 WHERE a = 3", "TRUNCATE t").keys(List.of("b", "a")))
                .isEmpty();
        database.execute("INSERT INTO t SELECT i, 'many', 'r1', 0, NULL FROM generate_series(1, 300) i");
        taken();
        assertThat(after("UPDATE t SET v = 6").keys(List.of("b", "a")).orElseThrow())
                .as("more than can wait until it is known whether they matter")
                .hasSize(300);
        database.execute("INSERT INTO t VALUES (1000, 'wide', repeat('w', 40000), 0, NULL)");
        taken();
        assertThat(after("UPDATE t SET v = 7 WHERE a = 1000")
                        .keys(List.of("b", "a"))
                        .orElseThrow())
                .as("wider than what can wait")
                .hasSize(1);
    }

    @Test
    void whatIsTooMuchOrUnclearIsNotKnown() throws Exception {
        database.execute("ALTER TABLE t REPLICA IDENTITY FULL");
        ChangedRows many = after("INSERT INTO t SELECT i, 'many', 'r1', 0, NULL FROM generate_series(10, 1020) i");
        assertThat(many.keys(List.of("b", "a"))).isEmpty();
        assertThat(many.values("role")).as("few values in many rows").contains(Set.of("r1"));
        ChangedRows truncated = after("INSERT INTO t VALUES (2000, 'q')", "TRUNCATE t");
        assertThat(truncated.keys(List.of("b", "a"))).isEmpty();
        assertThat(truncated.values("role")).isEmpty();
        ChangedRows altered = after(
                "INSERT INTO t VALUES (1, 'q', 'r1')",
                "ALTER TABLE t RENAME role TO was_role",
                "ALTER TABLE t RENAME v TO role",
                "INSERT INTO t VALUES (2, 'q', 'r2')");
        assertThat(altered.values("role")).isEmpty();
    }
}
