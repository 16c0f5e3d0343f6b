package io.refreshd.roles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.client.RefreshResult;
import io.refreshd.client.RoleViewName;
import io.refreshd.client.RoleViews;
import io.refreshd.model.Method;
import io.refreshd.model.SqlNames;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The daemon makes, keeps and drops role views of {@code kind: incremental}, in two schemas. */
@NullUnmarked // Set before the first test.
class IncrementalRoleViewsIT {
    record Item(int id, String title, String k) {}

    /** Names of 63 bytes, quotes, capitals, umlauts. */
    private static final List<String> NAMES = List.of("a", "It's \"b\"", "Größe", "x".repeat(80));

    private static final String TEMPLATE = """
            kind: incremental
            query: >-
              SELECT m.id, m.title, d.k FROM public.main m LEFT JOIN public.details d ON d.main_id = m.id WHERE m.role = {role}
            roles-query: SELECT name FROM public.roles
            removed: drop
            """;

    private static TestDatabase database;
    private static RunningDaemon daemon;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE SCHEMA \"Second one\"",
                "CREATE ROLE incremental_reader",
                "CREATE TABLE roles (name text PRIMARY KEY)",
                "CREATE TABLE main (id int PRIMARY KEY, role text, title text)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int UNIQUE, k text)",
                "INSERT INTO roles SELECT * FROM unnest(ARRAY["
                        + NAMES.stream().map(SqlNames::literal).collect(java.util.stream.Collectors.joining(", "))
                        + "])",
                "INSERT INTO main SELECT i, name, 'title ' || i FROM generate_series(1, 40) i JOIN (SELECT name, row_number() OVER () n FROM roles) r ON r.n = 1 + i % 4",
                "INSERT INTO details SELECT i, i, 'k' || i FROM generate_series(1, 30) i");
        // The polling interval is longer than the test: only the WAL can announce a new role.
        daemon = RunningDaemon.startLookingRarely(
                database,
                "role-views:\n  templates:\n"
                        + "    public.role_{role}:\n"
                        + (TEMPLATE + "unique-key: [id]\nindexes: [title]\ngrant-to: incremental_reader\n").indent(6)
                        + "    'Second one.role_{role}':\n" + TEMPLATE.indent(6));
        for (String role : NAMES) {
            daemon.awaitPhase(id("public", role), ViewPhase.FRESH);
            daemon.awaitPhase(id("Second one", role), ViewPhase.FRESH);
        }
    }

    @AfterAll
    static void drop() throws Exception {
        daemon.close();
        database.execute("DROP OWNED BY incremental_reader", "DROP ROLE incremental_reader");
        database.close();
    }

    private static String id(String schema, String role) {
        return new io.refreshd.model.ViewId(
                        schema, RoleViewName.of("role_{role}").nameFor(role))
                .toString();
    }

    private static String sql(String schema, String role) {
        return SqlNames.identifier(schema) + "."
                + SqlNames.identifier(RoleViewName.of("role_{role}").nameFor(role));
    }

    private static void awaitFresh(String view) {
        FreshnessWait.await(view.replace("'", "''"), database::query);
    }

    @Test
    void eachRoleHasItsRowsInBothSchemasAndTheyFollow() throws Exception {
        database.execute(
                "UPDATE main SET title = title || '!'", "UPDATE details SET k = 'new' WHERE id IN (1, 2, 3, 4)");
        for (String schema : List.of("public", "Second one")) {
            for (String role : NAMES) {
                String view = sql(schema, role);
                awaitFresh(view);
                assertThat(database.query("SELECT x::text FROM " + view + " x ORDER BY id"))
                        .as(view)
                        .isEqualTo(database.query(
                                "SELECT x::text FROM (SELECT m.id, m.title, d.k FROM main m LEFT JOIN details d ON d.main_id = m.id"
                                        + " WHERE m.role = " + SqlNames.literal(role) + ") x ORDER BY id"))
                        .hasSize(10);
                assertThat(daemon.view(id(schema, role)).orElseThrow().method()).isEqualTo(Method.INCREMENTAL);
                assertThat(database.query("SELECT has_table_privilege('incremental_reader', '" + view.replace("'", "''")
                                + "', 'SELECT')"))
                        .containsExactly(schema.equals("public") ? "t" : "f");
            }
        }
        assertThat(database.query("SELECT count(*) FROM refreshd.refresh_history WHERE detail LIKE '%keys recomputed'"))
                .as("at least one round went by keys")
                .isNotEqualTo(List.of("0"));
    }

    @Test
    void theClientReadsItByKeyAndByPage() throws Exception {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(database.url());
        source.setUser("postgres");
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("SET ROLE incremental_reader");
            statement.execute("SELECT * FROM role_a");
        }
        var view = RoleViews.of(source, "public.role_{role}", Item.class).forRole("Größe");
        List<Item> all = view.all();
        assertThat(all).hasSize(10);
        assertThat(view.byKey(all.getFirst().id())).contains(all.getFirst());
        var first = view.firstPage(7);
        assertThat(first.rows()).hasSize(7);
        assertThat(view.pageAfter(first.next().orElseThrow(), 7).rows()).hasSize(3);
        assertThat(view.refresh(true)).isEqualTo(RefreshResult.REQUESTED);
    }

    @Test
    void aNewRoleHasItsViewWithinSecondsAndLosesItWhenItGoes() throws Exception {
        String role = "Late \"1\"";
        String view = sql("public", role);
        database.execute(
                "INSERT INTO main VALUES (1000, " + SqlNames.literal(role) + ", 'late')",
                "INSERT INTO roles VALUES (" + SqlNames.literal(role) + ")");
        await().until(() -> daemon.view(id("public", role)).isPresent()
                && daemon.view(id("Second one", role)).isPresent());
        awaitFresh(view);
        assertThat(database.query("SELECT title FROM " + view)).containsExactly("late");
        database.execute("UPDATE main SET title = 'later' WHERE id = 1000");
        awaitFresh(view);
        assertThat(database.query("SELECT title FROM " + view)).containsExactly("later");
        database.execute("DELETE FROM roles WHERE name = " + SqlNames.literal(role));
        await().until(() -> daemon.view(id("public", role)).isEmpty()
                && daemon.view(id("Second one", role)).isEmpty());
        await().until(() -> database.query(
                        "SELECT count(*) FROM pg_class WHERE relnamespace = 'refreshd_store'::regnamespace AND relname LIKE '%Late%'")
                .equals(List.of("0")));
    }

    @Test
    void aRoleViewWithoutItsDefinitionIsMadeAgainOnceItIsDropped() throws Exception {
        String role = "Broken";
        String view = sql("Second one", role);
        database.execute("INSERT INTO roles VALUES ('Broken')");
        daemon.awaitPhase(id("Second one", role), ViewPhase.FRESH);
        String definition = database.query(
                        "SELECT 'refreshd_store.' || quote_ident(relname) FROM pg_class c JOIN refreshd.incremental_view i ON c.oid = i.definition_oid WHERE view_oid = "
                                + SqlNames.literal(view) + "::regclass")
                .getFirst();
        database.execute("DROP VIEW " + definition);
        daemon.awaitPhase(id("Second one", role), ViewPhase.SUSPENDED);
        List<String> remedy = database.query("SELECT unnest(remedy_sql) FROM refreshd.freshness WHERE view_oid = "
                + SqlNames.literal(view) + "::regclass");
        assertThat(remedy).containsExactly("DROP VIEW " + view);
        database.execute(
                remedy.getFirst(),
                "UPDATE roles SET name = name WHERE name = 'Broken'",
                "INSERT INTO main VALUES (2000, 'Broken', 'whole')");
        await().until(() -> database.query("SELECT to_regclass(" + SqlNames.literal(view) + ") IS NOT NULL")
                .equals(List.of("t")));
        awaitFresh(view);
        assertThat(database.query("SELECT title FROM " + view)).containsExactly("whole");
    }
}
