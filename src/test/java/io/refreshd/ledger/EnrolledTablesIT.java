package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.capture.Publication;
import io.refreshd.model.TableId;
import io.refreshd.testing.TestDatabase;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnrolledTablesIT {
    private static final TableId TABLE = new TableId("public", "main");

    private TestDatabase database;
    private Handle handle;

    @BeforeEach
    void enrol() throws Exception {
        database = TestDatabase.create();
        handle = database.open();
        LedgerSchema.migrate(handle);
        handle.execute("CREATE TABLE main (id int PRIMARY KEY)");
        handle.execute("CREATE PUBLICATION p FOR TABLE main");
        enrol("main");
    }

    private void enrol(String table) {
        Map<String, Object> found = handle.createQuery("SELECT i.oid::int8 AS oid, i.identity FROM ("
                        + Publication.IDENTITIES + ") i WHERE i.oid = ?::regclass")
                .bind(0, "p")
                .bind(1, table)
                .mapToMap()
                .one();
        EnrolledTables.enrol(handle, TABLE, (Long) found.get("oid"), (String) found.get("identity"));
    }

    private boolean captured() {
        return EnrolledTables.lost(handle, Publication.IDENTITIES, "p").isEmpty();
    }

    @AfterEach
    void close() throws Exception {
        handle.close();
        database.close();
    }

    @Test
    void isCapturedWhileItsEntryIsTheSame() {
        assertThat(captured()).isTrue();
    }

    @Test
    void isNotCapturedAfterItWasDroppedAndAddedAgain() {
        handle.execute("ALTER PUBLICATION p DROP TABLE main");
        assertThat(captured()).isFalse();
        handle.execute("ALTER PUBLICATION p ADD TABLE main");
        assertThat(captured()).isFalse();
        EnrolledTables.remove(handle, Set.of(TABLE));
        assertThat(captured()).isTrue();
    }

    @Test
    void isNotCapturedAfterThePublicationPublishedLessForAMoment() {
        handle.execute("ALTER PUBLICATION p SET (publish = 'insert')");
        assertThat(captured()).isFalse();
        handle.execute("ALTER PUBLICATION p SET (publish = 'insert, update, delete, truncate')");
        assertThat(captured()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TABLE main", "TABLES IN SCHEMA public", "ALL TABLES"})
    void isNotCapturedByAnotherPublicationOfTheSameName(String what) {
        handle.execute("DROP PUBLICATION p");
        assertThat(captured()).isFalse();
        handle.execute("CREATE PUBLICATION p FOR " + what);
        assertThat(captured()).isFalse();
        enrol("main");
        assertThat(captured()).isTrue();
        handle.execute("BEGIN; DROP PUBLICATION p; CREATE PUBLICATION p FOR " + what + "; COMMIT");
        assertThat(captured()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE parts DETACH PARTITION part; ALTER TABLE parts ATTACH PARTITION part FOR VALUES IN (1)",
                "ALTER PUBLICATION p DROP TABLE parts; ALTER PUBLICATION p ADD TABLE parts"
            })
    void isNotCapturedAfterItLeftThePartitionedTableThatPublishesIt(String leaveAndComeBack) {
        handle.execute("CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY LIST (id);"
                + "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1); ALTER PUBLICATION p ADD TABLE parts");
        enrol("part");
        assertThat(captured()).isTrue();
        handle.execute(leaveAndComeBack);
        assertThat(captured()).isFalse();
    }

    /** Ordinary operations must not look like a gap. */
    @Test
    void staysCapturedThroughOrdinaryOperations() {
        handle.execute("DROP PUBLICATION p; CREATE PUBLICATION p FOR ALL TABLES");
        enrol("main");
        handle.execute("INSERT INTO main VALUES (1); ANALYZE main; TRUNCATE main; ALTER TABLE main ADD COLUMN v text");
        handle.execute("VACUUM FULL main");
        handle.execute("ALTER TABLE main RENAME TO renamed");
        assertThat(captured()).isTrue();
    }
}
