package io.refreshd.demo;

import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What {@code refreshd demo} runs: PostgreSQL in a temporary folder, an application that writes, the daemon, and a table that
 * shows what happens. It owns all of them: it starts them in the order of {@link #show} and stops them in the opposite order.
 */
public final class Demo {
    /** Every view equalled its definition at the end, or the demo was interrupted before the comparison. */
    public static final int EQUAL = 0;
    /** A view differed from its definition. */
    public static final int DIFFERENT = 1;
    /** The demo did not start, or something that it needs failed. */
    public static final int BROKEN = 3;

    private static final Duration REDRAW = Duration.ofSeconds(1);
    private static final Duration PLAIN_LINES = Duration.ofSeconds(5);
    /** Shorter than {@link #REDRAW}, since a view is stalest just before it becomes fresh. */
    private static final Duration SAMPLE = Duration.ofMillis(100);
    /** Twice the largest target lag of the demo would normally suffice; the rest is for slow machines. */
    private static final Duration CATCH_UP_TIMEOUT = Duration.ofSeconds(60);

    private static final int LOG_TAIL_LINES = 20;

    private final DemoOptions options;
    private final Console console;
    private final DemoDaemon.Factory factory;
    private final Duration catchUpTimeout;
    private final Optional<Path> binaries;
    private final CommitLog commits = new CommitLog();
    private final RefreshStatistics statistics = new RefreshStatistics();
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    /** @param binaries of PostgreSQL, if unpacked already; otherwise they are unpacked into the demo's own folder */
    Demo(
            DemoOptions options,
            PrintStream out,
            DemoDaemon.Factory factory,
            Duration catchUpTimeout,
            Optional<Path> binaries) {
        this.options = options;
        this.console = new Console(out, options.screen());
        this.factory = factory;
        this.catchUpTimeout = catchUpTimeout;
        this.binaries = binaries;
    }

    /** Blocks until the demo has ended and everything is deleted. Returns one of the results above. */
    public static int run(DemoOptions options, PrintStream out) {
        return new Demo(options, out, RealDaemon::of, CATCH_UP_TIMEOUT, Optional.empty()).run();
    }

    int run() {
        Teardown teardown = new Teardown();
        boolean interrupted = false;
        try (InterruptHandler interrupt = InterruptHandler.listen(teardown)) {
            int code = BROKEN;
            try {
                code = attempt(teardown, interrupt);
            } catch (InterruptedException e) {
                interrupted = true;
            } finally {
                code = end(teardown, code);
            }
            return code;
        } finally {
            // Not before: an interrupted thread could not wait for the server to stop.
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private int end(Teardown teardown, int code) {
        try {
            teardown.close();
            console.print("Everything is stopped and deleted.");
            return code;
        } catch (Exception e) {
            console.print("Not everything could be stopped and deleted: " + e);
            return BROKEN;
        }
    }

    private int attempt(Teardown teardown, InterruptHandler interrupt) throws InterruptedException {
        Optional<Path> folder = Optional.empty();
        try {
            console.print("Starting PostgreSQL and filling the tables ...");
            folder = Optional.of(DemoEnvironment.folder(teardown));
            return show(folder.get(), teardown, interrupt);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            console.stopDrawing();
            console.print("The demo broke: " + e.getMessage());
            folder.map(path -> DemoFiles.tail(path.resolve(DemoEnvironment.LOG), LOG_TAIL_LINES))
                    .orElse(List.of())
                    .forEach(console::print);
            return BROKEN;
        }
    }

    private int show(Path folder, Teardown teardown, InterruptHandler interrupt) throws Exception {
        LogRedirection.open(folder.resolve(DemoEnvironment.LOG)).ifPresent(teardown::add);
        DemoEnvironment environment =
                DemoEnvironment.create(folder, binaries.orElse(folder.resolve("program")), options, teardown);
        if (interrupt.endRequested()) {
            return EQUAL;
        }
        DemoDaemon daemon = teardown.add(factory.of(environment.configuration()));
        daemon.addListener(statistics);
        daemon.start();
        introduce(environment);
        RowCounts counts = teardown.add(new RowCounts(environment.application().connect()));
        ScheduledExecutorService tableTimer = executor("demo-table", teardown);
        FrameCollector frames = new FrameCollector(daemon, commits, statistics, counts, Demo::now);
        Workload workload = begin(environment, frames, tableTimer, teardown, interrupt);

        if (options.runFor().isPresent()) {
            interrupt.await(options.runFor().get());
        } else {
            interrupt.await();
        }
        workload.close();
        Exception failed = failure.get();
        if (failed != null) {
            throw failed;
        }
        if (interrupt.endRequested()) {
            console.stopDrawing();
            new Summary(
                            commits.commits(),
                            statistics.refreshes(),
                            statistics.avoided(),
                            statistics.failures(),
                            List.of())
                    .lines()
                    .forEach(console::print);
            return EQUAL;
        }
        return compare(environment, daemon, tableTimer);
    }

    private Workload begin(
            DemoEnvironment environment,
            FrameCollector frames,
            ScheduledExecutorService tableTimer,
            Teardown teardown,
            InterruptHandler interrupt)
            throws SQLException {
        Duration redraw = options.screen().terminal() ? REDRAW : PLAIN_LINES;
        every(SAMPLE, tableTimer, teardown, interrupt, frames::sample);
        every(redraw, tableTimer, teardown, interrupt, () -> console.draw(frames.collect()));
        ScheduledExecutorService writeTimer = executor("demo-writes", teardown);
        Workload workload =
                teardown.add(new Workload(environment.application(), commits, options.rows(), options.seed(), e -> {
                    failure.compareAndSet(null, e);
                    interrupt.requestEnd();
                }));
        workload.start(writeTimer, options.commitsPerSecond());
        return workload;
    }

    private interface Step {
        void run() throws Exception;
    }

    private void every(
            Duration period, ScheduledExecutorService timer, Teardown teardown, InterruptHandler interrupt, Step step) {
        Runnable guarded = () -> {
            try {
                step.run();
            } catch (Exception e) {
                failure.compareAndSet(null, e);
                interrupt.requestEnd();
            }
        };
        Future<?> schedule = timer.scheduleWithFixedDelay(guarded, 0, period.toMillis(), TimeUnit.MILLISECONDS);
        teardown.add(() -> schedule.cancel(false));
    }

    private int compare(DemoEnvironment environment, DemoDaemon daemon, ScheduledExecutorService timer)
            throws Exception {
        console.print("The writes have stopped. Waiting until the daemon reports every view fresh ...");
        if (!CatchUp.await(daemon::status, commits.newest(), catchUpTimeout, timer)) {
            console.print("It did not within " + catchUpTimeout.toSeconds() + " s.");
        }
        console.stopDrawing();
        List<Summary.View> views = Oracle.compare(environment.application(), DemoSchema.ROLE_A.schema()).stream()
                .map(found -> new Summary.View(found, statistics.worst(found.view())))
                .toList();
        Summary summary = new Summary(
                commits.commits(), statistics.refreshes(), statistics.avoided(), statistics.failures(), views);
        summary.lines().forEach(console::print);
        return summary.allEqual() && complete(views) ? EQUAL : DIFFERENT;
    }

    /** A view that was dropped meanwhile is not among the compared ones; it does not count as equal. */
    private static boolean complete(List<Summary.View> views) {
        List<ViewId> compared =
                views.stream().map(view -> view.comparison().view()).toList();
        return compared.containsAll(DemoSchema.VIEWS);
    }

    private static Moment now() {
        return new Moment(System.nanoTime(), Instant.now());
    }

    private void introduce(DemoEnvironment environment) {
        String http = "http://127.0.0.1:" + environment.httpPort();
        console.print("Status page   " + http + "/");
        console.print("Metrics       " + http + "/metrics");
        console.print("Look inside   " + environment.psql());
        console.print("JDBC          " + environment.jdbc());
        console.print("Configuration " + environment.configuration());
        console.print("Log           " + environment.configuration().resolveSibling(DemoEnvironment.LOG));
        console.print(options.runFor()
                .map(time -> "Ends by itself after " + LiveTable.seconds(time) + "; Ctrl-C ends it at once.")
                .orElse("Ctrl-C ends it."));
    }

    private static ScheduledExecutorService executor(String name, Teardown teardown) {
        return teardown.add(Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory()));
    }
}
