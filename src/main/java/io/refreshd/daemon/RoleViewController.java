package io.refreshd.daemon;

import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.database.ErrorSummary;
import io.refreshd.database.StatementWatch;
import io.refreshd.ledger.Lease;
import io.refreshd.model.Confidential;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.observe.ThrottledLog;
import io.refreshd.report.Notice;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import io.refreshd.roles.RoleTablesReader;
import io.refreshd.roles.Step;
import io.refreshd.stream.DatabaseSession;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates and drops role views as the configuration declares them, while the daemon runs. Reconciles when a table of roles has changed,
 * and every few seconds besides. Never rebuilds a view: that is for {@code refreshd apply}. The catalog reconciler finds a new role
 * view like any other view.
 *
 * <p>Thread: a thread of its own, {@code refreshd-roles}, since creating the view of a huge table may take minutes, for which the catalog
 * cannot wait.
 */
public final class RoleViewController implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoleViewController.class);

    /** How often role views are reconciled for what the log does not show: a dropped view, a granted role, an unpublished table. */
    public static final Duration INTERVAL = Duration.ofSeconds(5);

    private final long intervalNanos;
    private final List<RoleViewTemplate> templates;
    private final RoleReconciler reconciler;
    private final RoleTablesReader readTables;
    private final Jdbi jdbi;
    private final Supplier<Moment> clock;
    private final Supplier<Optional<DatabaseSession>> session;
    private final Consumer<Notice> listener;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("refreshd-roles").factory());
    private final AtomicBoolean queued = new AtomicBoolean();
    private final AtomicLong changes = new AtomicLong(1);
    private volatile Set<TableId> tables = Set.of();
    private volatile boolean closed;

    // Touched by the thread alone.
    private long handled;
    private long reconciledAt;
    private final ThrottledLog deviations = ThrottledLog.once(log);
    private final ThrottledLog untracked = ThrottledLog.once(log);

    /**
     * @param interval how often role views are reconciled though no table of roles has changed
     * @param watch ends the creation of a view that holds up others
     * @param session the present session, while this daemon holds the lease
     */
    RoleViewController(
            Configuration configuration,
            Duration interval,
            Jdbi jdbi,
            StatementWatch watch,
            Supplier<Moment> clock,
            Supplier<Optional<DatabaseSession>> session,
            Consumer<Notice> listener) {
        this.listener = listener;
        this.intervalNanos = interval.toNanos();
        this.session = session;
        this.templates = configuration.roleViews();
        this.reconciler = new RoleReconciler(configuration, watch);
        this.readTables = new RoleTablesReader(templates);
        this.jdbi = jdbi;
        this.clock = clock;
    }

    /** Rows of a table have changed. Returns at once. */
    void changed(TableId table) {
        if (tables.contains(table)) {
            changes.incrementAndGet();
            reconcileSoon();
        }
    }

    /** Reconciles, if it is time. Returns at once. */
    void reconcileSoon() {
        if (!templates.isEmpty() && !closed && queued.compareAndSet(false, true)) {
            try {
                thread.execute(this::guarded);
            } catch (RejectedExecutionException e) {
                log.atTrace().log("Closed a moment ago");
            }
        }
    }

    private void guarded() {
        queued.set(false);
        try {
            reconcileIfDue();
        } catch (RuntimeException | Error e) {
            listener.accept(new Notice.ErrorCaught("refreshd-roles", e));
        }
    }

    private void reconcileIfDue() {
        long now = clock.get().nanos();
        long changed = changes.get();
        if (closed || (changed == handled && now - reconciledAt < intervalNanos)) {
            return;
        }
        Optional<DatabaseSession> present = session.get();
        if (present.isEmpty()) {
            reconciledAt = now;
            return;
        }
        // Only if this is so, the plan sees every change of roles that has been read from the log.
        boolean settled = present.get().ingest().isSettled();
        long lease = present.get().lease().token();
        try {
            logDeviations(jdbi.withHandle(handle -> reconcile(handle, lease)));
            logOnce(
                    untracked,
                    "Roles are looked at every few seconds only: the log does not tell of their changes",
                    present.get().reconciler().findings().untrackedRoleTables());
            reconciledAt = now;
            if (settled) {
                handled = changed;
            }
        } catch (Exception e) {
            if (!closed) {
                logDeviations(List.of(new Obstacle(
                        "the role views cannot be looked at: " + ErrorSummary.withoutValues(e),
                        Remedy.text("see the message"),
                        new Confidential(String.valueOf(e.getMessage())))));
            }
        }
    }

    private List<Obstacle> reconcile(Handle handle, long lease) throws SQLException {
        // Before the roles are read: a change that the plan does not see any more is one of these tables.
        tables = readTables.read(handle.getConnection()).ofRoles();
        RolePlan plan = reconciler.plan(handle);
        List<Obstacle> obstacles = new ArrayList<>(plan.obstacles());
        plan.outdated().ifPresent(obstacles::add);
        obstacles.addAll(reconciler.apply(
                handle,
                plan,
                step -> !closed && !(step instanceof Step.Rebuild),
                transaction -> Lease.prove(transaction, lease),
                RoleViewController::logDone));
        return obstacles;
    }

    private void logDeviations(List<Obstacle> obstacles) {
        logOnce(deviations, "A role view is not as declared", obstacles);
    }

    /** Logs each obstacle once, for as long as it lasts. */
    private static void logOnce(ThrottledLog log, String message, List<Obstacle> obstacles) {
        log.keepOnly(obstacles.stream().map(Obstacle::what).toList());
        for (Obstacle obstacle : obstacles) {
            log.warn(
                    message,
                    obstacle.what(),
                    line -> line.addKeyValue("what", obstacle.what())
                            .addKeyValue("remedy", obstacle.remedy())
                            .addKeyValue("serverMessage", obstacle.said()));
        }
    }

    private static void logDone(Step step) {
        log.atInfo()
                .addKeyValue("step", step.action())
                .addKeyValue("view", step.view())
                .log("A role view is as declared now");
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdown();
        try {
            reconciler.cancel();
            if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
                thread.shutdownNow();
            }
        } catch (SQLException e) {
            thread.shutdownNow();
        } catch (InterruptedException e) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
