package io.refreshd;

import io.refreshd.config.Configuration;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.ViewRows;
import io.refreshd.ledger.Watermarks;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.refresh.Membership;
import io.refreshd.refresh.PostgresRefresher;
import io.refreshd.refresh.RefreshLimits;
import io.refreshd.report.Notice;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.EventLoop;
import io.refreshd.schedule.Refresher;
import io.refreshd.schedule.Scheduler;
import io.refreshd.schedule.SchedulerSettings;
import io.refreshd.schedule.ViewLedger;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * All that is held in memory about one database: built from the ledger, and thrown away when the database turns out to be
 * another one (failover, restore), since transaction ids and positions then mean something else.
 */
final class Core implements AutoCloseable {
    /** What a running refresh may still take when the daemon ends; then it is cancelled. Shorter than Kubernetes' 30 s. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    /** For the log to be read up to where it stands: a stream in health takes milliseconds, and a refresh needs no stream. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Lease lease;
    private final EventLoop loop;
    private final Membership membership;
    private final Frontier frontier;
    private final Pipeline pipeline;
    private final CatalogWatch watch;

    private Core(
            Lease lease,
            EventLoop loop,
            Membership membership,
            Frontier frontier,
            Pipeline pipeline,
            CatalogWatch watch) {
        this.lease = lease;
        this.loop = loop;
        this.membership = membership;
        this.frontier = frontier;
        this.pipeline = pipeline;
        this.watch = watch;
    }

    /** @param lease closed with the core: nothing in it may write without */
    static Core open(Configuration configuration, Database database, Handle handle, Lease lease, Surroundings around) {
        Jdbi jdbi = database.jdbi();
        Supplier<Moment> clock = around.clock();
        Frontier frontier =
                new Frontier(jdbi, lease.token(), configuration.capture().heartbeatInterval(), around.catalogMoved());
        // What was claimed before this daemon came.
        Watermarks.commitTimes(handle).forEach(frontier::read);
        PostgresRefresher refresher = new PostgresRefresher(
                jdbi,
                lease.token(),
                new RefreshLimits(
                        configuration.refresh().lockTimeout(),
                        configuration.refresh().statementTimeout()),
                clock,
                frontier::commitTime);
        EventLoop loop = new EventLoop(
                new Scheduler(
                        SchedulerSettings.withMaxConcurrent(
                                configuration.refresh().maxConcurrent()),
                        ViewRows.highestMark(handle) + 1,
                        RandomGenerator.getDefault()),
                clock,
                new EventLoop.Ports(
                        port(jdbi, refresher),
                        port(jdbi, lease.token(), frontier),
                        around.listener(),
                        around.onFatal()),
                GRACE);
        Membership membership = new Membership(() -> database.direct().getConnection());
        Pipeline pipeline = new Pipeline(jdbi, lease.token(), frontier, loop, membership, around.listener(), clock);
        CatalogWatch watch = new CatalogWatch(configuration, lease.token(), loop, pipeline, frontier, around);
        loop.start();
        return new Core(lease, loop, membership, frontier, pipeline, watch);
    }

    /**
     * What the core is given by the daemon.
     *
     * @param catalogMoved asks for a look at the catalog before it is due; returns at once
     */
    record Surroundings(
            Consumer<Notice> listener, Supplier<Moment> clock, Consumer<Throwable> onFatal, Runnable catalogMoved) {}

    Lease lease() {
        return lease;
    }

    EventLoop loop() {
        return loop;
    }

    Frontier frontier() {
        return frontier;
    }

    Pipeline pipeline() {
        return pipeline;
    }

    CatalogWatch watch() {
        return watch;
    }

    @Override
    public void close() {
        loop.close();
        membership.close();
        // Last: whoever waits for it may begin at once.
        lease.close();
    }

    private static Refresher port(Jdbi jdbi, PostgresRefresher refresher) {
        return new Refresher() {
            @Override
            public RefreshOutcome refresh(RefreshTask task, Refresher.Later later) {
                return refresher.refresh(task, position -> {
                    // It stands behind the position in the log, and its commit has the server send what comes before
                    // it.
                    jdbi.useHandle(handle -> Database.locally(
                            handle,
                            transaction ->
                                    transaction.execute("SELECT pg_logical_emit_message(true, 'refreshd:probe', '')")));
                    return later.upTo(position, PATIENCE);
                });
            }

            @Override
            public void cancel() {
                refresher.cancel();
            }
        };
    }

    private static ViewLedger port(Jdbi jdbi, long token, Frontier frontier) {
        return new ViewLedger() {
            @Override
            public void settle(Action.Settle settle) {
                jdbi.useHandle(handle -> Lease.write(
                        handle,
                        token,
                        transaction -> ViewRows.settle(
                                transaction,
                                settle.view(),
                                settle.oid(),
                                settle.number(),
                                settle.watermark(),
                                settle.watermark().flatMap(frontier::commitTime))));
            }

            @Override
            public void remember(Action.Remember remember) {
                jdbi.useHandle(handle -> Lease.write(
                        handle,
                        token,
                        transaction -> ViewRows.remember(
                                transaction,
                                remember.view(),
                                remember.failures(),
                                remember.paused(),
                                remember.suspended())));
            }
        };
    }
}
