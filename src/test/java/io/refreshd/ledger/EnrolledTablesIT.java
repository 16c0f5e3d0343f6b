package io.refreshd.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.TableId;
import io.refreshd.testing.TestDatabase;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EnrolledTablesIT {
    private static final TableId TABLE = new TableId("public", "main");

    private TestDatabase database;
    private Handle handle;

    @BeforeEach
    void enrol() throws Exception {
        database = TestDatabase.create();
        handle = Jdbi.create(database.url(), "postgres", "").open();
        LedgerSchema.migrate(handle);
        handle.execute("CREATE TABLE main (id int PRIMARY KEY)");
        handle.execute("CREATE PUBLICATION p FOR TABLE main");
        String entry = handle.createQuery("SELECT prrelid || '/' || oid FROM pg_publication_rel")
                .mapTo(String.class)
                .one();
        EnrolledTables.enrol(handle, TABLE, Long.parseLong(entry.replaceFirst("/.*", "")), entry);
    }

    @AfterEach
    void close() throws Exception {
        handle.close();
        database.close();
    }

    @Test
    void isCapturedWhileItsEntryStands() {
        assertThat(EnrolledTables.areCaptured(handle, "p")).isTrue();
    }

    @Test
    void isNotWhenItWasOutAndIsBackIn() {
        handle.execute("ALTER PUBLICATION p DROP TABLE main");
        assertThat(EnrolledTables.areCaptured(handle, "p")).isFalse();
        handle.execute("ALTER PUBLICATION p ADD TABLE main");
        assertThat(EnrolledTables.areCaptured(handle, "p")).isFalse();
        EnrolledTables.strike(handle, Set.of(TABLE));
        assertThat(EnrolledTables.areCaptured(handle, "p")).isTrue();
    }

    @Test
    void isNotWhenThePublicationIsGoneOrTellsLess() {
        handle.execute("ALTER PUBLICATION p SET (publish = 'insert')");
        assertThat(EnrolledTables.areCaptured(handle, "p")).isFalse();
        handle.execute("ALTER PUBLICATION p SET (publish = 'insert, update, delete, truncate')");
        assertThat(EnrolledTables.areCaptured(handle, "p")).isTrue();
        handle.execute("DROP PUBLICATION p");
        assertThat(EnrolledTables.areCaptured(handle, "p")).isFalse();
    }
}
