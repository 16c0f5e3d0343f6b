package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import io.refreshd.testing.Signals;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A contender with a database of its own. Its process, if it has one, is suspended except in its turn. */
final class SuspendedContender implements AutoCloseable {
    private final BenchDatabase database;
    private final Workload workload;
    private final Contender contender;
    /** Empty on a server that was given, whose processes must not be stopped. */
    private final Optional<Walsender> walsender;

    private final List<Double> commitsPerSecond = new ArrayList<>();
    private double cpu;

    SuspendedContender(String name, BenchDatabase database, Workload workload) throws Exception {
        this.database = database;
        this.workload = workload;
        this.walsender = database.server().given() ? Optional.empty() : Optional.of(new Walsender(database));
        database.reset();
        this.contender = Contenders.start(name, database);
        try {
            contender.begin();
        } catch (Exception e) {
            contender.close();
            throw e;
        }
    }

    /** Runs without recording the result. */
    void warmUp(int seconds) throws Exception {
        run(seconds, 1);
        cpu = 0;
    }

    /** Runs for one second and records the commits per second. */
    void measureSecond(long seed) throws Exception {
        commitsPerSecond.add(run(1, seed));
    }

    private double run(int seconds, long seed) throws Exception {
        resume();
        double before = contender.cpuSeconds();
        try (Load load = new Load(database, workload, AfterWrite.NOTHING, seed)) {
            load.start();
            Thread.sleep(1_000L * seconds);
            load.stop();
            cpu += contender.cpuSeconds() - before;
            return load.commitsPerSecond();
        } finally {
            suspend();
        }
    }

    List<Double> commitsPerSecond() {
        return List.copyOf(commitsPerSecond);
    }

    double mean() {
        return commitsPerSecond.stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
    }

    /** Processors that the contender uses in its turn. */
    double processors() {
        return cpu / commitsPerSecond.size();
    }

    private void resume() throws Exception {
        if (walsender.isPresent()) {
            walsender.get().resume();
        }
        OptionalLong pid = contender.pid();
        if (pid.isPresent() && !Signals.send("CONT", pid.getAsLong())) {
            throw new IllegalStateException("the contender ended before its time");
        }
    }

    /** The walsender first: it waits for the reader before it is idle. */
    private void suspend() throws Exception {
        if (walsender.isPresent()) {
            walsender.get().suspend();
        }
        OptionalLong pid = contender.pid();
        if (pid.isPresent()) {
            Signals.send("STOP", pid.getAsLong());
        }
    }

    @Override
    public void close() throws Exception {
        try {
            resume();
        } finally {
            contender.close();
        }
    }
}
