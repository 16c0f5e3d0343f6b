package io.refreshd.bench;

import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.Scheduler;
import io.refreshd.schedule.SchedulerSettings;
import io.refreshd.schedule.ViewSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Batches that the core of the scheduler handles per second, by the number of views; no clock, thread or database. */
@State(Scope.Thread)
public class SchedulerBenchmark {
    private static final Instant NOW = Instant.EPOCH;
    private static final long NANOS = 1_000_000_000L;
    private static final int CONCERNED = 10;

    @Param({"10", "100", "1000"})
    public int views;

    /** Whether the other views are dirty too, within a quiet period that does not end. */
    @Param({"false", "true"})
    public boolean othersDirty;

    private Scheduler scheduler;
    private List<ViewSpec> specs;
    private long time;
    private long xid;

    @Setup
    public void know() {
        scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 1, new Random(1));
        Timing timing = new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.empty());
        Timing endless = new Timing(Duration.ofDays(300), Duration.ofDays(300), Optional.empty());
        specs = IntStream.range(0, views)
                .mapToObj(n -> new ViewSpec(
                        new ViewId("public", "view_" + n),
                        n + 1,
                        othersDirty && n >= CONCERNED ? endless : timing,
                        Method.CONCURRENT,
                        Set.of(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
        time = 0;
        xid = 1_000;
        handle(new Event.ViewsKnown(specs, Map.of(), Set.of()), at(time));
        if (othersDirty) {
            handle(
                    new Event.Affected(specs.stream()
                            .skip(CONCERNED)
                            .map(spec -> new Impact(spec.view(), Xids.of(new Xid(1)), NOW))
                            .toList()),
                    at(time));
        }
    }

    /** One batch of the log per millisecond, each for one of ten views; refreshes end at once. */
    @Benchmark
    public OptionalLong batch() {
        time += NANOS / 1_000;
        Moment now = at(time);
        ViewId view = specs.get((int) (xid % CONCERNED)).view();
        handle(new Event.Affected(List.of(new Impact(view, Xids.of(new Xid(++xid)), NOW))), now);
        handle(new Event.RoutedTo(new Lsn(xid), snapshot(xid)), now);
        OptionalLong deadline = scheduler.nextDeadline();
        if (deadline.isPresent() && deadline.getAsLong() <= time) {
            handle(new Event.Tick(), now);
        }
        return deadline;
    }

    private static Snapshot snapshot(long xid) {
        return Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":");
    }

    private void handle(Event event, Moment now) {
        for (Action action : scheduler.handle(event, now)) {
            switch (action) {
                case Action.Later later -> throw new AssertionError(later);
                case Action.Mark mark -> handle(new Event.Marked(mark.number(), mark.views()), now);
                case Action.Start start ->
                    handle(
                            new Event.RefreshEnded(
                                    start.task().view(),
                                    new RefreshOutcome.Refreshed(
                                            snapshot(now.nanos()),
                                            Duration.ofMillis(1),
                                            Optional.of(1L),
                                            false,
                                            now.wall())),
                            now);
                case Action.StartRound round -> throw new AssertionError(round);
                case Action.Settle settle -> {}
                case Action.Remember remember -> {}
                case Action.Tell tell -> {}
            }
        }
    }

    private static Moment at(long nanos) {
        return new Moment(nanos, NOW.plusNanos(nanos));
    }
}
