package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.TableId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TableFactsReaderIT {
    private static final TableId TABLE = new TableId("public", "t");

    @Test
    void aColumnWhoseNullMayBeShownAsItsDefaultIsNotKnown() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, plain text, filled text DEFAULT 'x', never text NOT NULL DEFAULT 'x',"
                            + " hardly text DEFAULT 'x')",
                    "ALTER TABLE t ADD CONSTRAINT later NOT NULL hardly NOT VALID");
            TableFactsReader reader = new TableFactsReader();
            TableFacts before = read(reader, connection);
            assertThat(kinds(before))
                    .containsEntry("plain", ColumnKind.TEXT)
                    .containsEntry("filled", ColumnKind.UNKNOWN)
                    .containsEntry("never", ColumnKind.TEXT)
                    .containsEntry("hardly", ColumnKind.UNKNOWN);
            database.execute("ALTER TABLE t VALIDATE CONSTRAINT later");
            TableFacts after = read(reader, connection);
            assertThat(kinds(after)).containsEntry("hardly", ColumnKind.TEXT);
            assertThat(after.since()).as("what was written before may be NULL").isGreaterThan(before.since());
        }
    }

    private static TableFacts read(TableFactsReader reader, Connection connection) throws Exception {
        return reader.read(connection, List.of(TABLE)).get(TABLE);
    }

    private static Map<String, ColumnKind> kinds(TableFacts facts) {
        return facts.columns().stream().collect(Collectors.toMap(TableFacts.Column::name, TableFacts.Column::kind));
    }
}
