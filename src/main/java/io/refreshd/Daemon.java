package io.refreshd;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.capture.CaptureRun;
import io.refreshd.config.Configuration;
import io.refreshd.model.Moment;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import io.refreshd.observe.Monitor;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.schedule.Event;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon: starts and stops everything, in the order written here.
 *
 * <p>Start: HTTP first, so that an orchestrator can see it wait; then the supervisor, which builds everything else and
 * streams. Stop: housekeeping, the stream (nothing new comes in), the loop (running refreshes may end), the connections,
 * HTTP.
 */
public final class Daemon implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Daemon.class);

    private static final Duration FIRST_BACKOFF = Duration.ofMillis(250);
    /** How long a database that is back may have to wait for us; an attempt is one connection. */
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(10);
    /** For the stream to catch up with what was compared; it is only waited for when something differs. */
    private static final Duration AUDIT_PATIENCE = Duration.ofSeconds(30);
    /** A stream that lived this long was a good one: the next failure is a new story. */
    private static final Duration GOOD_RUN = Duration.ofSeconds(30);

    private final Configuration configuration;
    private final Database database;
    private final Monitor monitor;
    private final List<Consumer<Notice>> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> streaming = new CompletableFuture<>();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final ScheduledExecutorService housekeeping = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("refreshd-housekeeping").factory());
    private final AtomicBoolean hurried = new AtomicBoolean();
    private final BackgroundAudit audit;
    private final Core.Surroundings around = new Core.Surroundings(
            this::tell, () -> new Moment(System.nanoTime(), Instant.now()), this::fatal, this::keepHouseSoon);
    private final Outages outages = new Outages(around.clock());
    private final StreamSupervisor attempts;
    private final Housekeeping house;

    private final RoleKeeper roles;

    private volatile StreamStatus stream = StreamStatus.CONNECTING;
    private volatile @Nullable Core core;
    private volatile @Nullable CaptureRun run;
    private volatile boolean closing;
    private @Nullable Thread supervisor;
    private boolean closed;

    public Daemon(Configuration configuration) {
        this(configuration, RoleKeeper.LOOK);
    }

    /** @param rolesLook how often to look whether the role views are as declared, though no change of a role was heard of */
    public Daemon(Configuration configuration, Duration rolesLook) {
        this.configuration = configuration;
        this.database =
                Database.of(configuration.database(), configuration.refresh().maxConcurrent());
        this.roles = new RoleKeeper(
                configuration, rolesLook, database.jdbi(), around.clock(), () -> Optional.ofNullable(core));
        this.monitor = new Monitor(
                new Monitor.Settings(
                        new InetSocketAddress(
                                configuration.http().host(),
                                configuration.http().port()),
                        configuration.capture().heartbeatInterval(),
                        configuration.metrics()::labelOf,
                        Version.current()),
                this::status,
                around.clock(),
                () -> Optional.ofNullable(core)
                        .map(present -> present.loop().unanswered())
                        .orElse(Duration.ZERO));
        this.audit = new BackgroundAudit(
                new Audit(
                        database.jdbi(),
                        Thread::sleep,
                        AUDIT_PATIENCE,
                        configuration.refresh().statementTimeout()),
                this::freshViews,
                this::repair);
        this.attempts = new StreamSupervisor(configuration, database, around, new Shown());
        this.house = new Housekeeping(
                database, configuration.capture(), around, this::streamStatus, new Housekeeping.Stops() {
                    @Override
                    public void endRun() {
                        closeQuietly(run);
                    }

                    @Override
                    public boolean endRunAndSlot() {
                        CaptureRun active = run;
                        if (active == null || active.ended().isDone()) {
                            return false;
                        }
                        attempts.surrender();
                        closeQuietly(active);
                        return true;
                    }

                    @Override
                    public void slotGivenUp() {
                        attempts.surrender();
                    }
                });
    }

    /** What the attempts at streaming show of themselves. */
    private final class Shown implements StreamSupervisor.Progress {
        @Override
        public void at(StreamPhase phase, String detail) {
            stream = new StreamStatus(phase, Optional.empty(), Optional.empty(), detail);
            outages.at(phase, detail);
        }

        @Override
        public void core(Optional<Core> built) {
            core = built.orElse(null);
        }

        @Override
        public void run(CaptureRun started) {
            run = started;
            if (closing) {
                started.close();
            }
        }
    }

    /** Only before {@link #start()}. A listener is called on the daemon's own threads and must be quick. */
    public void addListener(Consumer<Notice> listener) {
        listeners.add(listener);
    }

    /**
     * Returns once it streams. Whatever may pass by itself is waited for, as long as it takes.
     *
     * @throws PrerequisitesMissingException if somebody has to change something in the database first
     * @throws InternalErrorException if it ended itself
     */
    public void start() throws PrerequisitesMissingException, InterruptedException {
        monitor.start();
        synchronized (this) {
            if (closed) {
                return;
            }
            supervisor =
                    Thread.ofPlatform().name("refreshd-supervisor").daemon().start(this::supervise);
        }
        long interval = configuration.capture().catalogPollInterval().toMillis();
        // Its outcome is nobody's to wait for: what goes wrong in one round is for the next one to find.
        var unused = housekeeping.scheduleWithFixedDelay(this::keepHouse, interval, interval, TimeUnit.MILLISECONDS);
        configuration.audit().interval().ifPresent(audit::start);
        try {
            streaming.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PrerequisitesMissingException cause) {
                throw cause;
            }
            throw new InternalErrorException(e.getCause());
        }
    }

    /** Where HTTP listens; after {@link #start()} has been called. */
    public int httpPort() {
        return monitor.port();
    }

    public DaemonStatus status() {
        Core present = core;
        return present == null
                ? new DaemonStatus(streamStatus(), List.of(), List.of())
                : new DaemonStatus(
                        streamStatus(),
                        present.loop().status().stream()
                                .map(view -> view.at(view.watermark().flatMap(present.frontier()::commitTime)))
                                .toList(),
                        present.watch().tables(),
                        present.watch().upstream());
    }

    /** Blocks until the daemon has ended; returns 0 if it was closed, and otherwise the exit code of an internal error. */
    public int awaitEnd() throws InterruptedException {
        try {
            return ended.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        Thread started;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            started = supervisor;
        }
        closing = true;
        audit.close();
        endHousekeeping();
        roles.close();
        closeQuietly(run);
        if (started != null) {
            started.interrupt();
            attempts.cancel();
            try {
                started.join(Duration.ofSeconds(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        closeQuietly(core);
        database.close();
        monitor.close();
        streaming.complete(null);
        ended.complete(0);
    }

    /** A look at the catalog takes milliseconds; an interrupt in the middle of one would break a pooled connection. */
    private void endHousekeeping() {
        housekeeping.shutdown();
        try {
            if (!housekeeping.awaitTermination(2, TimeUnit.SECONDS)) {
                housekeeping.shutdownNow();
            }
        } catch (InterruptedException e) {
            housekeeping.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void supervise() {
        Duration backoff = FIRST_BACKOFF;
        while (!closing) {
            long began = System.nanoTime();
            try {
                attempts.attempt(Optional.ofNullable(core));
            } catch (PrerequisitesMissingException e) {
                if (streaming.completeExceptionally(e)) {
                    return;
                }
                outages.failed(e, this::at);
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                outages.failed(e, this::at);
            } catch (Throwable e) {
                fatal(e);
                return;
            }
            if (System.nanoTime() - began > GOOD_RUN.toNanos()) {
                backoff = FIRST_BACKOFF;
            }
            try {
                // Full jitter: many sidecars of one server must not come back in step.
                TimeUnit.NANOSECONDS.sleep(ThreadLocalRandom.current().nextLong(1, backoff.toNanos()));
            } catch (InterruptedException e) {
                return;
            }
            Duration doubled = backoff.multipliedBy(2);
            backoff = doubled.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : doubled;
        }
    }

    private void at(String detail) {
        stream = new StreamStatus(StreamPhase.CONNECTING, Optional.empty(), Optional.empty(), detail);
    }

    private StreamStatus streamStatus() {
        Core present = core;
        CaptureRun active = run;
        if (closing) {
            return new StreamStatus(StreamPhase.STOPPED, Optional.empty(), Optional.empty(), "");
        }
        if (present == null || active == null || active.ended().isDone()) {
            return stream;
        }
        Optional<Instant> last = present.pipeline().lastMessage();
        if (last.isEmpty()) {
            return stream;
        }
        return active.waitingFor()
                .map(xid -> new StreamStatus(
                        StreamPhase.HELD,
                        last,
                        Optional.of(present.frontier().progress().claimed()),
                        "transaction " + xid + " is in the log but not visible yet (is a synchronous standby away?)"))
                .orElseGet(() -> new StreamStatus(
                        StreamPhase.STREAMING,
                        last,
                        Optional.of(present.frontier().progress().claimed()),
                        ""));
    }

    private void tell(Notice notice) {
        if (notice instanceof Notice.BatchRead && !streaming.isDone()) {
            streaming.complete(null);
        }
        if (notice instanceof Notice.BatchRead) {
            outages.over();
        }
        monitor.accept(notice);
        if (notice instanceof Notice.RowsChanged rows) {
            roles.changed(rows.table());
        }
        listeners.forEach(listener -> listener.accept(notice));
    }

    private List<ViewId> freshViews() {
        return status().views().stream()
                .filter(view ->
                        view.phase() == ViewPhase.FRESH && view.watermark().isPresent())
                .map(ViewStatus::view)
                .toList();
    }

    private void repair(AuditReport drift) {
        tell(new Notice.DriftFound(
                drift.view(),
                drift.difference().missing(),
                drift.difference().surplus(),
                drift.snapshot(),
                drift.position(),
                drift.watermark(),
                drift.difference().keys()));
        Core present = core;
        if (present != null) {
            present.loop().post(new Event.RefreshRequested(Set.of(drift.view())));
        }
    }

    /** Returns at once; asked again before it was done, it is done once. */
    private void keepHouseSoon() {
        if (hurried.compareAndSet(false, true)) {
            try {
                housekeeping.execute(() -> {
                    hurried.set(false);
                    keepHouse();
                });
            } catch (RejectedExecutionException e) {
                log.atTrace().log("Closed a moment ago");
            }
        }
    }

    /** A database that is away is the supervisor's business, and told by it. */
    private void keepHouse() {
        Core present = core;
        if (present == null || closing) {
            return;
        }
        roles.poke();
        try {
            house.keep(present);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("Housekeeping was cut short: this must not happen");
        }
    }

    private void fatal(Throwable problem) {
        log.atError().setCause(problem).log("The daemon ends: this must not happen");
        streaming.completeExceptionally(problem);
        ended.complete(5);
    }

    private static void closeQuietly(@Nullable AutoCloseable closeable) {
        if (closeable == null) {
            return;
        }
        try {
            closeable.close();
        } catch (Exception e) {
            log.atWarn().setCause(e).log("Could not be closed in order");
        }
    }
}
