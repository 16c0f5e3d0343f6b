package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A server, a daemon and people, driven by one seed in virtual time around a real {@link Scheduler}. What happens comes from
 * the {@link Script}. After each event the invariants are checked: I1 and I2 by the {@link DataOracle}, the others by the
 * {@link ScheduleOracle}.
 */
final class Simulation {
    private final Timeline timeline;
    private final SimulatedDatabase db;
    private final DataOracle data;
    private final Counts counts = new Counts();
    private final SimulatedHost host;
    private final Script script;
    private int steps;

    /** {@code report}, a materialized view, reads the top of the stack. */
    private static final Set<String> STACK = Set.of("base0", "base1", "base2", "middle", "side", "top", "leaf");

    private static final Set<String> INCREMENTAL = Set.of("base0", "base2", "leaf", "clocked", "middle");

    /**
     * @param incremental whether some views are incremental
     * @param calendar whether some views have a window, and some a schedule
     * @param groups names of views that are refreshed together
     * @param queriesViews whether some views are queried whether they contain the rows that changed. Without, a seed from before
     *     there was such a thing leads to the same run as then
     */
    Simulation(long seed, boolean queriesViews, boolean incremental, boolean calendar, List<Set<String>> groups) {
        this(seed, queriesViews, incremental ? INCREMENTAL : Set.of(), calendar, groups, false);
    }

    /** Incremental views that read incremental views. */
    static Simulation ofStacks(long seed) {
        return new Simulation(seed, true, STACK, false, List.of(), true);
    }

    private Simulation(
            long seed,
            boolean queriesViews,
            Set<String> incremental,
            boolean calendar,
            List<Set<String>> groups,
            boolean stacks) {
        timeline = new Timeline(seed);
        db = new SimulatedDatabase(stacks);
        data = new DataOracle(db);
        host = new SimulatedHost(
                timeline, counts, kill -> new SimulatedDaemon(timeline, db, data, counts, queriesViews, kill));
        script = new Script(
                timeline, db, data, host, queriesViews && incremental.isEmpty(), incremental, calendar, groups);
    }

    void run(int wanted) {
        host.start();
        script.begin();
        while (steps < wanted) {
            step();
        }
        script.end();
        // Resumed again and again: a view that was suspended for a view upstream needs a second time.
        for (int i = 0; i < 6; i++) {
            runUntil(timeline.in(Duration.ofSeconds(20)));
            host.daemon().ifPresent(this::resumeAll);
        }
        data.checkEnd(host.daemon().orElseThrow().status());
    }

    private void runUntil(long until) {
        while (!timeline.nothingUntil(until, deadline())) {
            step();
        }
        timeline.moveTo(until);
    }

    private void resumeAll(SimulatedDaemon daemon) {
        for (ViewId id : db.views.keySet()) {
            daemon.handle(new Event.ResumeRequested(id));
        }
    }

    private void step() {
        steps++;
        if (!timeline.runNext(deadline())) {
            host.daemon().orElseThrow().handle(new Event.Tick());
        }
        host.daemon().ifPresent(daemon -> data.checkLedger(daemon.ingest().knownViews()));
        data.checkGroups();
        if (db.stacks()) {
            data.checkStacks();
        }
    }

    private OptionalLong deadline() {
        return host.daemon().map(SimulatedDaemon::nextDeadline).orElse(OptionalLong.empty());
    }

    int steps() {
        return steps;
    }

    Counts counts() {
        return counts;
    }
}
