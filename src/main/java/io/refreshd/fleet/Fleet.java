package io.refreshd.fleet;

import io.refreshd.config.DatabaseEntry;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.config.HttpSettings;
import io.refreshd.daemon.RoleViewController;
import io.refreshd.daemon.StartQueue;
import io.refreshd.daemon.Version;
import io.refreshd.model.Moment;
import io.refreshd.observe.LogDatabase;
import io.refreshd.observe.LogValues;
import io.refreshd.observe.ProcessMonitor;
import io.refreshd.observe.ServedDatabase;
import io.refreshd.observe.ServedDatabases;
import io.refreshd.report.Notice;
import io.refreshd.report.UnitPhase;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that serves several databases. Each has a unit of its own, which shares only the process with the others: what happens to
 * one is no concern of another. All that belongs to the process is here: HTTP, the metrics of the JVM, which databases are served.
 *
 * <p>Thread: {@link #start} and {@link #close} are called from outside; {@link #serve} by {@link GroupMembership} too.
 */
public final class Fleet implements ServedDatabases, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Fleet.class);

    /** From so many failures of every database in a row on, another process is of more use. */
    private static final int HOPELESS = 3;

    /** All steps by which a unit ends are bounded; together they take no longer than this. */
    private static final Duration LONGEST_END = Duration.ofSeconds(30);

    private final SortedMap<String, UnitRunner> units = new TreeMap<>();
    private final SortedMap<String, ServedDatabase> unusable = new TreeMap<>();
    private final Optional<GroupMembership> group;
    private final ProcessMonitor monitor;
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private boolean closed;

    public Fleet(FleetConfiguration configuration) {
        this(configuration, RoleViewController.INTERVAL, (database, notice) -> {});
    }

    /** @param listener hears of what happens to each database; called on its threads, and must be quick */
    public Fleet(FleetConfiguration configuration, Duration rolesInterval, BiConsumer<String, Notice> listener) {
        LogValues.show(configuration.log().values());
        StartQueue starts = new StartQueue();
        for (DatabaseEntry entry : configuration.databases()) {
            switch (entry) {
                case DatabaseEntry.Usable usable ->
                    units.put(
                            usable.name(),
                            new UnitRunner(
                                    usable.name(),
                                    usable.configuration(),
                                    rolesInterval,
                                    starts,
                                    listener,
                                    this::elsewhere));
                case DatabaseEntry.Unusable bad ->
                    unusable.put(
                            bad.name(),
                            new ServedDatabase(
                                    bad.name(),
                                    UnitPhase.UNUSABLE,
                                    String.valueOf(bad.problem().getMessage()),
                                    0,
                                    Optional.empty()));
            }
        }
        this.group = configuration.group().map(settings -> new GroupMembership(settings, units.keySet(), this::serve));
        HttpSettings http = configuration.http();
        this.monitor = ProcessMonitor.ofSeveral(
                new InetSocketAddress(http.host(), http.port()),
                http.allowedHosts(),
                this,
                () -> new Moment(System.nanoTime(), Instant.now()),
                Version.current());
    }

    /** Returns once HTTP is served; the databases begin by themselves. */
    public void start() {
        monitor.start();
        // What no thread of refreshd or of a library has caught counts for the database that the thread worked for.
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> {
            String database = LogDatabase.get();
            UnitRunner unit = database == null ? null : units.get(database);
            if (unit == null) {
                log.atError()
                        .setCause(problem)
                        .addKeyValue("thread", thread.getName())
                        .log("An error was not caught");
            } else {
                unit.uncaught(new Notice.ErrorCaught(thread.getName(), problem));
            }
        });
        unusable.values()
                .forEach(bad -> log.atError()
                        .addKeyValue("database", bad.name())
                        .addKeyValue("reason", bad.detail())
                        .log("A database is left out: its configuration is not valid"));
        log.atInfo().addKeyValue("databases", units.size()).log("Serving several databases");
        group.ifPresentOrElse(GroupMembership::start, () -> serve(units.keySet()));
    }

    /** Begins and ends units until exactly these databases are served. Returns when those that end have ended. */
    void serve(Set<String> names) {
        List<Thread> ending = new ArrayList<>();
        synchronized (this) {
            for (Map.Entry<String, UnitRunner> unit : units.entrySet()) {
                if (closed || !names.contains(unit.getKey())) {
                    Thread stopped = unit.getValue().stop();
                    if (stopped != null) {
                        ending.add(stopped);
                    }
                } else {
                    unit.getValue().start();
                }
            }
        }
        try {
            for (Thread thread : ending) {
                if (!thread.join(LONGEST_END)) {
                    log.atWarn().addKeyValue("thread", thread.getName()).log("A database takes long to end");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String elsewhere() {
        return group.map(GroupMembership::elsewhere).orElse("it is about to begin");
    }

    /** By name. */
    @Override
    public List<ServedDatabase> all() {
        return Stream.concat(units.values().stream().map(UnitRunner::show), unusable.values().stream())
                .sorted(Comparator.comparing(ServedDatabase::name))
                .toList();
    }

    @Override
    public Optional<String> unassigned() {
        return group.flatMap(GroupMembership::unassigned);
    }

    @Override
    public List<String> stuck() {
        List<String> reasons = new ArrayList<>();
        group.filter(GroupMembership::isDead).ifPresent(dead -> reasons.add("the thread refreshd-group has died"));
        units.forEach((name, unit) -> {
            if (unit.isDead()) {
                reasons.add("the thread refreshd-unit-" + name + " has died");
            }
        });
        List<UnitRunner> wanted =
                units.values().stream().filter(UnitRunner::isWanted).toList();
        if (!wanted.isEmpty() && wanted.stream().allMatch(unit -> unit.failuresInARow() >= HOPELESS)) {
            reasons.add("each database has ended by an internal error " + HOPELESS + " times in a row");
        }
        return reasons;
    }

    /** The port that HTTP listens on; after {@link #start()} has been called. */
    public int httpPort() {
        return monitor.port();
    }

    /** Blocks until the process is to end. @return the exit code */
    public int awaitEnd() throws InterruptedException {
        try {
            return ended.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Ends all databases at once, then leaves the group, so that others take them when they are free. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        serve(Set.of());
        group.ifPresent(GroupMembership::close);
        monitor.close();
        ended.complete(0);
    }
}
