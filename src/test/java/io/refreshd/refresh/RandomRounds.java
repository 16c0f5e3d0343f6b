package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.Fingerprint;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * One random schema with views, and random transactions on it. When a decision is made about a view, some transactions have
 * committed and are visible, but have not been read from the log yet. They must not lead to a wrong decision.
 */
final class RandomRounds {
    private static final int STEPS = 200;

    private static final String OWNERS = RandomAlterations.OWNER + ", " + RandomAlterations.OTHER_OWNER;

    private final long seed;
    private final Random random;
    private final RandomViews grammar;
    private final Connection connection;
    private final String slot;
    private final Handle handle;
    private final Membership membership;
    private final DecisionTally tally;
    private final PostgresRefresher refresher;
    private final Map<String, String> definitions = new HashMap<>();
    private final Map<ViewId, List<Impact>> open = new HashMap<>();
    private final Set<ViewId> decided = new HashSet<>();
    private final List<String> done = new ArrayList<>();

    private Router router;
    private DecodedChanges changes;
    private ViewGraph graph;
    private Fingerprint fingerprint = Fingerprint.NONE;
    private final ComparedByOwner truth;

    RandomRounds(
            long seed,
            Connection connection,
            String slot,
            Handle handle,
            long lease,
            Membership membership,
            DecisionTally tally) {
        this.membership = membership;
        this.seed = seed;
        this.random = new Random(seed);
        this.grammar = new RandomViews(random);
        this.connection = connection;
        this.truth = new ComparedByOwner(connection);
        this.slot = slot;
        this.handle = handle;
        this.tally = tally;
        this.refresher = new PostgresRefresher(
                JdbiFactory.over(handle.getConnection()),
                lease,
                new RefreshLimits(TestTimeout.LIMIT, TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
    }

    void play() throws Exception {
        for (String sql : grammar.schema()) {
            execute(sql);
        }
        execute("GRANT USAGE, CREATE ON SCHEMA public TO " + OWNERS
                + "; GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + OWNERS);
        for (int i = 0; i < 6; i++) {
            String query = i < 2 && random.nextInt(3) == 0 ? grammar.roleView() : grammar.view();
            try {
                execute("CREATE MATERIALIZED VIEW v" + i + " AS " + query);
                execute("ALTER MATERIALIZED VIEW v" + i + " OWNER TO " + RandomAlterations.OWNER);
                execute("REFRESH MATERIALIZED VIEW v" + i);
                definitions.put("v" + i, query);
                for (String key : List.of("renamed", "renamed, k2", "ka, ka2", "kb2, kb", "id", "id, day", "a, b")) {
                    if (random.nextInt(4) > 0) {
                        index("v" + i, key);
                    }
                }
            } catch (SQLException notAView) {
                // The grammar produces some queries that are not valid: a column does not exist, or types cannot be
                // compared.
            }
        }
        readCatalog();
        ViewRows.register(
                handle,
                graph.views().values().stream()
                        .map(view -> new Registration(
                                view.id(), view.oid(), "l", List.of(), Optional.empty(), Optional.empty()))
                        .toList());
        execute("SELECT pg_replication_slot_advance('" + slot + "', pg_current_wal_lsn())");
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(12) == 0) {
                alter();
            }
            for (int i = random.nextInt(2); i >= 0; i--) {
                commit();
            }
            Set<Notice.RefreshAvoided> avoided = readLog();
            boolean hidden = random.nextInt(3) == 0;
            if (hidden) {
                commit();
            }
            decided.clear();
            for (ViewId view : graph.views().keySet()) {
                decide(view);
            }
            avoided.addAll(readLog());
            decided.addAll(open.keySet());
            for (ViewId view : graph.views().keySet()) {
                if (!open.containsKey(view)) {
                    assertUnaffected(view);
                }
            }
            // Only decisions that were checked count: a view that was refreshed for another change says nothing about
            // this one.
            avoided.stream()
                    .filter(notice -> !decided.contains(notice.views().getFirst()))
                    .forEach(tally::avoided);
        }
    }

    private void readCatalog() throws SQLException {
        fingerprint = CatalogReader.fingerprint(connection);
        graph = ViewGraph.of(
                CatalogReader.read(connection), view -> view.schema().equals("public"));
        router = new Router(graph);
        membership.forget(Map.of());
        changes = new DecodedChanges(router::interestIn);
    }

    /** Alters what some views mean. A view whose lineage is the same as before must not differ; the others are refreshed. */
    private void alter() throws SQLException {
        readLog();
        String sql = grammar.alterations().next();
        done.add(sql);
        execute(sql);
        truth.forget();
        ViewGraph before = graph;
        if (!fingerprint.isCurrent(connection)) {
            readCatalog();
        }
        for (ViewId view : graph.views().keySet()) {
            if (!before.lineageOf(view).equals(graph.lineageOf(view))) {
                open.computeIfAbsent(view, id -> new ArrayList<>())
                        .add(new Impact(view, Xids.NONE, Instant.EPOCH, List.of()));
                tally.byLineage(false);
            } else if (!open.containsKey(view)) {
                assertUnaffected(view);
                tally.byLineage(true);
            }
        }
    }

    private void index(String view, String columns) {
        try {
            execute("CREATE INDEX ON " + view + " (" + columns + ")");
        } catch (SQLException noSuchColumn) {
            // This view has no such column.
        }
    }

    private void commit() throws SQLException {
        List<String> sql = grammar.change();
        done.add(sql.toString());
        String body = sql.stream()
                .map(statement ->
                        "BEGIN " + statement + "; EXCEPTION WHEN unique_violation OR check_violation THEN NULL; END;")
                .collect(Collectors.joining("\n"));
        execute("DO $do$ BEGIN " + body + " END $do$");
    }

    private Set<Notice.RefreshAvoided> readLog() throws SQLException {
        // Decoding begins at the last snapshot of running transactions in the log, which the server writes each 15 s.
        // Without this call each read would decode everything since.
        execute("SELECT pg_log_standby_snapshot()");
        Routing routing = router.route(changes.take(connection, slot, "exact"));
        Set<Notice.RefreshAvoided> avoided = new HashSet<>();
        // As in the daemon, only views without an open change are queried.
        Set<ViewId> showing = membership.showing(routing.candidates().stream()
                .filter(candidate -> !open.containsKey(candidate.view()))
                .toList());
        for (Impact candidate : routing.candidates()) {
            if (open.containsKey(candidate.view()) || showing.contains(candidate.view())) {
                open.computeIfAbsent(candidate.view(), id -> new ArrayList<>()).add(candidate);
            } else {
                tally.byMembershipQuery();
                avoided.add(new Notice.RefreshAvoided(candidate.view(), Notice.Avoided.DISCRIMINATOR));
            }
        }
        for (Impact impact : routing.impacts()) {
            open.computeIfAbsent(impact.view(), id -> new ArrayList<>()).add(impact);
        }
        for (Notice.RefreshAvoided notice : routing.avoided()) {
            notice.views().forEach(view -> avoided.add(new Notice.RefreshAvoided(view, notice.reason())));
        }
        return avoided;
    }

    private Optional<List<KeyLookup>> readUpTo(ViewId view) {
        List<Impact> before = open.getOrDefault(view, List.of());
        int known = before.size();
        try {
            readLog();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        List<Impact> all = open.getOrDefault(view, List.of());
        return lookups(all.subList(known, all.size()));
    }

    private static Optional<List<KeyLookup>> lookups(List<Impact> impacts) {
        return impacts.stream().anyMatch(impact -> impact.lookups().isEmpty())
                ? Optional.empty()
                : Optional.of(impacts.stream()
                        .flatMap(impact -> impact.lookups().stream())
                        .toList());
    }

    private void decide(ViewId view) throws SQLException {
        if (!open.containsKey(view)) {
            return;
        }
        decided.add(view);
        Optional<List<KeyLookup>> lookups = lookups(open.getOrDefault(view, List.of()));
        if (lookups.isEmpty() && random.nextInt(4) > 0) {
            // Nothing is claimed here, and most of the time would go into these.
            truth.refresh(view.name());
            open.remove(view);
            tally.refreshedUnseen();
            return;
        }
        boolean differs = differs(view);
        RefreshOutcome outcome = refresher.refresh(
                new TaskBuilder(view, graph.view(view).orElseThrow().oid(), Method.PLAIN)
                        .lookups(lookups.orElse(List.of()))
                        .build(),
                position -> readUpTo(view));
        boolean eligible = lookups(open.getOrDefault(view, List.of())).isPresent();
        // Nothing commits while the refresh runs, so its snapshot sees all changes that were routed.
        open.remove(view);
        boolean unchanged = outcome instanceof RefreshOutcome.Unchanged;
        if (unchanged) {
            assertThat(differs).as("%s is called unchanged", describe(view)).isFalse();
        } else {
            assertThat(outcome).as(describe(view)).isInstanceOf(RefreshOutcome.Refreshed.class);
        }
        tally.decided(grammar.unfolded(definitions.get(view.name())), eligible, unchanged, differs);
    }

    private void assertUnaffected(ViewId view) throws SQLException {
        assertThat(differs(view)).as("%s is called unaffected", describe(view)).isFalse();
    }

    private String describe(ViewId view) {
        return "seed %d: %s AS %s after %s"
                .formatted(
                        seed,
                        view,
                        definitions.get(view.name()),
                        done.subList(Math.max(0, done.size() - 4), done.size()));
    }

    private boolean differs(ViewId view) throws SQLException {
        return truth.differs(view.name(), definitions.get(view.name()));
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
