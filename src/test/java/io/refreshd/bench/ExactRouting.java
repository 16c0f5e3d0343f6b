package io.refreshd.bench;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.Impact;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.Comparison;
import io.refreshd.refresh.Membership;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** The cost of deciding which views a change of one row affects, and what that saves. */
final class ExactRouting {
    private static final int CHANGES = 50;
    /** The first changes are not measured: nothing is prepared or compiled yet. */
    private static final int WARM_UP = 10;

    private final BenchDatabase database;
    private final Map<String, Object> results;
    private final Random random;

    ExactRouting(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.results = results;
        this.random = new Random(options.seed());
    }

    /**
     * A change of one row.
     *
     * @param change the assignment; %d is the number of role views
     * @param ofAView whether the role of the row has a view
     * @param altered the number of views that the change alters
     */
    record Kind(String title, String change, boolean ofAView, int altered) {
        /** Roles are assigned to rows in turn. The first half of the roles have a view each. */
        String sql(Random random, int views) {
            int id = 1 + random.nextInt(views) + (ofAView ? 0 : views) + 2 * views * random.nextInt(50);
            return "UPDATE main SET " + change.formatted(views) + " WHERE id = " + id;
        }
    }

    static final List<Kind> KINDS = List.of(
            new Kind("a row of a role with a view", "title = title || '.'", true, 1),
            new Kind("a row that moves to another such role", "role_id = (role_id + 1) %% %d", true, 2),
            new Kind("a row of a role without a view", "title = title || '.'", false, 0),
            new Kind("a column that no view reads", "note = note || '.'", true, 0));

    void run(int rows) throws Exception {
        for (int views : List.of(100, 1_000)) {
            database.layOut(Layout.ofRoles(rows, views));
            database.reset();
            String title = "decisions, %,d role views, %,d rows".formatted(views, rows);
            try (Connection connection = database.connect()) {
                long begin = System.nanoTime();
                ViewGraph graph = ViewGraph.of(CatalogReader.read(connection), view -> true);
                note(title, "catalog read and graph made", millis(System.nanoTime() - begin));
                execute(connection, "CREATE PUBLICATION exact FOR TABLE main");
                execute(connection, "SELECT pg_create_logical_replication_slot('exact', 'pgoutput')");
                for (Kind kind : KINDS) {
                    decide(title + ", " + kind.title(), connection, graph, views, kind);
                }
                execute(connection, "ALTER TABLE main REPLICA IDENTITY DEFAULT");
                ViewGraph keysOnly = ViewGraph.of(CatalogReader.read(connection), view -> true);
                for (Kind kind : KINDS) {
                    decide(title + ", keys alone in the log, " + kind.title(), connection, keysOnly, views, kind);
                }
                execute(connection, "SELECT pg_drop_replication_slot('exact')");
            }
            new DaemonDecisions(database, this::note, random).run(title, views);
        }
        for (int size : List.of(10_000, 100_000, 1_000_000)) {
            if (size <= rows) {
                againstRefresh(size);
            }
        }
    }

    private void decide(String title, Connection connection, ViewGraph graph, int views, Kind kind)
            throws SQLException {
        Router router = new Router(graph);
        DecodedChanges decoder = new DecodedChanges(router::interestIn);
        List<Double> routing = new ArrayList<>();
        List<Double> asking = new ArrayList<>();
        List<Double> looking = new ArrayList<>();
        List<Double> databaseTime = new ArrayList<>();
        long asked = 0;
        long affected = 0;
        long differing = 0;
        try (Membership membership = new Membership(database::connect)) {
            for (int i = -WARM_UP; i < CHANGES; i++) {
                execute(connection, kind.sql(random, views));
                List<Change> changes = decoder.take(connection, "exact", "exact");
                long begin = System.nanoTime();
                Routing routed = router.route(changes);
                long then = System.nanoTime();
                Set<ViewId> showing =
                        routed.candidates().isEmpty() ? Set.of() : membership.showing(routed.candidates());
                long answered = System.nanoTime();
                List<Impact> impacts = new ArrayList<>(routed.impacts());
                routed.candidates().stream()
                        .filter(candidate -> showing.contains(candidate.view()))
                        .forEach(impacts::add);
                long differ = 0;
                for (Impact impact : impacts) {
                    differ += differs(connection, graph, impact) ? 1 : 0;
                }
                long end = System.nanoTime();
                refresh(connection, impacts);
                if (i < 0) {
                    continue;
                }
                routing.add((then - begin) / 1e9);
                asking.add((answered - then) / 1e9);
                looking.add((end - answered) / 1e9);
                databaseTime.add((end - then) / 1e9);
                asked += routed.candidates().size();
                affected += impacts.size();
                differing += differ;
            }
        }
        note(title, "views asked per change", String.format(Locale.ROOT, "%.0f", (double) asked / CHANGES));
        note(title, "views looked up per change", String.format(Locale.ROOT, "%.2f", (double) affected / CHANGES));
        note(title, "views that differ per change", String.format(Locale.ROOT, "%.2f", (double) differing / CHANGES));
        note(title, "deciding in memory", micros(Sample.of(routing)));
        note(title, "database time of asking", Sample.of(asking));
        note(title, "database time of all look-ups", Sample.of(looking));
        note(title, "database time of the decision", Sample.of(databaseTime));
    }

    private static void refresh(Connection connection, List<Impact> impacts) throws SQLException {
        for (Impact impact : impacts) {
            execute(connection, "REFRESH MATERIALIZED VIEW CONCURRENTLY " + impact.view());
        }
    }

    private static boolean differs(Connection connection, ViewGraph graph, Impact impact) throws SQLException {
        connection.setAutoCommit(false);
        try {
            return !Comparison.of(
                            connection,
                            impact.view(),
                            graph.view(impact.view()).orElseThrow().oid())
                    .agrees(impact.lookups());
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** For one view of all rows: the time of a look-up of one changed row against the time of the refresh that it saves. */
    private void againstRefresh(int rows) throws Exception {
        database.layOut(Layout.ofRoles(rows, 1));
        database.reset();
        String title = "look-up against REFRESH … CONCURRENTLY, a view of %,d rows".formatted(rows);
        try (Connection connection = database.connect()) {
            execute(connection, "SET jit = off");
            execute(connection, "CREATE MATERIALIZED VIEW whole AS SELECT id, title, amount FROM main");
            execute(connection, "CREATE UNIQUE INDEX ON whole (id)");
            execute(connection, "ANALYZE whole");
            execute(connection, "CREATE PUBLICATION exact FOR TABLE main");
            execute(connection, "SELECT pg_create_logical_replication_slot('exact', 'pgoutput')");
            ViewGraph graph = ViewGraph.of(
                    CatalogReader.read(connection), view -> view.name().equals("whole"));
            Router router = new Router(graph);
            DecodedChanges decoder = new DecodedChanges(router::interestIn);
            List<Double> looking = new ArrayList<>();
            List<Double> refreshing = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                execute(connection, "UPDATE main SET title = title || '.' WHERE id = " + (1 + random.nextInt(rows)));
                List<Impact> impacts =
                        router.route(decoder.take(connection, "exact", "exact")).impacts();
                long begin = System.nanoTime();
                differs(connection, graph, impacts.getFirst());
                long looked = System.nanoTime();
                execute(connection, "REFRESH MATERIALIZED VIEW CONCURRENTLY whole");
                refreshing.add((System.nanoTime() - looked) / 1e9);
                looking.add((looked - begin) / 1e9);
            }
            execute(connection, "SELECT pg_drop_replication_slot('exact')");
            note(title, "look-up", Sample.of(looking));
            note(title, "REFRESH", Sample.of(refreshing));
            note(
                    title,
                    "ratio of the medians",
                    String.format(
                            Locale.ROOT,
                            "1 : %,.0f",
                            Sample.of(refreshing).median() / Sample.of(looking).median()));
        }
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.0f ms", nanos / 1e6);
    }

    private static String micros(Sample sample) {
        return String.format(Locale.ROOT, "p50 %.0f µs, max %.0f µs", 1e6 * sample.median(), 1e6 * sample.max());
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void note(String group, String name, Object value) {
        String text = value instanceof Sample sample ? sample.millis() : value.toString();
        System.out.printf("%s: %s: %s%n", group, name, text);
        results.put(group + ": " + name, value);
    }
}
