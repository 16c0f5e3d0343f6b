package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.IncrementalStore;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Reads incremental views from a real server, and checks that the graph shows each as the materialized view that it stands for. Every
 * case runs in a transaction that is rolled back.
 */
class IncrementalViewsIT {
    private static final ViewId VIEW = new ViewId("public", "v");
    private static final ViewId STORE = new ViewId("refreshd_store", "v_1");
    private static TestDatabase database;

    private Connection connection;

    @BeforeAll
    static void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE ROLE incremental_owner",
                "CREATE SCHEMA refreshd",
                """
                CREATE TABLE refreshd.incremental_view (view_oid oid PRIMARY KEY, store_oid oid NOT NULL,
                    definition_oid oid NOT NULL, recompute_key int[] NOT NULL, definition text NOT NULL)
                """,
                "CREATE SCHEMA refreshd_store",
                "CREATE TABLE main (id int PRIMARY KEY, title text, role text)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int REFERENCES main, v text)",
                "CREATE VIEW details_of_all AS SELECT * FROM details",
                "GRANT SELECT ON main, details_of_all TO incremental_owner",
                "GRANT CREATE ON SCHEMA public TO incremental_owner",
                """
                CREATE VIEW refreshd_store.v_1_definition AS
                SELECT m.id AS refreshd_1, d.id AS refreshd_2, m.title, d.v
                  FROM main m LEFT JOIN details_of_all d ON d.main_id = m.id WHERE m.role = 'a'
                """,
                "CREATE TABLE refreshd_store.v_1 AS SELECT * FROM refreshd_store.v_1_definition",
                "CREATE INDEX ON refreshd_store.v_1 (refreshd_2)",
                "CREATE VIEW v AS SELECT s.title, s.v FROM refreshd_store.v_1 AS s CROSS JOIN (SELECT) AS read_only",
                "ALTER VIEW v OWNER TO incremental_owner",
                "GRANT SELECT ON refreshd_store.v_1 TO incremental_owner",
                """
                INSERT INTO refreshd.incremental_view VALUES ('v'::regclass, 'refreshd_store.v_1'::regclass,
                    'refreshd_store.v_1_definition'::regclass, '{1}', '')
                """,
                "CREATE MATERIALIZED VIEW other AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX ON other (id)");
    }

    @AfterAll
    static void drop() throws Exception {
        database.execute("DROP OWNED BY incremental_owner CASCADE", "DROP ROLE incremental_owner");
        database.close();
    }

    @BeforeEach
    void begin() throws Exception {
        connection = database.connect();
        connection.setAutoCommit(false);
    }

    @AfterEach
    void rollback() throws Exception {
        connection.rollback();
        connection.close();
    }

    @Test
    void isAMaterializedViewWithTheQueryOfItsDefinitionAndTheColumnsOfItsStore() throws Exception {
        ViewGraph graph = graph();
        assertThat(graph.views()).containsOnlyKeys(VIEW, new ViewId("public", "other"));
        MaterializedView view = view();
        assertThat(view.method(Method.PLAIN)).isEqualTo(Method.INCREMENTAL);
        assertThat(view.obstacleTo(Method.INCREMENTAL))
                .as("it needs no unique index")
                .isEmpty();
        assertThat(view.untrackedSources()).isEmpty();
        assertThat(view.incremental().flatMap(IncrementalView::store))
                .contains(new IncrementalStore(STORE, new ViewId("refreshd_store", "v_1_definition"), List.of(1)));
        assertThat(graph.stores()).containsExactly(java.util.Map.entry(VIEW, STORE));
        assertThat(graph.tables()).containsOnlyKeys(table("main"), table("details"));
        assertThat(graph.changeFilter(table("main"), VIEW).discriminator())
                .hasValueSatisfying(role -> assertThat(role.values()).containsExactly("a"));
        assertThat(lookup("main").positions()).containsExactly(1);
        assertThat(lookup("main").indexed()).isFalse();
        assertThat(lookup("details").positions()).containsExactly(2);
        assertThat(lookup("details").indexed()).as("an index of the store").isTrue();
        assertThat(lookup("main").mostKeys()).isEqualTo(10_000);
    }

    /** The owner of the view may read the store, and so build on it. */
    @Test
    void whatReadsTheViewOrItsStoreStandsOnTheView() throws Exception {
        execute(
                "CREATE MATERIALIZED VIEW on_view AS SELECT title FROM v",
                "CREATE MATERIALIZED VIEW on_store AS SELECT refreshd_1 FROM refreshd_store.v_1",
                "CREATE VIEW plain AS SELECT * FROM refreshd_store.v_1",
                "CREATE MATERIALIZED VIEW on_plain AS SELECT refreshd_1 FROM plain");
        ViewGraph graph = graph();
        assertThat(graph.downstreamOf(VIEW))
                .containsExactlyInAnyOrder(
                        new ViewId("public", "on_view"),
                        new ViewId("public", "on_store"),
                        new ViewId("public", "on_plain"));
        assertThat(graph.views().keySet()).extracting(ViewId::schema).containsOnly("public");
        assertThat(graph.tables()).containsOnlyKeys(table("main"), table("details"));
    }

    @Test
    void aMissingOrAlteredPartSuspendsTheViewAndNothingIsClaimedOfIt() throws Exception {
        damaged("DROP VIEW refreshd_store.v_1_definition", "the definition of \"public\".\"v\" was dropped");
        damaged("ALTER TABLE refreshd_store.v_1 ADD COLUMN more int", "does not have the columns of");
        damaged("ALTER TABLE refreshd_store.v_1 RENAME COLUMN refreshd_1 TO x", "does not have the columns of");
        damaged("UPDATE refreshd.incremental_view SET recompute_key = '{7}'", "does not have the columns of");
        damaged("ALTER TABLE refreshd_store.v_1 OWNER TO incremental_owner", "does not belong to the role");
        damaged("ALTER TABLE refreshd_store.v_1 SET UNLOGGED", "was altered");
        damaged(
                "CREATE OR REPLACE VIEW v AS SELECT title, v FROM refreshd_store.v_1 WHERE title <> ''",
                "was replaced");
        damaged("CREATE OR REPLACE VIEW v AS SELECT v AS title, title AS v FROM refreshd_store.v_1", "was replaced");
        damaged("CREATE OR REPLACE VIEW v AS SELECT title, ''::text AS v FROM main", "was replaced");
        damaged(
                "CREATE OR REPLACE VIEW v AS SELECT s.title, s.v FROM refreshd_store.v_1 s CROSS JOIN (SELECT LIMIT 0) n",
                "was replaced");
        damaged(
                "CREATE OR REPLACE VIEW v AS SELECT title, v FROM refreshd_store.v_1 s JOIN (SELECT) n ON title <> ''",
                "was replaced");
    }

    private void damaged(String statement, String what) throws Exception {
        execute("SAVEPOINT before", statement);
        MaterializedView view = view();
        assertThat(view.obstacleTo(Method.INCREMENTAL)).as(statement).hasValueSatisfying(obstacle -> {
            assertThat(obstacle.what()).contains(what);
            assertThat(obstacle.remedy().isEmpty()).isFalse();
        });
        assertThat(view.untrackedSources())
                .as(statement)
                .contains(view.obstacleTo(Method.INCREMENTAL).orElseThrow());
        assertThat(view.incremental().flatMap(IncrementalView::store)).isEmpty();
        assertThat(graph().view(new ViewId("public", "other")).orElseThrow().untrackedSources())
                .isEmpty();
        execute("ROLLBACK TO before");
    }

    /** The statement that the remedy names mends the view. */
    @Test
    void aReplacedViewIsMendedByTheRemedy() throws Exception {
        execute("CREATE OR REPLACE VIEW v AS SELECT title, v FROM refreshd_store.v_1 LIMIT 1");
        execute(view().obstacleTo(Method.INCREMENTAL)
                .orElseThrow()
                .remedy()
                .sql()
                .getFirst());
        assertThat(view().obstacleTo(Method.INCREMENTAL)).isEmpty();
    }

    /** A restored dump has other oids: the ledger's may belong to nobody, or to anybody. */
    @Test
    void aStoreThatTheLedgerDoesNotKnowSuspendsItsView() throws Exception {
        execute("""
                UPDATE refreshd.incremental_view SET view_oid = 'details_of_all'::regclass, store_oid = 1,
                    definition_oid = 'main'::regclass
                """);
        assertThat(graph().views()).doesNotContainKey(new ViewId("public", "details_of_all"));
        Obstacle obstacle = view().obstacleTo(Method.INCREMENTAL).orElseThrow();
        assertThat(obstacle.what()).contains("a dump was restored");
        assertThat(view().untrackedSources()).contains(obstacle);
        execute("UPDATE refreshd.incremental_view SET view_oid = 1");
        execute(obstacle.remedy().sql().getFirst());
        assertThat(view().obstacleTo(Method.INCREMENTAL)).isEmpty();
    }

    @Test
    void aViewWhoseOwnerMayNotReadItsSourcesIsSuspended() throws Exception {
        forbidden("REVOKE SELECT ON main FROM incremental_owner", "may not read \"public\".\"main\"");
        forbidden(
                "REVOKE SELECT ON details_of_all FROM incremental_owner", "may not read \"public\".\"details_of_all\"");
        forbidden("ALTER VIEW details_of_all SET (security_invoker = true)", "may not read \"public\".\"details\"");
        forbidden("ALTER TABLE details ENABLE ROW LEVEL SECURITY", "row-level security of \"public\".\"details\"");
        execute(
                "REVOKE SELECT ON main FROM incremental_owner",
                "GRANT SELECT (id, title, role) ON main TO incremental_owner");
        assertThat(view().obstacleTo(Method.INCREMENTAL)).isEmpty();
        execute("REVOKE SELECT (role) ON main FROM incremental_owner");
        assertThat(view().obstacleTo(Method.INCREMENTAL)).isPresent();
    }

    /** Its rows are as they were: what was claimed stays claimed, as of a materialized view that cannot be refreshed. */
    private void forbidden(String statement, String what) throws Exception {
        String lineage = graph().lineageOf(VIEW);
        execute("SAVEPOINT before", statement);
        assertThat(view().obstacleTo(Method.INCREMENTAL))
                .as(statement)
                .hasValueSatisfying(obstacle -> assertThat(obstacle.what()).contains(what));
        assertThat(view().untrackedSources()).as(statement).isEmpty();
        assertThat(graph().lineageOf(VIEW))
                .as("all rows are recomputed: " + statement)
                .isNotEqualTo(lineage);
        execute("ROLLBACK TO before");
    }

    @Test
    void aDefinitionThatRunsCodeOfOthersIsSuspended() throws Exception {
        execute("CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN upper($1)", """
                CREATE OR REPLACE VIEW refreshd_store.v_1_definition AS
                SELECT m.id AS refreshd_1, d.id AS refreshd_2, shout(m.title) AS title, d.v
                  FROM main m LEFT JOIN details_of_all d ON d.main_id = m.id WHERE m.role = 'a'
                """);
        assertThat(view().obstacleTo(Method.INCREMENTAL)).as("a superuser's").isEmpty();
        execute("ALTER FUNCTION shout(text) OWNER TO incremental_owner");
        assertThat(view().obstacleTo(Method.INCREMENTAL))
                .hasValueSatisfying(obstacle -> assertThat(obstacle.what()).contains("shout"));
    }

    @Test
    void theFingerprintTellsOfEachPart() throws Exception {
        for (String statement : List.of(
                "DROP VIEW refreshd_store.v_1_definition",
                "ALTER TABLE refreshd_store.v_1 ADD COLUMN more int",
                "CREATE INDEX ON refreshd_store.v_1 (refreshd_1)",
                "CREATE OR REPLACE VIEW v AS SELECT title, v FROM refreshd_store.v_1 LIMIT 1",
                "CREATE VIEW reader AS SELECT title FROM refreshd_store.v_1",
                "ALTER VIEW v RENAME TO w",
                "ALTER TABLE main ADD COLUMN more int",
                "CREATE TABLE refreshd_store.w_2 AS SELECT 1 AS one; CREATE VIEW w AS SELECT * FROM refreshd_store.w_2",
                "REVOKE SELECT ON main FROM incremental_owner")) {
            execute("SAVEPOINT before");
            Fingerprint before = CatalogReader.fingerprint(connection);
            execute(statement);
            assertThat(before.isCurrent(connection)).as(statement).isFalse();
            execute("ROLLBACK TO before");
        }
        Fingerprint before = CatalogReader.fingerprint(connection);
        execute("INSERT INTO refreshd_store.v_1 VALUES (1, 1, 'a', 'b')", "ANALYZE refreshd_store.v_1");
        assertThat(before.isCurrent(connection)).isTrue();
    }

    @Test
    void theVersionTellsOfWhateverMakesKeysMeaningless() throws Exception {
        for (String statement : List.of(
                "ALTER TABLE main ADD COLUMN more int",
                "CREATE OR REPLACE VIEW details_of_all AS SELECT * FROM details WHERE v <> ''",
                "CREATE TABLE child () INHERITS (details)",
                "ALTER TABLE refreshd_store.v_1 DROP COLUMN title CASCADE")) {
            execute("SAVEPOINT before");
            String before = version();
            execute(statement);
            assertThat(version()).as(statement).isNotEqualTo(before);
            execute("ROLLBACK TO before");
        }
        String before = version();
        assertThat(view().incremental().map(IncrementalView::version)).contains(before);
        execute("INSERT INTO main VALUES (1, 'x', 'a')", "ANALYZE main", "CREATE INDEX ON main (title)");
        assertThat(version()).isEqualTo(before);
    }

    private String version() throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT definition_oid, store_oid FROM refreshd.incremental_view")) {
            row.next();
            return DefinitionVersion.of(connection, row.getLong(1), row.getLong(2));
        }
    }

    @Test
    void whatAlterTransactionsDoToAPartConcernsTheView() throws Exception {
        Catalog catalog = CatalogReader.read(connection);
        ViewGraph graph = ViewGraph.of(catalog, name -> true);
        DependentViews dependents = DependentViews.of(catalog, graph);
        for (String part :
                List.of("v", "refreshd_store.v_1", "refreshd_store.v_1_definition", "details", "details_of_all")) {
            assertThat(dependents.on(List.of(new ObjectRef(1259, oid(part)))))
                    .as(part)
                    .containsKey(VIEW);
        }
    }

    @Test
    void aRoleThatMayNotReadTheLedgerSeesPlainViews() throws Exception {
        execute("SET LOCAL ROLE incremental_owner");
        assertThat(graph().views()).containsOnlyKeys(new ViewId("public", "other"), VIEW);
        assertThat(view().obstacleTo(Method.INCREMENTAL)).isPresent();
        execute("RESET ROLE", "DROP SCHEMA refreshd CASCADE", "DROP SCHEMA refreshd_store CASCADE");
        assertThat(graph().views()).containsOnlyKeys(new ViewId("public", "other"));
    }

    private long oid(String relation) throws SQLException {
        try (Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT '" + relation + "'::regclass::oid")) {
            row.next();
            return row.getLong(1);
        }
    }

    private ViewGraph graph() throws SQLException {
        return ViewGraph.of(CatalogReader.read(connection), name -> true);
    }

    private MaterializedView view() throws SQLException {
        return graph().view(VIEW).orElseThrow();
    }

    private LookupKey lookup(String table) throws SQLException {
        Optional<LookupKey> key =
                graph().changeFilter(table(table), VIEW).lookup().key();
        return key.orElseThrow();
    }

    private static TableId table(String name) {
        return new TableId("public", name);
    }

    private void execute(String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
