package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.ViewId;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * Set-up for cases of converted views: changes come from the log, and are routed. After each round the view, and its maps of rows to
 * groups, hold what their definitions give.
 */
abstract class ConvertedCases {
    static IncrementalFixture fixture;
    static Connection connection;
    /** The views of former cases. Nobody asks about them, and to read them would cost more than the case. */
    private static Set<ViewId> former = Set.of();

    @BeforeAll
    static void create() throws Exception {
        fixture = new IncrementalFixture();
        connection = fixture.database.connect();
        execute(
                "CREATE PUBLICATION cases FOR TABLES IN SCHEMA public",
                "SELECT pg_create_logical_replication_slot('" + fixture.database.slot() + "', 'pgoutput')");
    }

    @AfterAll
    static void drop() throws Exception {
        connection.close();
        fixture.close();
    }

    @BeforeEach
    void leaveOutFormerViews() throws Exception {
        former = fixture.views();
    }

    static void execute(String... sql) throws Exception {
        fixture.database.execute(sql);
    }

    /** Converts a view with this query. */
    static void view(String name, String query) throws Exception {
        execute("CREATE MATERIALIZED VIEW " + name + " AS " + query);
        try (Handle own = fixture.connectAsRefreshd()) {
            Conversion.forward(own, new ViewId("public", name));
        }
        fixture.adopt(name);
        routed(name); // what filled the tables
        assertThat(fixture.differs(layout(name))).isFalse();
    }

    static StoreLayout layout(String name) throws Exception {
        return StoreLayout.read(fixture.handle, fixture.oid(name)).orElseThrow();
    }

    /** What would become of a materialized view with this query. */
    static IncrementalQuery plan(String query) throws Exception {
        execute("CREATE MATERIALIZED VIEW made AS " + query);
        IncrementalQuery plan =
                new RecomputeKeys(CatalogReader.read(connection, ConvertedCases::isOfThisCase)).of(fixture.oid("made"));
        execute("DROP MATERIALIZED VIEW made");
        return plan;
    }

    static List<String> refused(String query) throws Exception {
        return plan(query).obstacles().stream().map(Obstacle::what).toList();
    }

    private static boolean isOfThisCase(ViewId view) {
        return !former.contains(view);
    }

    /** Reads the log and routes it. @return empty if everything must be recomputed; no look-up at all if nothing concerns the view */
    static Optional<List<KeyLookup>> routed(String view) throws Exception {
        Router router = new Router(ViewGraph.of(
                CatalogReader.read(connection, ConvertedCases::isOfThisCase), ConvertedCases::isOfThisCase));
        Routing routing =
                router.route(new DecodedChanges(router::interestIn).take(connection, fixture.database.slot(), "cases"));
        List<Impact> impacts = Stream.concat(routing.impacts().stream(), routing.candidates().stream())
                .filter(impact -> impact.view().equals(new ViewId("public", view)))
                .toList();
        return impacts.stream().anyMatch(impact -> impact.lookups().isEmpty())
                ? Optional.empty()
                : Optional.of(impacts.stream()
                        .flatMap(impact -> impact.lookups().stream())
                        .toList());
    }

    /** Plays one round for what the log holds, and compares. @return how many rows changed */
    static long byKeys(String view, String... changes) throws Exception {
        execute(changes);
        List<KeyLookup> lookups = routed(view).orElseThrow();
        assertThat(lookups).as("changes that concern the view").isNotEmpty();
        long changed = round(view, lookups);
        assertThat(fixture.lastDetail(view)).contains("recomputed").doesNotContain("everything");
        return changed;
    }

    static long round(String view, List<KeyLookup> lookups) throws Exception {
        // What everything took is not known, so that keys are never the dearer way.
        fixture.refresher = fixture.newRefresher();
        RefreshOutcome outcome =
                fixture.refresher.refresh(fixture.task(view, Set.of(), lookups), position -> Optional.of(List.of()));
        assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(fixture.differs(layout(view))).isFalse();
        return ((RefreshOutcome.Refreshed) outcome).rowsChanged().orElseThrow();
    }

    static List<String> rows(String view) throws Exception {
        return fixture.database.query("SELECT shown::text FROM public." + view + " shown ORDER BY 1");
    }
}
