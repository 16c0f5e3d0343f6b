package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.Slots;
import io.refreshd.testing.StrictServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** The life of role views on one server, with a daemon role that has the grants of docs/privileges.md and no more. */
final class RoleViewsRound {
    private static final String TEMPLATES = """
            role-views:
              templates:
                public.dropped_{role}:
                  query: SELECT id, v FROM main WHERE role = {role}
                  unique-key: [id]
                  indexes: [v]
                  roles-query: SELECT name FROM roles
                  grant-to: '{role}'
                  owner: owner_of_roles
                  removed: drop
                public.kept_{role}:
                  query: SELECT id FROM main WHERE role = {role}
                  unique-key: [id]
                  roles-query: SELECT name FROM roles
                  removed: keep
                public.rows_{role}:
                  kind: incremental
                  query: SELECT v FROM main WHERE role = {role}
                  roles-query: SELECT name FROM roles
                  grant-to: '{role}'
                  owner: owner_of_roles
                  removed: drop
            """;

    private final String server;
    private final String url;
    private final Path folder;

    /** @param server URL of the maintenance database */
    RoleViewsRound(String server, String url, Path folder) {
        this.server = server;
        this.url = url;
        this.folder = folder;
    }

    void run() throws Exception {
        prepare();
        try (RunningDaemon daemon = RunningDaemon.start(yaml(TEMPLATES))) {
            execute("INSERT INTO roles VALUES ('reader of d')");
            awaitThere("dropped_reader of d", "kept_reader of d", "rows_reader of d");
            assertThat(query("SELECT v FROM \"dropped_reader of d\"")).containsExactly("first");
            assertThat(query("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE '%reader of d'"
                            + " AND relkind IN ('m', 'v') ORDER BY relname"))
                    .containsExactly("owner_of_roles", "role manager", "owner_of_roles");
            assertThat(query("SELECT count(*) || ', unique: ' || count(*) FILTER (WHERE indisunique) FROM pg_index"
                            + " WHERE indrelid = '\"dropped_reader of d\"'::regclass AND indisvalid"))
                    .containsExactly("2, unique: 1");
            theReaderSeesItsOwn();
            nobodyWritesAnIncrementalView();
            execute("INSERT INTO main VALUES (3, 'reader of d', 'second')");
            await().untilAsserted(() -> assertThat(query("SELECT v FROM \"dropped_reader of d\" ORDER BY id"))
                    .containsExactly("first", "second"));
            await().untilAsserted(() -> assertThat(query("SELECT v FROM \"rows_reader of d\" ORDER BY v"))
                    .containsExactly("first", "second"));
            execute("CREATE ROLE theirs", "INSERT INTO roles VALUES ('theirs')");
            awaitThere("kept_theirs");

            aChangedTemplateIsSwapped();
            theReaderSeesItsOwn();

            // Two kinds of views stay: one that refreshd did not create, and those of the template with "removed:
            // keep".
            execute("DELETE FROM roles");
            await().until(() -> query("SELECT relname FROM pg_class WHERE relkind = 'm' ORDER BY 1")
                    .equals(List.of("dropped_theirs", "kept_reader of d", "kept_theirs")));
            await().until(() -> query("SELECT count(*) FROM pg_class WHERE relname LIKE 'rows\\_%'")
                    .equals(List.of("0")));
            assertThat(daemon.refreshes("public.kept_reader of d")).isPositive();
        }
        Slots.drop(url, "roled");
    }

    private void prepare() throws SQLException {
        StrictServer.run(
                server,
                "",
                "CREATE ROLE \"role manager\" LOGIN REPLICATION NOSUPERUSER",
                "CREATE ROLE owner_of_tables",
                "CREATE ROLE owner_of_roles",
                "CREATE ROLE \"reader of d\"",
                "CREATE DATABASE roled",
                "GRANT CREATE ON DATABASE roled TO \"role manager\"",
                "GRANT owner_of_tables, owner_of_roles TO \"role manager\"");
        execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text, v text)",
                "INSERT INTO main VALUES (1, 'reader of d', 'first'), (2, 'theirs', 'hidden')",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "ALTER TABLE main OWNER TO owner_of_tables",
                "ALTER TABLE roles OWNER TO owner_of_tables",
                "GRANT SELECT ON main TO owner_of_roles",
                "GRANT CREATE ON SCHEMA public TO \"role manager\", owner_of_roles",
                "CREATE MATERIALIZED VIEW dropped_theirs AS SELECT 7 AS id");
    }

    /** Neither through the view nor in its table, whatever was granted. */
    private void nobodyWritesAnIncrementalView() throws SQLException {
        String view = "\"rows_reader of d\"";
        String store = query("SELECT store_oid::regclass FROM refreshd.incremental_view")
                .getFirst();
        execute("GRANT ALL ON " + view + " TO \"reader of d\", \"role manager\"");
        for (String role : List.of("owner_of_roles", "\"reader of d\"", "\"role manager\"", "postgres")) {
            for (String write : List.of("INSERT INTO %s VALUES ('x')", "UPDATE %s SET v = 'x'", "DELETE FROM %s")) {
                assertThatThrownBy(() -> execute("SET ROLE " + role + "; " + write.formatted(view)))
                        .as(role + ": " + write)
                        .hasMessageContaining("rows_reader of d");
            }
        }
        for (String role : List.of("owner_of_roles", "owner_of_tables", "\"reader of d\"")) {
            assertThatThrownBy(() -> execute("SET ROLE " + role + "; DELETE FROM " + store))
                    .as(role)
                    .hasMessageContaining("permission denied");
        }
        execute(
                "REVOKE ALL ON " + view + " FROM \"reader of d\", \"role manager\"",
                "GRANT SELECT ON " + view + " TO \"reader of d\"");
    }

    private void theReaderSeesItsOwn() throws SQLException {
        assertThat(query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                        + " AND relkind IN ('r', 'm', 'v') AND has_table_privilege('reader of d', oid, 'SELECT')"
                        + " ORDER BY relname"))
                .containsExactly("dropped_reader of d", "rows_reader of d");
    }

    private void aChangedTemplateIsSwapped() throws Exception {
        String changed = TEMPLATES.replace("SELECT id, v FROM", "SELECT id, upper(v) AS v FROM");
        assertThat(command("plan", changed))
                .contains("~ public.dropped_reader of d  rebuild beside and swap: query")
                .contains("= public.dropped_theirs  left alone")
                .doesNotContain("kept_reader", "rows_reader");
        assertThat(command("apply", changed)).contains("rebuild public.dropped_reader of d … done");
        assertThat(query("SELECT v FROM \"dropped_reader of d\" ORDER BY id")).containsExactly("FIRST", "SECOND");
        assertThat(query("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'dropped_reader of d'"))
                .containsExactly("owner_of_roles");
    }

    private String command(String verb, String templates) throws Exception {
        Path file = Files.writeString(folder.resolve(verb + ".yaml"), yaml(templates));
        StringWriter out = new StringWriter();
        int code = Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .execute(verb, "--config", file.toString());
        assertThat(code).as(out.toString()).isZero();
        return out.toString();
    }

    private void awaitThere(String... views) {
        for (String view : views) {
            await(view)
                    .until(() -> query("SELECT to_regclass('\"" + view + "\"') IS NOT NULL")
                            .equals(List.of("t")));
        }
    }

    private String yaml(String templates) {
        return RunningDaemon.configuration(url, "roled", templates).replace("user: postgres", "user: role manager");
    }

    private void execute(String... statements) throws SQLException {
        StrictServer.run(url, "", statements);
    }

    private List<String> query(String sql) throws SQLException {
        return StrictServer.ask(url, "", sql);
    }
}
