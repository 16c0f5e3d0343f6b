package io.refreshd.roles;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.config.ConfigurationReader;
import io.refreshd.model.TableId;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoleTablesReaderIT {
    /** A table that is locked stays in the publication, and nobody waits for the lock. */
    @Test
    void aLockedTableIsTheOneOfBefore() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Connection stranger = database.connect()) {
            database.execute(
                    "CREATE TABLE names (name text)",
                    "CREATE TABLE main (id int PRIMARY KEY, role text)",
                    "CREATE TABLE other (id int PRIMARY KEY)");
            RoleTablesReader reader = new RoleTablesReader(ConfigurationReader.read(
                            RunningDaemon.configuration(database.url(), database.slot(), """
                                    role-views:
                                      templates:
                                        public.role_{role}:
                                          query: SELECT id FROM main WHERE role = {role}
                                          unique-key: [id]
                                          roles-query: SELECT name FROM names
                                        public.other_{role}:
                                          query: SELECT id, {role} AS role FROM other
                                          unique-key: [id]
                                          roles: [a]
                                    """), "test.yaml", Map.of())
                    .roleViews());
            RoleTables before = reader.read(connection);
            assertThat(before.ofRoles()).containsExactly(new TableId("public", "names"));
            assertThat(before.ofViews())
                    .containsExactlyInAnyOrder(new TableId("public", "main"), new TableId("public", "other"));
            stranger.setAutoCommit(false);
            stranger.createStatement().execute("LOCK TABLE names, main");
            assertThat(reader.read(connection)).isEqualTo(before);
            stranger.createStatement().execute("DROP TABLE main");
            stranger.commit();
            assertThat(reader.read(connection).ofViews()).containsExactly(new TableId("public", "other"));
        }
    }
}
