package io.refreshd.faults;

import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A fault campaign: a database under load, the daemon, faults in both and between them, and an oracle that checks all the
 * time.
 *
 * <p>The seed determines every random choice, but not the timing of the threads.
 */
public final class Campaign {
    private final Options options;
    private final Path folder;
    private final CampaignStatistics statistics = new CampaignStatistics();
    /** Rows that a conversion has copied are visible to older snapshots too, as those of a plain REFRESH are. So the oracle waits. */
    private final ReentrantLock looking = new ReentrantLock();

    private final StopSignal stopWork = new StopSignal();
    private final StopSignal stopFaults = new StopSignal();
    private final StopSignal stopOracle = new StopSignal();
    private final AtomicReference<@Nullable Violation> violation = new AtomicReference<>();
    private final AtomicReference<String> currentFault = new AtomicReference<>("starting");
    private final List<String> timeline = new ArrayList<>();
    private final long began = System.nanoTime();
    private long faultsBegan;

    /**
     * @param longest milliseconds that a fault may last
     * @param faults the largest number of faults
     * @param timed whether recovery and termination have limits of their own, as on a machine that does nothing else
     */
    public record Options(
            long seed,
            Duration duration,
            int items,
            int longest,
            int faults,
            List<String> kinds,
            CampaignEnvironment environment,
            boolean timed) {
        /** How long recovery may take: until every view is fresh again. */
        Duration recoveryLimit() {
            return timed ? Duration.ofMinutes(5) : TestTimeout.LIMIT;
        }

        /** How long the daemon may take from SIGTERM to its exit. An orchestrator kills it after 30 s. */
        Duration terminationLimit() {
            return timed ? Duration.ofSeconds(30) : TestTimeout.LIMIT;
        }

        /** Seeds with which a promise was broken once. The commit that fixed the cause names it. */
        public static Stream<Options> regressions() {
            return Stream.of(
                    brief(1, FaultSelection.first(), CampaignEnvironment.EARLIER),
                    brief(21, FaultSelection.second(), CampaignEnvironment.EARLIER),
                    brief(32, FaultSelection.second(), CampaignEnvironment.EARLIER),
                    brief(4201, FaultSelection.second(), CampaignEnvironment.EARLIER),
                    brief(5, FaultSelection.third(), CampaignEnvironment.of(5)),
                    brief(109, FaultSelection.third(), CampaignEnvironment.of(109)));
        }

        public static Options brief(long seed) {
            CampaignEnvironment environment = CampaignEnvironment.of(seed);
            return brief(seed, FaultSelection.of(environment), environment);
        }

        private static Options brief(long seed, List<String> kinds, CampaignEnvironment environment) {
            return new Options(seed, Duration.ofSeconds(30), 20_000, 2_500, 8, kinds, environment, false);
        }

        /** The daemon reads topics. */
        public static Options overTopics(long seed, Duration duration) {
            CampaignEnvironment environment = CampaignEnvironment.ofTopics(seed);
            return new Options(
                    seed,
                    duration,
                    4_000,
                    10_000,
                    Integer.MAX_VALUE,
                    FaultSelection.of(environment),
                    environment,
                    true);
        }

        public static Options thorough(long seed, Duration duration) {
            CampaignEnvironment environment = CampaignEnvironment.of(seed);
            return new Options(
                    seed,
                    duration,
                    300_000,
                    30_000,
                    Integer.MAX_VALUE,
                    FaultSelection.of(environment),
                    environment,
                    true);
        }
    }

    public Campaign(Options options) {
        this.options = options;
        this.folder = Path.of("target", "faults", "seed-" + options.seed()).toAbsolutePath();
    }

    /**
     * @return a report: what was injected, and how long recovery took
     * @throws Violation if a promise was broken; the message has all that is needed to reproduce it
     */
    public String run() throws Exception {
        Files.createDirectories(folder);
        Path data = Files.createTempDirectory(folder, "postgres");
        Files.deleteIfExists(folder.resolve("daemon.log"));
        SplittableRandom random = new SplittableRandom(options.seed());
        List<Thread> threads = new ArrayList<>();
        Clocks clocks = options.environment().movableClocks() ? Clocks.in(folder) : Clocks.NONE;
        try (DatabaseServer server =
                        DatabaseServer.start(data, options.environment().postgres(), clocks.environmentOfServer());
                TcpProxy proxy = new TcpProxy(server.port());
                @Nullable CampaignTopics topics = prepare(server);
                CampaignDaemon daemon = CampaignDaemon.of(
                        folder,
                        proxy.port(),
                        options.environment().user(),
                        clocks.environmentOfDaemon(),
                        Optional.ofNullable(topics))) {
            proxy.start();
            daemon.start();
            AtomicLong nextId = new AtomicLong(CampaignSchema.ROWS + 1);
            Thread watcher = Thread.ofPlatform().name("oracle").start(() -> watch(server));
            threads.add(watcher);
            Thread counter = Thread.ofPlatform().name("backends").start(() -> countBackends(server, proxy, daemon));
            threads.add(counter);
            for (int i = 0; i < 4; i++) {
                ApplicationClient worker =
                        new ApplicationClient(server, random.split(), nextId, stopWork, statistics, i == 0);
                threads.add(Thread.ofPlatform().name("worker-" + i).start(worker));
            }
            try {
                FaultContext context = new FaultContext(
                        server, proxy, daemon, clocks, Optional.ofNullable(topics), random, stopFaults, options);
                recover(context, "start");
                if (options.environment().incremental()) {
                    looking.lock();
                    try {
                        IncrementalViewsOfCampaign.convert(
                                server, options.environment().user());
                    } finally {
                        looking.unlock();
                    }
                    recover(context, "conversion");
                }
                faultsBegan = System.nanoTime();
                injectFaults(context);
                stopWork.set();
                for (Thread thread : threads) {
                    if (thread != watcher && thread != counter) {
                        thread.join();
                    }
                }
                settle(context);
            } catch (Violation e) {
                violation.compareAndSet(null, e);
            } finally {
                stopWork.set();
                stopFaults.set();
                stopOracle.set();
                for (Thread thread : threads) {
                    thread.join();
                }
                sumUp(server);
            }
        }
        Violation found = violation.get();
        if (found != null) {
            throw new Violation(report() + "VIOLATION: " + found.getMessage()
                    + "\nReproduce: ./mvnw verify -Pfaults -Drefreshd.seed="
                    + options.seed()
                    + (options.environment().topics() ? " -Drefreshd.topics=true -Dit.test=CampaignIT#overTopics" : "")
                    + " -Drefreshd.minutes="
                    + Math.max(1, options.duration().toMinutes())
                    + "; the daemon's log is " + folder.resolve("daemon.log"));
        }
        return report();
    }

    /** Makes the tables, and whatever writes topics of them. */
    private @Nullable CampaignTopics prepare(DatabaseServer server) throws Exception {
        CampaignSchema.create(server, options.items(), options.environment());
        return options.environment().topics() ? CampaignTopics.start(server, options.seed(), folder) : null;
    }

    private void injectFaults(FaultContext context) throws Exception {
        int injected = 0;
        while (Duration.ofNanos(System.nanoTime() - faultsBegan).compareTo(options.duration()) < 0
                && injected++ < options.faults()
                && violation.get() == null) {
            String kind =
                    options.kinds().get(context.random().nextInt(options.kinds().size()));
            boolean another = context.random().nextInt(4) == 0;
            boolean withoutRecovery = context.random().nextInt(3) == 0;
            injectOne(context, kind);
            if (another) {
                // A second fault before the recovery from the first.
                injectOne(
                        context,
                        options.kinds()
                                .get(context.random().nextInt(options.kinds().size())));
            }
            if (withoutRecovery) {
                context.stop().sleep(context.random().nextInt(3_000));
            } else {
                recover(context, kind);
            }
        }
    }

    private void injectOne(FaultContext context, String kind) throws Exception {
        if (context.topics().isPresent() && context.random().nextBoolean()) {
            context.daemon().exchange();
        }
        note(kind);
        currentFault.set(kind);
        try {
            Faults.of(kind).inject(context);
        } catch (SQLException | NotInjectedException e) {
            note("not injected, " + kind + ": " + e.getMessage());
            statistics.count("not injected");
            return;
        }
        statistics.count("fault: " + kind);
    }

    /** Waits until the watermark of every view covers what had committed at the call, and records how long that took. */
    private void recover(FaultContext context, String after) throws Exception {
        long start = System.nanoTime();
        context.server().awaitConnections();
        ApplicationClient.resolvePrepared(context.server());
        try (Oracle asked = new Oracle(context.server(), statistics)) {
            String position = asked.one("SELECT pg_current_wal_insert_lsn()");
            int looks = 0;
            while (true) {
                alive(context);
                if (violation.get() != null) {
                    return;
                }
                String all = asked.one("SELECT to_regclass('refreshd.freshness') IS NOT NULL")
                                .equals("t")
                        ? asked.one("SELECT count(*) = " + CheckedView.ALL.size()
                                + " AND bool_and(coalesce(watermark >= '" + position + "', false))"
                                + " FROM refreshd.freshness WHERE view_schema = 'public'")
                        : "f";
                if (all.equals("t")) {
                    break;
                }
                if (Duration.ofNanos(System.nanoTime() - start).compareTo(options.recoveryLimit()) > 0) {
                    throw new Violation("not recovered within " + options.recoveryLimit() + " after " + after + ": "
                            + asked.unfinished(position) + topics(context));
                }
                TimeUnit.MILLISECONDS.sleep(100);
                if (++looks % 10 == 0) {
                    ApplicationClient.resolvePrepared(context.server());
                    restartFailedTasks(context);
                }
                if (looks % 300 == 0) {
                    note("not recovered yet" + topics(context));
                }
            }
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        note("recovered in " + took.toMillis() + " ms");
        statistics.took("recovered: " + after, took);
        statistics.took("worst staleness after recovery", took);
    }

    private static void restartFailedTasks(FaultContext context) throws IOException {
        if (context.topics().isPresent()) {
            context.topics().get().restartFailedTasks();
        }
    }

    /** How far the topics are, where there are any. */
    private static String topics(FaultContext context) {
        return context.topics().map(topics -> "; " + topics.describe()).orElse("");
    }

    private void alive(FaultContext context) throws Violation, InterruptedException {
        OptionalInt code = context.daemon().endedByItself();
        if (code.isPresent()) {
            throw new Violation(
                    "the daemon ended by itself with " + code.getAsInt() + " during or after " + currentFault.get());
        }
    }

    /** After the end of the workload, when no write wakes the daemon any more, every view must become equal and fresh. */
    private void settle(FaultContext context) throws Exception {
        if (violation.get() != null) {
            return;
        }
        note("workload over");
        context.server().awaitConnections();
        TimeUnit.SECONDS.sleep(3);
        ApplicationClient.resolvePrepared(context.server());
        long start = System.nanoTime();
        try (Oracle asked = new Oracle(context.server(), statistics)) {
            String position = asked.one("SELECT pg_current_wal_insert_lsn()");
            List<String> unfinished = asked.unfinished(position);
            int looks = 0;
            while (!unfinished.isEmpty()) {
                alive(context);
                if (Duration.ofNanos(System.nanoTime() - start).compareTo(options.recoveryLimit()) > 0) {
                    throw new Violation("at the end, without further writes: " + unfinished + topics(context));
                }
                TimeUnit.MILLISECONDS.sleep(100);
                if (++looks % 10 == 0) {
                    restartFailedTasks(context);
                }
                if (looks % 300 == 0) {
                    note("not equal yet" + topics(context));
                }
                unfinished = asked.unfinished(position);
            }
        }
        statistics.took("all views equal at the end", Duration.ofNanos(System.nanoTime() - start));
    }

    private void watch(DatabaseServer server) {
        while (!stopOracle.isSet() && violation.get() == null) {
            try (Oracle oracle = new Oracle(server, statistics)) {
                while (!stopOracle.isSet()) {
                    long began = System.nanoTime();
                    looking.lock();
                    try {
                        oracle.check();
                    } finally {
                        looking.unlock();
                    }
                    // The oracle uses at most half of a processor, since the server and the daemon share the
                    // processors with it.
                    stopOracle.sleep(Math.max(
                            150, Duration.ofNanos(System.nanoTime() - began).toMillis()));
                }
            } catch (Violation e) {
                violation.compareAndSet(null, e);
                note("violation, after " + currentFault.get());
                stopFaults.set();
                stopWork.set();
            } catch (SQLException e) {
                statistics.count("oracle interrupted");
                stopOracle.sleep(200);
            }
        }
    }

    private void countBackends(DatabaseServer server, TcpProxy proxy, CampaignDaemon daemon) {
        BackendLimit limit = new BackendLimit();
        long most = 0;
        while (!stopOracle.isSet() && violation.get() == null) {
            try (Connection connection = server.connect("counter")) {
                while (!stopOracle.isSet()) {
                    int backends = BackendLimit.count(connection);
                    int allowed = BackendLimit.PER_DAEMON * daemon.running() + proxy.forgotten();
                    most = Math.max(most, backends);
                    statistics.set("most backends of the daemon", most);
                    if (limit.isBroken(backends, allowed, System.nanoTime())) {
                        violation.compareAndSet(
                                null,
                                new Violation(backends + " backends of the daemon for " + BackendLimit.PATIENCE
                                        + ", where it may have " + allowed + " connections:\n"
                                        + BackendLimit.describe(connection)));
                        note("violation, after " + currentFault.get());
                        stopFaults.set();
                        stopWork.set();
                        return;
                    }
                    stopOracle.sleep(1_000);
                }
            } catch (SQLException e) {
                stopOracle.sleep(1_000);
            }
        }
    }

    private void sumUp(DatabaseServer server) {
        try (Oracle asked = new Oracle(server, statistics)) {
            statistics.set(
                    "refreshes",
                    Long.parseLong(asked.one("SELECT coalesce(sum(refreshes), 0) FROM refreshd.view_state")));
        } catch (SQLException e) {
            note("could not count refreshes: " + e.getMessage());
        }
    }

    private synchronized void note(String what) {
        timeline.add("  %6.1f s  %s".formatted(elapsed().toMillis() / 1e3, what));
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private synchronized String report() {
        return "seed " + options.seed() + ", " + options.environment() + ", "
                + elapsed().toSeconds() + " s\n" + statistics + (violation.get() == null ? "  zero violations\n" : "")
                + "Diary:\n" + String.join("\n", timeline) + "\n";
    }

    /** Arguments: seed; minutes, 0 for the short form; optionally kinds of faults, separated by semicolons. */
    public static void main(String[] arguments) throws Exception {
        long seed = Long.parseLong(arguments[0]);
        int minutes = Integer.parseInt(arguments[1]);
        Options options = minutes == 0 ? Options.brief(seed) : Options.thorough(seed, Duration.ofMinutes(minutes));
        if (arguments.length > 2) {
            options = new Options(
                    seed,
                    options.duration(),
                    options.items(),
                    options.longest(),
                    options.faults(),
                    List.of(arguments[2].split(";")),
                    options.environment(),
                    options.timed());
        }
        try {
            System.out.println(new Campaign(options).run());
        } catch (Violation e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }
}
