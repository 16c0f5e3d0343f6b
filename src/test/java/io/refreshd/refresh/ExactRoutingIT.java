package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.routing.Router;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

/**
 * What is decided, against what PostgreSQL says: random views, random changes, and for each view "content differs from
 * definition" before the decision. {@code -Drefreshd.decisions=100000} is the long form, {@code -Drefreshd.seed} repeats one.
 */
class ExactRoutingIT {
    private static final int STEPS = 12;

    private long decisions;
    private long avoided;
    private long eligible;
    private long falseAlarms;

    @Test
    void neverCallsAViewUnaffectedThatDiffers() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime());
        long wanted = Long.getLong("refreshd.decisions", 2_000);
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.connect();
                Connection ledger = database.connect()) {
            Handle handle = Jdbi.create(ledger).open();
            LedgerSchema.migrate(handle);
            StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.ZERO));
            PostgresRefresher refresher = new PostgresRefresher(
                    Jdbi.create(ledger),
                    "postgres",
                    new RefreshLimits(Duration.ofSeconds(10), Duration.ofSeconds(30)),
                    () -> new Moment(System.nanoTime(), Instant.now()));
            execute(connection, "CREATE PUBLICATION exact FOR ALL TABLES");
            execute(connection, "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
            for (long round = seed; decisions < wanted; round++) {
                round(round, connection, database.slot(), handle, refresher);
            }
        } finally {
            System.out.printf(
                    "seed %d: %,d decisions, %,d unaffected; of %,d looked up %,d refreshed without need%n",
                    seed, decisions, avoided, eligible, falseAlarms);
        }
        assertThat(avoided).as("views found unaffected").isPositive();
    }

    private void round(long seed, Connection connection, String slot, Handle handle, PostgresRefresher refresher)
            throws Exception {
        RandomViews random = new RandomViews(new Random(seed));
        for (String sql : random.schema()) {
            execute(connection, sql);
        }
        Map<String, String> definitions = new HashMap<>();
        for (int i = 0; i < 6; i++) {
            String query = random.view();
            try {
                execute(connection, "CREATE MATERIALIZED VIEW v" + i + " AS " + query);
                definitions.put("v" + i, query);
            } catch (SQLException notAView) {
                // Not every sentence of the grammar is one of SQL: a column that a view lacks, types that do not
                // compare.
            }
        }
        ViewGraph graph = ViewGraph.of(
                CatalogReader.read(connection), view -> view.schema().equals("public"));
        ViewRows.register(
                handle,
                graph.views().values().stream()
                        .map(view -> new Registration(view.id(), view.oid(), "l", List.of(), false))
                        .toList());
        Router router = new Router(graph);
        DecodedChanges changes = new DecodedChanges();
        execute(connection, "SELECT pg_replication_slot_advance('" + slot + "', pg_current_wal_lsn())");
        Map<ViewId, List<Impact>> open = new HashMap<>();
        for (int step = 0; step < STEPS; step++) {
            List<String> sql = random.change();
            transaction(connection, sql);
            for (Impact impact :
                    router.route(changes.take(connection, slot, "exact")).impacts()) {
                open.computeIfAbsent(impact.view(), id -> new ArrayList<>()).add(impact);
            }
            if (step % 3 == 1) {
                continue; // two transactions in one refresh
            }
            for (ViewId view : graph.views().keySet()) {
                decide(seed, view, definitions, open.remove(view), graph, connection, refresher, sql);
            }
        }
    }

    private void decide(
            long seed,
            ViewId view,
            Map<String, String> definitions,
            List<Impact> impacts,
            ViewGraph graph,
            Connection connection,
            PostgresRefresher refresher,
            List<String> sql)
            throws SQLException {
        boolean differs = differs(connection, view.name(), definitions.get(view.name()));
        boolean affected = impacts != null;
        boolean probed =
                affected && impacts.stream().noneMatch(impact -> impact.probes().isEmpty());
        if (affected) {
            RefreshOutcome outcome = refresher.refresh(new RefreshTask(
                    view,
                    graph.view(view).orElseThrow().oid(),
                    Method.PLAIN,
                    Set.of(),
                    0,
                    Optional.empty(),
                    Set.of(),
                    0,
                    Optional.empty(),
                    probed
                            ? impacts.stream()
                                    .flatMap(impact -> impact.probes().stream())
                                    .toList()
                            : List.of()));
            assertThat(outcome).isInstanceOfAny(RefreshOutcome.Refreshed.class, RefreshOutcome.Unchanged.class);
            affected = outcome instanceof RefreshOutcome.Refreshed;
        }
        decisions++;
        if (probed) {
            eligible++;
            if (affected && !differs) {
                falseAlarms++;
            }
        }
        if (!affected) {
            avoided++;
            assertThat(differs)
                    .as("seed %d: %s AS %s is called unaffected by %s", seed, view, definitions.get(view.name()), sql)
                    .isFalse();
        }
    }

    /** By the text of whole rows: another way to compare than the one that is tested. */
    private static boolean differs(Connection connection, String view, String definition) throws SQLException {
        String is = "SELECT v::text FROM " + view + " v";
        String should = "SELECT d::text FROM (" + definition + ") d";
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT EXISTS ((" + is + " EXCEPT ALL " + should
                        + ") UNION ALL (" + should + " EXCEPT ALL " + is + "))")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void transaction(Connection connection, List<String> statements) throws SQLException {
        String body = statements.stream()
                .map(sql -> "BEGIN " + sql + "; EXCEPTION WHEN unique_violation THEN NULL; END;")
                .collect(Collectors.joining("\n"));
        execute(connection, "DO $do$ BEGIN " + body + " END $do$");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
