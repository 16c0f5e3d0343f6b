package io.refreshd.daemon;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.config.Configuration;
import io.refreshd.database.ConnectionPools;
import io.refreshd.database.StatementWatch;
import io.refreshd.model.Moment;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import io.refreshd.observe.Monitor;
import io.refreshd.reconcile.CatalogReconciler;
import io.refreshd.refresh.RefreshLimits;
import io.refreshd.refresh.YieldingStatements;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.schedule.Event;
import io.refreshd.stream.DatabaseSession;
import io.refreshd.stream.StartPermits;
import io.refreshd.stream.StreamSupervisor;
import io.refreshd.stream.Surroundings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that works for one database: wires all parts, starts and stops them. A process has one such unit, or several, none of which
 * shares connections, threads or state with another.
 *
 * <p>Start: the supervisor, which builds a session and streams; then the periodic tasks. Stop: audit, periodic tasks, role views; the
 * stream, so that nothing new comes in; the session, whose running refreshes may end; the connections.
 */
public final class DatabaseUnit implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DatabaseUnit.class);

    /** How long an audit waits for the log to be read; it waits only if a difference was found. */
    private static final Duration AUDIT_WAIT = Duration.ofSeconds(30);

    private final Configuration configuration;
    private final boolean several;
    private final ConnectionPools connections;
    private final StreamSupervisor supervisor;
    private final StreamState stream;
    private final Monitor monitor;
    private final TaskThread guard;
    private final TaskThread catalog;
    private final RoleViewController roles;
    private final AuditScheduler audit;
    private final Consumer<Notice> reactions;
    private final List<Consumer<Notice>> listeners = new CopyOnWriteArrayList<>();
    private final VitalThreads threads = new VitalThreads();
    private final CompletableFuture<Void> streaming = new CompletableFuture<>();
    private final CompletableFuture<Optional<Throwable>> ended = new CompletableFuture<>();
    private boolean closed;

    /**
     * @param database its name if the process serves several; then somebody who has to change something in it first is waited for
     * @param rolesInterval how often role views are reconciled though no change of a role was read from the log
     * @param permits shared with the other databases of the process
     */
    public DatabaseUnit(
            Configuration configuration, Optional<String> database, Duration rolesInterval, StartPermits permits) {
        Supplier<Moment> clock = () -> new Moment(System.nanoTime(), Instant.now());
        this.configuration = configuration;
        this.several = database.isPresent();
        this.connections = ConnectionPools.of(
                configuration.database(), configuration.refresh().maxConcurrent());
        this.stream = new StreamState();
        this.supervisor = new StreamSupervisor(
                configuration,
                connections,
                new Surroundings(this::accept, clock, this::fatal, this::reconcileSoon, permits),
                stream,
                stream::session,
                new Endings());
        this.guard = new TaskThread(
                "refreshd-guard",
                new Guard(
                        connections.jdbi(),
                        configuration.capture(),
                        stream,
                        this::accept,
                        clock,
                        new SlotDropper(supervisor, stream))::run,
                this::accept);
        StatementWatch watch = new YieldingStatements(
                new RefreshLimits(
                        configuration.refresh().lockTimeout(),
                        configuration.refresh().statementTimeout(),
                        configuration.refresh().lockPatience()),
                connections.jdbi(),
                clock);
        CatalogTask catalogTask = new CatalogTask(connections.jdbi(), stream, this::accept, clock);
        this.roles = new RoleViewController(
                configuration, rolesInterval, connections.jdbi(), watch, clock, stream::openSession, this::accept);
        this.catalog = new TaskThread(
                "refreshd-catalog",
                () -> {
                    roles.reconcileSoon();
                    catalogTask.run();
                },
                this::accept);
        this.monitor = new Monitor(
                new Monitor.Settings(
                        database,
                        configuration.capture().heartbeatInterval(),
                        configuration.metrics()::labelOf,
                        configuration.views()::notifies),
                this::status,
                clock,
                () -> stream.session()
                        .map(session -> session.loop().unanswered())
                        .orElse(Duration.ZERO),
                threads::dead);
        this.audit = new AuditScheduler(
                new Audit(
                        connections.jdbi(),
                        UndeterminedQueries::of,
                        Thread::sleep,
                        AUDIT_WAIT,
                        configuration.refresh().statementTimeout(),
                        watch),
                this::freshViews,
                this::repair,
                this::accept);
        this.reactions = monitor.guard(this::react);
        threads.addAll(Map.of("supervisor", supervisor::isDead, "guard", guard::isDead, "catalog", catalog::isDead));
        threads.addAll(Map.of("audit", audit::isDead, "loop", stream::isLoopDead));
    }

    private final class Endings implements StreamSupervisor.Endings {
        @Override
        public boolean refused(PrerequisitesMissingException refusal) {
            // After it has streamed once, the daemon waits for what is missing.
            return !several && streaming.completeExceptionally(refusal);
        }

        @Override
        public void failed(String detail) {
            stream.failed(detail);
        }

        @Override
        public void fatal(Throwable problem) {
            DatabaseUnit.this.fatal(problem);
        }
    }

    /** Only before {@link #begin}. A listener is called on the daemon's own threads and must be quick. */
    public void addListener(Consumer<Notice> listener) {
        listeners.add(monitor.guard(listener));
    }

    /** Begins to work, and returns at once. */
    public void begin() {
        synchronized (this) {
            if (closed) {
                return;
            }
            supervisor.start();
        }
        guard.start(configuration.capture().catalogPollInterval());
        catalog.start(configuration.capture().catalogPollInterval());
        configuration.audit().interval().ifPresent(audit::start);
    }

    /**
     * Returns once changes are read. Whatever may pass by itself is waited for, as long as it takes.
     *
     * @throws PrerequisitesMissingException if somebody has to change something in the database first
     * @throws InternalErrorException if the unit ended itself
     */
    public void awaitStreaming() throws PrerequisitesMissingException, InterruptedException {
        try {
            streaming.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PrerequisitesMissingException cause) {
                throw cause;
            }
            throw new InternalErrorException(e.getCause());
        }
    }

    public Monitor monitor() {
        return monitor;
    }

    public DaemonStatus status() {
        Optional<DatabaseSession> present = stream.session();
        if (present.isEmpty()) {
            return new DaemonStatus(stream.status(), List.of(), List.of());
        }
        DatabaseSession session = present.get();
        CatalogReconciler.Findings findings = session.reconciler().findings();
        return new DaemonStatus(
                stream.status(),
                session.loop().status().stream()
                        .map(view -> view.at(view.watermark().flatMap(session.watermark()::commitTime)))
                        .toList(),
                findings.tables(),
                findings.upstream());
    }

    /** Completed when the unit has ended: with the error that must not happen, or empty if it was closed. */
    public CompletableFuture<Optional<Throwable>> ended() {
        return ended;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        audit.close();
        catalog.close();
        guard.close();
        roles.close();
        stream.close();
        supervisor.close();
        stream.session().ifPresent(DatabaseSession::close);
        connections.close();
        monitor.close();
        streaming.complete(null);
        ended.complete(Optional.empty());
    }

    /** Throws nothing: whoever reports goes on. */
    public void accept(Notice notice) {
        reactions.accept(notice);
        monitor.accept(notice);
        listeners.forEach(listener -> listener.accept(notice));
    }

    private void react(Notice notice) {
        if (notice instanceof Notice.BatchRead) {
            streaming.complete(null);
            supervisor.streaming();
        }
        if (notice instanceof Notice.RowsChanged rows) {
            roles.changed(rows.table());
        }
    }

    private List<ViewId> freshViews() {
        return status().views().stream()
                .filter(view ->
                        view.phase() == ViewPhase.FRESH && view.watermark().isPresent())
                .map(ViewStatus::view)
                .toList();
    }

    private void repair(AuditReport drift) {
        accept(new Notice.DriftFound(
                drift.view(),
                drift.difference().missing(),
                drift.difference().surplus(),
                drift.snapshot(),
                drift.position(),
                drift.watermark(),
                drift.difference().keys()));
        stream.session().ifPresent(session -> session.loop().post(new Event.RefreshRequested(Set.of(drift.view()))));
    }

    private void reconcileSoon() {
        catalog.runSoon();
    }

    private void fatal(Throwable problem) {
        if (several) {
            log.atError().setCause(problem).log("The unit ends: this must not happen");
        } else {
            log.atError().setCause(problem).log("The daemon ends: this must not happen");
        }
        streaming.completeExceptionally(problem);
        ended.complete(Optional.of(problem));
    }
}
