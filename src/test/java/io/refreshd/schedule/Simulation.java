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
    private final SimulatedDatabase db = new SimulatedDatabase();
    private final DataOracle data = new DataOracle(db);
    private final Counts counts = new Counts();
    private final SimulatedHost host;
    private final Script script;
    private int steps;

    private static final Set<String> INCREMENTAL = Set.of("base0", "base2", "leaf", "clocked", "middle");

    /**
     * @param incremental whether some views are incremental
     * @param calendar whether some views have a window, and some a schedule
     * @param groups names of views that are refreshed together
     * @param queriesViews whether some views are queried whether they contain the rows that changed. Without, a seed from before
     *     there was such a thing leads to the same run as then
     */
    Simulation(long seed, boolean queriesViews, boolean incremental, boolean calendar, List<Set<String>> groups) {
        timeline = new Timeline(seed);
        host = new SimulatedHost(timeline, counts, () -> new SimulatedDaemon(timeline, db, data, counts, queriesViews));
        script = new Script(
                timeline,
                db,
                data,
                host,
                queriesViews && !incremental,
                incremental ? INCREMENTAL : Set.of(),
                calendar,
                groups);
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
