package io.refreshd.faults;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A database under load, the daemon beside it, faults in both and between them, and an oracle that watches. Everything random
 * comes from the seed; what threads make of it does not.
 */
public final class Campaign {
    private static final Duration RECOVERY = Duration.ofSeconds(300);

    private final Options options;
    private final Path folder;
    private final Tally tally = new Tally();
    private final Ending workEnds = new Ending();
    private final Ending faultsEnd = new Ending();
    private final Ending oracleEnds = new Ending();
    private final AtomicReference<@Nullable Violation> violation = new AtomicReference<>();
    private final AtomicReference<String> deed = new AtomicReference<>("starting");
    private final List<String> diary = new ArrayList<>();
    private final long began = System.nanoTime();
    private long faultsBegan;

    /**
     * @param longest milliseconds that a fault may last
     * @param faults at most so many
     */
    public record Options(
            long seed,
            Duration duration,
            int items,
            int longest,
            int faults,
            List<String> kinds,
            Circumstances circumstances) {
        /** Seeds that broke a promise once; each ran into a fault of its own, named in the commit that mended it. */
        public static Stream<Options> thatOnceFailed() {
            return Stream.of(
                    brief(1, Kinds.first(), Circumstances.FORMER),
                    brief(21, Kinds.second(), Circumstances.FORMER),
                    brief(32, Kinds.second(), Circumstances.FORMER),
                    brief(4201, Kinds.second(), Circumstances.FORMER),
                    brief(5, Kinds.third(), Circumstances.of(5)),
                    brief(109, Kinds.third(), Circumstances.of(109)));
        }

        public static Options brief(long seed) {
            Circumstances circumstances = Circumstances.of(seed);
            return brief(seed, Kinds.of(circumstances), circumstances);
        }

        private static Options brief(long seed, List<String> kinds, Circumstances circumstances) {
            return new Options(seed, Duration.ofSeconds(30), 20_000, 2_500, 8, kinds, circumstances);
        }

        public static Options thorough(long seed, Duration duration) {
            Circumstances circumstances = Circumstances.of(seed);
            return new Options(
                    seed, duration, 300_000, 30_000, Integer.MAX_VALUE, Kinds.of(circumstances), circumstances);
        }
    }

    public Campaign(Options options) {
        this.options = options;
        this.folder = Path.of("target", "faults", "seed-" + options.seed()).toAbsolutePath();
    }

    /**
     * @return what was injected and how it was survived
     * @throws Violation if a promise was broken; says all that is needed to reproduce it
     */
    public String run() throws Exception {
        Files.createDirectories(folder);
        Path data = Files.createTempDirectory(folder, "postgres");
        Files.deleteIfExists(folder.resolve("daemon.log"));
        SplittableRandom random = new SplittableRandom(options.seed());
        List<Thread> threads = new ArrayList<>();
        Clocks clocks = options.circumstances().movableClocks() ? Clocks.in(folder) : Clocks.NONE;
        try (DatabaseServer server =
                        DatabaseServer.start(data, options.circumstances().postgres(), clocks.environmentOfServer());
                TcpProxy proxy = new TcpProxy(server.port());
                DaemonProcess daemon = DaemonProcess.at(
                        folder, proxy.port(), options.circumstances().user(), clocks.environmentOfDaemon())) {
            Ground.lay(server, options.items(), options.circumstances());
            proxy.start();
            daemon.start();
            AtomicLong nextId = new AtomicLong(Ground.ROWS + 1);
            Thread watcher = Thread.ofPlatform().name("oracle").start(() -> watch(server));
            threads.add(watcher);
            for (int i = 0; i < 4; i++) {
                Worker worker = new Worker(server, random.split(), nextId, workEnds, tally, i == 0);
                threads.add(Thread.ofPlatform().name("worker-" + i).start(worker));
            }
            try {
                Site site = new Site(server, proxy, daemon, clocks, random, faultsEnd, options.longest());
                recover(site, "start");
                faultsBegan = System.nanoTime();
                injectFaults(site);
                workEnds.begin();
                for (Thread thread : threads) {
                    if (thread != watcher) {
                        thread.join();
                    }
                }
                settle(site);
            } catch (Violation e) {
                violation.compareAndSet(null, e);
            } finally {
                workEnds.begin();
                faultsEnd.begin();
                oracleEnds.begin();
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
                    + options.seed() + " -Drefreshd.minutes="
                    + Math.max(1, options.duration().toMinutes())
                    + "; the daemon's log is " + folder.resolve("daemon.log"));
        }
        return report();
    }

    private void injectFaults(Site site) throws Exception {
        int struck = 0;
        while (Duration.ofNanos(System.nanoTime() - faultsBegan).compareTo(options.duration()) < 0
                && struck++ < options.faults()
                && violation.get() == null) {
            String kind =
                    options.kinds().get(site.random().nextInt(options.kinds().size()));
            boolean another = site.random().nextInt(4) == 0;
            boolean impatient = site.random().nextInt(3) == 0;
            strike(site, kind);
            if (another) {
                // A second one before the first has healed.
                strike(
                        site,
                        options.kinds()
                                .get(site.random().nextInt(options.kinds().size())));
            }
            if (impatient) {
                site.ending().pause(site.random().nextInt(3_000));
            } else {
                recover(site, kind);
            }
        }
    }

    private void strike(Site site, String kind) throws Exception {
        note(kind);
        deed.set(kind);
        try {
            Faults.ALL.get(kind).strike(site);
        } catch (SQLException | NotInjected e) {
            note("not injected, " + kind + ": " + e.getMessage());
            tally.count("not injected");
            return;
        }
        tally.count("fault: " + kind);
    }

    /** Waits until every view claims to hold what was committed by now, and measures it. */
    private void recover(Site site, String after) throws Exception {
        long start = System.nanoTime();
        site.server().awaitConnections();
        Worker.resolvePrepared(site.server());
        try (Oracle asked = new Oracle(site.server(), tally)) {
            String position = asked.one("SELECT pg_current_wal_insert_lsn()");
            int looks = 0;
            while (true) {
                alive(site);
                if (violation.get() != null) {
                    return;
                }
                String all = asked.one("SELECT to_regclass('refreshd.freshness') IS NOT NULL")
                                .equals("t")
                        ? asked.one("SELECT count(*) = " + Subject.ALL.size()
                                + " AND bool_and(coalesce(watermark >= '" + position + "', false))"
                                + " FROM refreshd.freshness")
                        : "f";
                if (all.equals("t")) {
                    break;
                }
                if (Duration.ofNanos(System.nanoTime() - start).compareTo(RECOVERY) > 0) {
                    throw new Violation(
                            "not recovered within " + RECOVERY + " after " + after + ": " + asked.unfinished(position));
                }
                TimeUnit.MILLISECONDS.sleep(100);
                if (++looks % 10 == 0) {
                    Worker.resolvePrepared(site.server());
                }
            }
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        note("recovered in " + took.toMillis() + " ms");
        tally.took("recovered: " + after, took);
        tally.took("worst staleness after recovery", took);
    }

    private void alive(Site site) throws Violation {
        OptionalInt code = site.daemon().endedByItself();
        if (code.isPresent()) {
            throw new Violation(
                    "the daemon ended by itself with " + code.getAsInt() + " during or after " + deed.get());
        }
    }

    /** The workload is over: with nothing else to wake the daemon up, all has to come right. */
    private void settle(Site site) throws Exception {
        if (violation.get() != null) {
            return;
        }
        note("workload over");
        site.server().awaitConnections();
        TimeUnit.SECONDS.sleep(3);
        Worker.resolvePrepared(site.server());
        long start = System.nanoTime();
        try (Oracle asked = new Oracle(site.server(), tally)) {
            String position = asked.one("SELECT pg_current_wal_insert_lsn()");
            List<String> unfinished = asked.unfinished(position);
            while (!unfinished.isEmpty()) {
                alive(site);
                if (Duration.ofNanos(System.nanoTime() - start).compareTo(RECOVERY) > 0) {
                    throw new Violation("at the end, without further writes: " + unfinished);
                }
                TimeUnit.MILLISECONDS.sleep(100);
                unfinished = asked.unfinished(position);
            }
        }
        tally.took("all views equal at the end", Duration.ofNanos(System.nanoTime() - start));
    }

    private void watch(DatabaseServer server) {
        while (!oracleEnds.begun() && violation.get() == null) {
            try (Oracle oracle = new Oracle(server, tally)) {
                while (!oracleEnds.begun()) {
                    long began = System.nanoTime();
                    oracle.check();
                    // The servers of a campaign share their processors with it: half of one is enough for watching.
                    oracleEnds.pause(Math.max(
                            150, Duration.ofNanos(System.nanoTime() - began).toMillis()));
                }
            } catch (Violation e) {
                violation.compareAndSet(null, e);
                note("violation, after " + deed.get());
                faultsEnd.begin();
                workEnds.begin();
            } catch (SQLException e) {
                tally.count("oracle interrupted");
                oracleEnds.pause(200);
            }
        }
    }

    private void sumUp(DatabaseServer server) {
        try (Oracle asked = new Oracle(server, tally)) {
            tally.set(
                    "refreshes",
                    Long.parseLong(asked.one("SELECT coalesce(sum(refreshes), 0) FROM refreshd.view_state")));
        } catch (SQLException e) {
            note("could not count refreshes: " + e.getMessage());
        }
    }

    private synchronized void note(String what) {
        diary.add("  %6.1f s  %s".formatted(elapsed().toMillis() / 1e3, what));
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private synchronized String report() {
        return "seed " + options.seed() + ", " + options.circumstances() + ", "
                + elapsed().toSeconds() + " s\n" + tally + (violation.get() == null ? "  zero violations\n" : "")
                + "Diary:\n" + String.join("\n", diary) + "\n";
    }

    /** Seed, minutes (0: the short form) and, to look closer, some kinds of faults, divided by semicolons. */
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
                    options.circumstances());
        }
        try {
            System.out.println(new Campaign(options).run());
        } catch (Violation e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }
}
