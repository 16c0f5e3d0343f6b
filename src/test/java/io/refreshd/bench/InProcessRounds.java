package io.refreshd.bench;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.ConnectionPools;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.PostgresRefresher;
import io.refreshd.refresh.RefreshLimits;
import io.refreshd.routing.Router;
import io.refreshd.testing.TaskBuilder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Rounds of one incremental view by the daemon's own classes in this process, so that the way can be forced.
 *
 * <p>A daemon decides for itself, and what it took once shows in what it decides next.
 */
final class InProcessRounds implements AutoCloseable {
    private static final RefreshLimits LIMITS = new RefreshLimits(Duration.ofMinutes(10), Duration.ZERO);

    /** One round. @param byKeys otherwise everything was recomputed */
    record Result(double seconds, boolean byKeys) {}

    private final ConnectionPools connections;
    private final Jdbi jdbi;
    private final Handle handle;
    private final Lease lease;
    private final ViewId view;
    private final long oid;
    /** By which keys the view's rows are found when rows of the table change. */
    private final KeyLookup probe;

    /** @param change of one row of the table that will change */
    InProcessRounds(BenchDatabase database, String name, String change) throws Exception {
        connections = ConnectionPools.of(
                new DatabaseSettings(
                        database.url(),
                        database.server().user(),
                        new Secret(database.server().password())),
                1);
        jdbi = connections.jdbi();
        handle = jdbi.open();
        LedgerSchema.migrate(handle);
        lease = Lease.tryTake(jdbi.open(), "benchmark").orElseThrow();
        StreamRow.begin(handle, new StreamPosition(database.slot(), 1, 1, Lsn.ZERO));
        view = new ViewId("public", name);
        oid = Long.parseLong(
                database.query("SELECT '" + name + "'::regclass::oid").getFirst());
        ViewRows.register(
                handle, List.of(new Registration(view, oid, "", List.of(), Optional.empty(), Optional.empty())));
        probe = routed(database, change);
    }

    private KeyLookup routed(BenchDatabase database, String change) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            Router router = new Router(ViewGraph.of(CatalogReader.read(connection), view::equals));
            statement.execute("CREATE PUBLICATION routed FOR ALL TABLES");
            statement.execute("SELECT pg_create_logical_replication_slot('routed', 'pgoutput')");
            try {
                statement.execute(change);
                return router.route(new DecodedChanges(router::interestIn).take(connection, "routed", "routed"))
                        .impacts()
                        .getFirst()
                        .lookups()
                        .getFirst();
            } finally {
                statement.execute("SELECT pg_drop_replication_slot('routed')");
                statement.execute("DROP PUBLICATION routed");
            }
        }
    }

    /** The table that holds the view's rows, as SQL. */
    String store() {
        return SqlNames.qualified(
                StoreLayout.read(handle, oid).orElseThrow().names().store());
    }

    /** A refresher that knows nothing of earlier rounds, as after a restart. */
    PostgresRefresher newRefresher() {
        return new PostgresRefresher(
                jdbi,
                lease.token(),
                LIMITS,
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
    }

    /** A round of everything. */
    Result everything(PostgresRefresher refresher) {
        return round(refresher, List.of(), TaskBuilder.ALL_ROWS);
    }

    /** A round of these keys, whatever it costs. */
    Result keys(PostgresRefresher refresher, IntStream ids) {
        return round(refresher, probes(ids), new RoundBasis("", "", FullRecompute.NEVER));
    }

    /** A round as the daemon makes it: it keeps so many keys and no more, and the refresher chooses. */
    Result chosen(PostgresRefresher refresher, IntStream ids) {
        List<KeyLookup> probes = probes(ids);
        return probes.getFirst().keys().size() > ChangedRows.LIMIT_TO_RECOMPUTE
                ? everything(refresher)
                : round(refresher, probes, new RoundBasis("", "", FullRecompute.ALLOW));
    }

    private List<KeyLookup> probes(IntStream ids) {
        Set<List<String>> keys =
                ids.mapToObj(id -> List.of(Integer.toString(id))).collect(Collectors.toSet());
        return List.of(probe.withKeys(keys));
    }

    private Result round(PostgresRefresher refresher, List<KeyLookup> probes, RoundBasis basis) {
        long mark = ViewRows.highestMark(handle);
        RefreshOutcome outcome = refresher.refresh(
                new TaskBuilder(view, oid, Method.INCREMENTAL)
                        .covers(mark)
                        .downstream(Set.of(), mark + 1)
                        .lookups(probes)
                        .basis(basis)
                        .build(),
                position -> Optional.of(List.of()));
        if (outcome instanceof RefreshOutcome.Refreshed done) {
            return new Result(
                    done.duration().toNanos() / 1e9,
                    done.recomputed().orElseThrow().everything().isEmpty());
        }
        throw new IllegalStateException("no round of " + view + ": " + outcome);
    }

    @Override
    public void close() {
        lease.close();
        handle.close();
        connections.close();
    }
}
