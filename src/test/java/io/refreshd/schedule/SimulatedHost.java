package io.refreshd.schedule;

import java.util.Optional;
import java.util.function.Function;

/** The machine on which daemons run: one at a time, and after a crash another one is started soon. */
final class SimulatedHost {
    private final Timeline timeline;
    private final Counts counts;
    private final Function<Runnable, SimulatedDaemon> create;
    private Optional<SimulatedDaemon> daemon = Optional.empty();

    /** @param create is given what makes the daemon crash */
    SimulatedHost(Timeline timeline, Counts counts, Function<Runnable, SimulatedDaemon> create) {
        this.timeline = timeline;
        this.counts = counts;
        this.create = create;
    }

    /** Empty while the daemon is down. */
    Optional<SimulatedDaemon> daemon() {
        return daemon;
    }

    void start() {
        SimulatedDaemon next = create.apply(this::crash);
        daemon = Optional.of(next);
        next.start();
    }

    void crash() {
        daemon.ifPresent(crashed -> {
            counts.crashes++;
            crashed.crash();
            daemon = Optional.empty();
            timeline.later(timeline.below(300), this::start);
        });
    }
}
