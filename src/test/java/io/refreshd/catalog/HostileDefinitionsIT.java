package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.audit.Verdict;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever may create a view decides how large and how deep its query is. It must not keep other views from being examined. */
class HostileDefinitionsIT {
    /** Stack of the daemon's threads, in bytes, as the launcher sets it. */
    private static final long STACK = 512 * 1024;

    private static final TableId T = new TableId("public", "t");

    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE t (id int PRIMARY KEY, v text)",
                "CREATE MATERIALIZED VIEW plain AS SELECT id FROM t WHERE v = 'x'");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void anExpressionOf800Additions() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, id" + "+1".repeat(800) + " AS n FROM t");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id"))));
        assertThat(lookup(graph, "d").key()).isEmpty();
        assertThat(lookup(graph, "d").why().orElseThrow().what()).contains("could not be examined");
    }

    /** 27 MB of query tree. */
    @Test
    void aListOf150000Constants() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, v FROM t WHERE id IN (" + constants(150_000)
                + ") WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.ALL));
        assertThat(graph.view(view("d")).orElseThrow().untrackedSources())
                .extracting(Obstacle::what)
                .anySatisfy(what -> assertThat(what).contains("too large to be examined"));
        assertThat(lookup(graph, "d").why().orElseThrow().what()).contains("too large to be examined");
        // Its text is not fetched either.
        Audit audit = new Audit(database.jdbi(), UndeterminedQueries::of, Thread::sleep, Duration.ZERO, Duration.ZERO);
        AuditReport report = audit.audit(view("d"));
        assertThat(report.verdict()).isEqualTo(Verdict.UNTRUSTED);
        assertThat(report.detail())
                .isEqualTo("not compared: the query of materialized view d is too large to be examined;"
                        + " refreshd runs as itself only code that it knows");
    }

    /** Constraints, indexes and defaults are in reach of every query over their table. */
    @Test
    void aConstraintOf60000Constants() throws Exception {
        database.execute("ALTER TABLE t ADD CHECK (id IN (" + constants(60_000) + "))");
        ViewGraph graph = graph();
        assertThat(lookup(graph, "plain").key()).isEmpty();
        assertThat(lookup(graph, "plain").why().orElseThrow().what()).contains("too large to be examined");
    }

    /** Examined on the server, and not fetched. */
    @Test
    void aListOf10000Constants() throws Exception {
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id, v, current_date AS day FROM t WHERE id IN ("
                + constants(10_000) + ") WITH NO DATA");
        database.execute("CREATE MATERIALIZED VIEW e AS SELECT id, v FROM t WHERE id IN (" + constants(10_000)
                + ") WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id", "v"))));
        assertThat(graph.view(view("d")).orElseThrow().untrackedSources())
                .extracting(Obstacle::what)
                .singleElement()
                .asString()
                .contains("clock");
        assertThat(lookup(graph, "d").key()).isEmpty();
        assertThat(lookup(graph, "e").key()).isEmpty();
        assertThat(lookup(graph, "e").why().orElseThrow().what()).contains("too large to be examined");
    }

    /** All together fit into no heap; the small ones are examined. */
    @Test
    void hundredViewsOf1400Constants() throws Exception {
        for (int i = 0; i < 100; i++) {
            database.execute("CREATE MATERIALIZED VIEW d" + i + " AS SELECT id, v FROM t WHERE id IN ("
                    + constants(1_400) + ") WITH NO DATA");
        }
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).hasSize(101);
        long fetched = graph.views().keySet().stream()
                .filter(view -> lookup(graph, view.name()).key().isPresent())
                .count();
        assertThat(fetched).as("examined exactly").isBetween(10L, 90L);
        assertThat(lookup(graph, "d99").key()).isEmpty();
        // The others are left out, and use up nothing.
        ViewGraph included = graph(view -> Set.of("plain", "d99").contains(view.name()));
        assertIsExamined(included, "plain");
        assertIsExamined(included, "d99");
        assertThat(included.readersOf(T)).hasSize(2);
    }

    /** What an included view reads of it is known nevertheless. */
    @Test
    void aViewThatIsLeftOutIsNotReadByItsQuery() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW low AS SELECT id, v, now() AS at FROM t",
                "CREATE UNIQUE INDEX ON low (id)",
                "CREATE MATERIALIZED VIEW high AS SELECT id, v FROM low");
        Predicate<ViewId> included = view -> !view.name().equals("low");
        Catalog all = catalog(view -> true);
        Catalog some = catalog(included);
        long low = relation(all, "low");
        assertThat(rule(all, low).tree()).isNotEmpty();
        assertThat(rule(some, low).tree()).isEmpty();
        assertThat(rule(some, low).functions()).isEmpty();
        assertThat(rule(some, low).reads()).extracting(Rule.Read::relation).containsExactly(relation(all, "t"));
        assertThat(some.untrusted()).doesNotContainKey(low);
        ViewGraph graph = ViewGraph.of(some, included);
        ViewGraph before = ViewGraph.of(all, included);
        for (ViewId view : List.of(view("high"), view("plain"))) {
            assertThat(graph.lineageOf(view)).isEqualTo(before.lineageOf(view));
            assertThat(graph.view(view)).isEqualTo(before.view(view));
        }
        assertThat(graph.view(view("high")).orElseThrow().untrackedSources())
                .extracting(Obstacle::what)
                .singleElement()
                .asString()
                .contains("which refreshd does not look after");
    }

    @Test
    void aProofThatTakesTooLongProvesNothing() throws Exception {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            Catalog catalog = CatalogReader.read(connection);
            long plain = relation(catalog, "plain");
            assertThat(LookupTrust.of(connection, List.of(plain), catalog.rules(), LookupTrust.LONGEST))
                    .isEmpty();
            assertThat(LookupTrust.of(connection, List.of(plain), catalog.rules(), Duration.ofMillis(1)))
                    .containsOnlyKeys(plain);
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SHOW statement_timeout")) {
                row.next();
                assertThat(row.getString(1))
                        .as("the transaction goes on, with its own limit")
                        .isEqualTo("0");
            }
        }
    }

    private static long relation(Catalog catalog, String name) {
        return catalog.relations().stream()
                .filter(relation -> relation.name().equals(name))
                .findFirst()
                .orElseThrow()
                .oid();
    }

    private static Rule rule(Catalog catalog, long relation) {
        return catalog.rules().stream()
                .filter(rule -> rule.relation() == relation)
                .findFirst()
                .orElseThrow();
    }

    private Catalog catalog(Predicate<ViewId> included) throws Exception {
        try (Connection connection = database.connect()) {
            return CatalogReader.read(connection, included);
        }
    }

    @Test
    void aChainOf3000PlainViews() throws Exception {
        database.execute("CREATE VIEW c0 AS SELECT id FROM t");
        database.execute(IntStream.range(1, 3_000)
                .mapToObj(i -> "CREATE VIEW c" + i + " AS SELECT id FROM c" + (i - 1))
                .toArray(String[]::new));
        database.execute("CREATE MATERIALIZED VIEW d AS SELECT id FROM c2999 WITH NO DATA");
        ViewGraph graph = graph();
        assertIsExamined(graph, "plain");
        assertThat(graph.readersOf(T)).contains(new Reader(view("d"), ReadColumns.of(List.of("id"))));
    }

    private static void assertIsExamined(ViewGraph graph, String name) {
        assertThat(lookup(graph, name).key()).as(name).isPresent();
    }

    private static Lookup lookup(ViewGraph graph, String name) {
        return graph.changeFilter(T, view(name)).lookup();
    }

    private static String constants(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    private static ViewId view(String name) {
        return new ViewId("public", name);
    }

    /** On a thread with as small a stack as the daemon's. */
    private ViewGraph graph() throws Exception {
        return graph(view -> true);
    }

    private ViewGraph graph(Predicate<ViewId> included) throws Exception {
        CompletableFuture<ViewGraph> graph = new CompletableFuture<>();
        new Thread(
                        null,
                        () -> {
                            try (Connection connection = database.connect()) {
                                graph.complete(ViewGraph.of(CatalogReader.read(connection, included), included));
                            } catch (Throwable e) {
                                graph.completeExceptionally(e);
                            }
                        },
                        "reader",
                        STACK)
                .start();
        return TestTimeout.get(graph);
    }
}
