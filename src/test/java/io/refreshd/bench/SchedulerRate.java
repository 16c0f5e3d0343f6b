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
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import io.refreshd.schedule.Scheduler;
import io.refreshd.schedule.SchedulerSettings;
import io.refreshd.schedule.ViewSpec;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How many batches the scheduler's core takes in per second of CPU, by the number of views: no clock, no thread, no database.
 * CPU and not wall time, so that others on the machine matter less.
 */
final class SchedulerRate {
    private static final Instant NOW = Instant.EPOCH;
    private static final long NANOS = 1_000_000_000L;

    private SchedulerRate() {}

    static void run(Map<String, Object> results) {
        for (int views : new int[] {10, 100, 1_000}) {
            batches(views, NANOS / 2);
            double rate = batches(views, 2 * NANOS);
            String text = String.format(Locale.ROOT, "%,.0f batches per second of CPU", rate);
            System.out.println("scheduler core, " + views + " views: " + text);
            results.put("scheduler core, " + views + " views", text);
        }
    }

    /** A batch of the log a millisecond, each concerning one of ten views; refreshes end at once. */
    private static double batches(int views, long nanos) {
        Scheduler scheduler = new Scheduler(SchedulerSettings.withMaxConcurrent(2), 1, new Random(1));
        Timing timing = new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.empty());
        List<ViewSpec> specs = IntStream.range(0, views)
                .mapToObj(n -> new ViewSpec(
                        new ViewId("public", "view_" + n),
                        n + 1,
                        timing,
                        Method.CONCURRENT,
                        Set.of(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
        long time = 0;
        settle(scheduler, scheduler.handle(new Event.ViewsKnown(specs, Map.of(), Set.of()), at(time)), at(time));
        long begin = cpu();
        long done = 0;
        long xid = 1_000;
        while (cpu() - begin < nanos) {
            for (int i = 0; i < 100; i++, done++) {
                time += NANOS / 1_000;
                Moment now = at(time);
                ViewId view = specs.get((int) (done % 10)).view();
                handle(scheduler, new Event.Affected(List.of(new Impact(view, Set.of(new Xid(++xid)), NOW))), now);
                handle(scheduler, new Event.RoutedTo(new Lsn(xid), snapshot(xid)), now);
                OptionalLong deadline = scheduler.nextDeadline();
                if (deadline.isPresent() && deadline.getAsLong() <= time) {
                    handle(scheduler, new Event.Tick(), now);
                }
            }
        }
        return done / ((cpu() - begin) / 1e9);
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static Snapshot snapshot(long xid) {
        return Snapshot.parse((xid + 1) + ":" + (xid + 1) + ":");
    }

    private static void handle(Scheduler scheduler, Event event, Moment now) {
        settle(scheduler, scheduler.handle(event, now), now);
    }

    private static void settle(Scheduler scheduler, List<Action> actions, Moment now) {
        for (Action action : actions) {
            switch (action) {
                case Action.Later later -> throw new AssertionError(later);
                case Action.Mark mark -> handle(scheduler, new Event.Marked(mark.number(), mark.views()), now);
                case Action.Start start ->
                    handle(
                            scheduler,
                            new Event.RefreshEnded(
                                    start.task().view(),
                                    new RefreshOutcome.Refreshed(
                                            snapshot(now.nanos()),
                                            Duration.ofMillis(1),
                                            Optional.of(1L),
                                            false,
                                            now.wall())),
                            now);
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
