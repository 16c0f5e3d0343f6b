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
 * What {@code refreshd demo} runs: PostgreSQL in a temporary folder, an application that writes, the daemon, and a table
 * that shows what happens. Owns all of it, starts it in the order of {@link #begin} and ends it in the opposite one.
 */
public final class Demo {
    /** Every view equalled its definition at the end, or the demo was interrupted before anybody asked. */
    public static final int EQUAL = 0;
    /** A view differed from its definition. */
    public static final int DIFFERENT = 1;
    /** It did not start, or something it needs broke. */
    public static final int BROKEN = 3;

    private static final Duration REDRAW = Duration.ofSeconds(1);
    private static final Duration PLAIN_LINES = Duration.ofSeconds(5);
    /** Finer than the redrawing, since a view is stalest just before it becomes fresh. */
    private static final Duration SAMPLE = Duration.ofMillis(100);
    /** Twice the largest target lag of the demo would do in health; the rest is for slow machines. */
    private static final Duration SETTLE = Duration.ofSeconds(60);

    private static final int LOG_TAIL = 20;

    private final DemoOptions options;
    private final Display display;
    private final DaemonUnderDemo.Factory factory;
    private final Duration settle;
    private final Optional<Path> program;
    private final CommitLog commits = new CommitLog();
    private final Tally tally = new Tally();
    private final AtomicReference<Exception> broken = new AtomicReference<>();

    /** @param program of PostgreSQL, if it is unpacked already; otherwise it is unpacked into the demo's own folder */
    Demo(
            DemoOptions options,
            PrintStream out,
            DaemonUnderDemo.Factory factory,
            Duration settle,
            Optional<Path> program) {
        this.options = options;
        this.display = new Display(out, options.screen());
        this.factory = factory;
        this.settle = settle;
        this.program = program;
    }

    /** Blocks until the demo is over and nothing of it is left. Returns one of the exit codes above. */
    public static int run(DemoOptions options, PrintStream out) {
        return new Demo(options, out, RealDaemon::of, SETTLE, Optional.empty()).run();
    }

    int run() {
        Teardown teardown = new Teardown();
        boolean interrupted = false;
        try (Interruption interruption = Interruption.listen(teardown)) {
            int code = BROKEN;
            try {
                code = attempt(teardown, interruption);
            } catch (InterruptedException e) {
                interrupted = true;
            } finally {
                code = end(teardown, code);
            }
            return code;
        } finally {
            // Not before: the server could not be stopped in order by an interrupted thread.
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private int end(Teardown teardown, int code) {
        try {
            teardown.close();
            display.say("Everything is stopped and deleted.");
            return code;
        } catch (Exception e) {
            display.say("Not everything could be stopped and deleted: " + e);
            return BROKEN;
        }
    }

    private int attempt(Teardown teardown, Interruption interruption) throws InterruptedException {
        Optional<Path> folder = Optional.empty();
        try {
            display.say("Starting PostgreSQL and filling the tables ...");
            folder = Optional.of(Ground.folder(teardown));
            return show(folder.get(), teardown, interruption);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            display.end();
            display.say("The demo broke: " + e.getMessage());
            folder.map(path -> Folders.tail(path.resolve(Ground.LOG), LOG_TAIL))
                    .orElse(List.of())
                    .forEach(display::say);
            return BROKEN;
        }
    }

    private int show(Path folder, Teardown teardown, Interruption interruption) throws Exception {
        LogFile.open(folder.resolve(Ground.LOG)).ifPresent(teardown::add);
        Ground ground = Ground.lay(
                folder, program.orElse(folder.resolve("program")), options.rows(), options.httpPort(), teardown);
        if (interruption.asked()) {
            return EQUAL;
        }
        DaemonUnderDemo daemon = teardown.add(factory.of(ground.configuration()));
        daemon.addListener(tally);
        daemon.start();
        introduce(ground);
        RowCounts counts = teardown.add(new RowCounts(ground.application().connect()));
        ScheduledExecutorService pulse = executor("demo-table", teardown);
        Observer observer = new Observer(daemon, commits, tally, counts, Demo::now);
        Writes writes = begin(ground, observer, pulse, teardown, interruption);

        if (options.runFor().isPresent()) {
            interruption.await(options.runFor().get());
        } else {
            interruption.await();
        }
        writes.close();
        Exception failure = broken.get();
        if (failure != null) {
            throw failure;
        }
        if (interruption.asked()) {
            display.end();
            new Summary(commits.commits(), tally.refreshes(), tally.avoided(), tally.failures(), List.of())
                    .lines()
                    .forEach(display::say);
            return EQUAL;
        }
        return judge(ground, daemon, pulse);
    }

    private Writes begin(
            Ground ground,
            Observer observer,
            ScheduledExecutorService pulse,
            Teardown teardown,
            Interruption interruption)
            throws SQLException {
        Duration redraw = options.screen().terminal() ? REDRAW : PLAIN_LINES;
        every(SAMPLE, pulse, teardown, interruption, observer::sample);
        every(redraw, pulse, teardown, interruption, () -> display.show(observer.frame()));
        ScheduledExecutorService beats = executor("demo-writes", teardown);
        Writes writes = teardown.add(new Writes(ground.application(), commits, options.rows(), options.seed(), e -> {
            broken.compareAndSet(null, e);
            interruption.wake();
        }));
        writes.start(beats, options.commitsPerSecond());
        return writes;
    }

    private interface Step {
        void run() throws Exception;
    }

    private void every(
            Duration period, ScheduledExecutorService pulse, Teardown teardown, Interruption interruption, Step step) {
        Runnable guarded = () -> {
            try {
                step.run();
            } catch (Exception e) {
                broken.compareAndSet(null, e);
                interruption.wake();
            }
        };
        Future<?> rhythm = pulse.scheduleWithFixedDelay(guarded, 0, period.toMillis(), TimeUnit.MILLISECONDS);
        teardown.add(() -> rhythm.cancel(false));
    }

    private int judge(Ground ground, DaemonUnderDemo daemon, ScheduledExecutorService pulse) throws Exception {
        display.say("No more writes: waiting until the daemon reports every view fresh ...");
        if (!Settling.await(daemon::status, commits.newest(), settle, pulse)) {
            display.say("It did not within " + settle.toSeconds() + " s.");
        }
        display.end();
        List<Summary.View> views = Oracle.compare(ground.application(), DemoSchema.ROLE_A.schema()).stream()
                .map(found -> new Summary.View(found, tally.worst(found.view())))
                .toList();
        Summary summary = new Summary(commits.commits(), tally.refreshes(), tally.avoided(), tally.failures(), views);
        summary.lines().forEach(display::say);
        return summary.allEqual() && complete(views) ? EQUAL : DIFFERENT;
    }

    /** A view that vanished meanwhile equals nothing. */
    private static boolean complete(List<Summary.View> views) {
        List<ViewId> compared =
                views.stream().map(view -> view.comparison().view()).toList();
        return compared.containsAll(DemoSchema.VIEWS);
    }

    private static Moment now() {
        return new Moment(System.nanoTime(), Instant.now());
    }

    private void introduce(Ground ground) {
        String http = "http://127.0.0.1:" + ground.httpPort();
        display.say("Status page   " + http + "/");
        display.say("Metrics       " + http + "/metrics");
        display.say("Look inside   " + ground.psql());
        display.say("JDBC          " + ground.jdbc());
        display.say("Configuration " + ground.configuration());
        display.say("Log           " + ground.configuration().resolveSibling(Ground.LOG));
        display.say(options.runFor()
                .map(time -> "Ends by itself after " + LiveTable.seconds(time) + "; Ctrl-C ends it at once.")
                .orElse("Ctrl-C ends it."));
    }

    private static ScheduledExecutorService executor(String name, Teardown teardown) {
        return teardown.add(Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name(name).factory()));
    }
}
