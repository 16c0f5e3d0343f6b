package io.refreshd;

import io.refreshd.config.Configuration;
import io.refreshd.config.RoleViewTemplate;
import io.refreshd.ledger.Lease;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.RoleReconciler;
import io.refreshd.roles.RoleTables;
import io.refreshd.roles.Step;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the declared role views in being while the daemon runs: looks when a table of roles has changed, and every few seconds
 * besides. On a thread of its own, since making a view of a huge table may take minutes that the catalog cannot wait for. What
 * it makes, the catalog watch finds and adopts like any other view. It never rebuilds: that is for {@code refreshd apply}.
 */
public final class RoleKeeper implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoleKeeper.class);

    /** Finds what the log does not tell: a view that was dropped, a role granted at last, a table that is not published. */
    static final Duration LOOK = Duration.ofSeconds(5);

    private final long lookNanos;
    private final List<RoleViewTemplate> templates;
    private final RoleReconciler reconciler;
    private final Jdbi jdbi;
    private final Supplier<Moment> clock;
    private final Supplier<Optional<Core>> core;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("refreshd-roles").factory());
    private final AtomicBoolean queued = new AtomicBoolean();
    private final AtomicLong touches = new AtomicLong(1);
    private volatile Set<TableId> tables = Set.of();
    private volatile boolean closed;

    // Only the thread's own.
    private long handled;
    private long lookedAt;
    private final Told amiss = new Told(log, "A role view is not as declared");
    private final Told late =
            new Told(log, "Roles are looked at every few seconds only: the log does not tell of their changes");

    /**
     * @param look how often, though nothing has changed
     * @param core of the present, while this daemon holds the lease
     */
    RoleKeeper(
            Configuration configuration,
            Duration look,
            Jdbi jdbi,
            Supplier<Moment> clock,
            Supplier<Optional<Core>> core) {
        this.lookNanos = look.toNanos();
        this.core = core;
        this.templates = configuration.roleViews();
        this.reconciler = new RoleReconciler(configuration);
        this.jdbi = jdbi;
        this.clock = clock;
    }

    /** Rows of a table have changed. Returns at once. */
    void changed(TableId table) {
        if (tables.contains(table)) {
            touches.incrementAndGet();
            poke();
        }
    }

    /** Looks, if it is time. Returns at once. */
    void poke() {
        if (!templates.isEmpty() && !closed && queued.compareAndSet(false, true)) {
            try {
                thread.execute(this::turn);
            } catch (java.util.concurrent.RejectedExecutionException e) {
                log.atTrace().log("Closed a moment ago");
            }
        }
    }

    private void turn() {
        queued.set(false);
        long now = clock.get().nanos();
        long touched = touches.get();
        if (closed || (touched == handled && now - lookedAt < lookNanos)) {
            return;
        }
        Optional<Core> present = core.get();
        if (present.isEmpty()) {
            lookedAt = now;
            return;
        }
        // Only then a look has seen all that has been read from the log.
        boolean whole = present.get().pipeline().isSettled();
        long lease = present.get().lease().token();
        try {
            amiss.tell(jdbi.withHandle(handle -> reconcile(handle, lease)));
            late.tell(present.get().watch().unheardRoles());
            lookedAt = now;
            if (whole) {
                handled = touched;
            }
        } catch (Exception e) {
            if (!closed) {
                amiss.tell(List.of(
                        new Obstacle("the role views cannot be looked at: " + e.getMessage(), "see the message")));
            }
        }
    }

    private List<Obstacle> reconcile(Handle handle, long lease) throws SQLException {
        RolePlan plan = reconciler.plan(handle);
        tables = RoleTables.of(handle.getConnection(), templates).ofRoles();
        List<Obstacle> obstacles = new ArrayList<>(plan.obstacles());
        plan.outdated().ifPresent(obstacles::add);
        obstacles.addAll(reconciler.apply(
                handle,
                plan,
                step -> !closed && !(step instanceof Step.Rebuild),
                transaction -> Lease.prove(transaction, lease),
                RoleKeeper::tellDone));
        return obstacles;
    }

    private static void tellDone(Step step) {
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
