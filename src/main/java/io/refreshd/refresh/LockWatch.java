package io.refreshd.refresh;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes refreshes give way to other sessions: those that hold up a lock of another session for longer than their patience, and those that
 * wait for a session which waits for them. A TRUNCATE of a table that a refresh reads would wait for the refresh to end, and writers would
 * wait behind the TRUNCATE. A REINDEX CONCURRENTLY of a view waits for all who hold an older snapshot, and a refresh waits with a snapshot
 * for the lock of the REINDEX; the server breaks that by cancelling who has waited for its {@code deadlock_timeout}, perhaps the REINDEX.
 *
 * <p>The server is asked only while a refresh runs for longer than an interval, and than its patience, with one query for all of them. The
 * queries read {@code pg_locks} and who waits for whom, which every role may.
 *
 * <p>Thread: a thread of its own, {@code refreshd-lock-watch}, that ends when it has had nothing to do for a while.
 *
 * <p>Failure: a query that fails is asked again; a refresh then holds the lock for longer, as without this class.
 */
final class LockWatch {
    private static final Logger log = LoggerFactory.getLogger(LockWatch.class);
    private static final Duration INTERVAL = Duration.ofMillis(250);
    private static final Duration IDLE = Duration.ofSeconds(10);

    /**
     * Sessions that wait for a lock on a relation, the process that each waits for, and since when. Left out: the server's own processes,
     * which have no user; and readers of a view that is refreshed by the method plain, which is meant to block them.
     */
    private static final String WAITING = """
            SELECT l.pid, b.pid AS blocker, l.relation::regclass::text AS relation,
                   extract(epoch FROM clock_timestamp() - l.waitstart)::double precision AS seconds
              FROM pg_catalog.pg_locks l
              JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid AND a.usesysid IS NOT NULL
             CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid)
             WHERE NOT l.granted AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock' AND l.waitstart IS NOT NULL
            """;

    /**
     * Which of our processes wait, directly or not, for a session of somebody else that waits for them. A process that waits for nothing
     * costs the server next to nothing here.
     */
    private static final String DEADLOCKED = """
            WITH RECURSIVE own AS (
                SELECT pid FROM unnest(CAST(:own AS integer[])) AS o (pid)
            ), waits (own, blocker) AS (
                SELECT o.pid, b.pid FROM own o CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(o.pid)) AS b (pid)
                 WHERE b.pid NOT IN (SELECT pid FROM own)
                UNION
                SELECT w.own, b.pid FROM waits w CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(w.blocker)) AS b (pid)
            )
            SELECT own FROM waits WHERE own = blocker
            """;

    private final Jdbi jdbi;
    private final Collection<RunningStatement> running;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final ScheduledThreadPoolExecutor thread;
    /** Whether the last query failed, so that further failures are not logged. Used by the watch's thread alone. */
    private boolean failing;

    /** @param running the refreshes of the present; others add to it and remove from it */
    LockWatch(Jdbi jdbi, Collection<RunningStatement> running) {
        this.jdbi = jdbi;
        this.running = running;
        this.thread = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("refreshd-lock-watch").factory());
        thread.setKeepAliveTime(IDLE.toMillis(), TimeUnit.MILLISECONDS);
        thread.allowCoreThreadTimeOut(true);
    }

    private record Waiting(int pid, int blocker, String relation, Duration since) {}

    /** A refresh has begun. */
    @SuppressWarnings("FutureReturnValueIgnored") // look() throws nothing that a future could tell.
    void begun() {
        if (scheduled.compareAndSet(false, true)) {
            thread.schedule(this::look, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void look() {
        try {
            List<RunningStatement> longer = running.stream()
                    .filter(statement -> statement.ranFor(INTERVAL))
                    .toList();
            if (!longer.isEmpty()) {
                breakDeadlocks(longer);
            }
            List<RunningStatement> overdue = running.stream()
                    .filter(statement -> statement.ranFor(statement.patience()))
                    .toList();
            if (!overdue.isEmpty()) {
                giveWay(overdue);
            }
            failing = false;
        } catch (Throwable problem) {
            if (!failing) {
                log.atWarn().setCause(problem).log("Could not find out whether refreshes hold up other sessions");
            }
            failing = true;
            if (problem instanceof Error) {
                // The executor would keep it to itself.
                Thread.currentThread().getUncaughtExceptionHandler().uncaughtException(Thread.currentThread(), problem);
            }
        }
        scheduled.set(false);
        if (!running.isEmpty()) {
            begun();
        }
    }

    private void breakDeadlocks(List<RunningStatement> waiting) throws SQLException {
        Set<Integer> deadlocked = jdbi.withHandle(handle -> handle.createQuery(DEADLOCKED)
                .bind(
                        "own",
                        running.stream()
                                .map(statement -> String.valueOf(statement.pid()))
                                .toArray(String[]::new))
                .mapTo(Integer.class)
                .set());
        for (RunningStatement statement : waiting) {
            if (deadlocked.contains(statement.pid())) {
                statement.giveWay(new LockConflict.Deadlock());
            }
        }
    }

    private void giveWay(List<RunningStatement> overdue) throws SQLException {
        List<Waiting> all = jdbi.withHandle(handle -> handle.createQuery(WAITING)
                .map((row, context) -> new Waiting(
                        row.getInt("pid"), row.getInt("blocker"), row.getString("relation"), Duration.ofMillis((long)
                                (row.getDouble("seconds") * 1000))))
                .list());
        // One refresh may wait for another one; their own lock timeout decides that.
        Set<Integer> own = running.stream().map(RunningStatement::pid).collect(Collectors.toSet());
        for (RunningStatement statement : overdue) {
            Optional<Waiting> heldUp = all.stream()
                    .filter(waiting -> waiting.blocker() == statement.pid()
                            && !own.contains(waiting.pid())
                            && waiting.since().compareTo(statement.patience()) >= 0)
                    .findFirst();
            if (heldUp.isPresent()) {
                statement.giveWay(new LockConflict.HeldUp(heldUp.get().relation()));
            }
        }
    }
}
