package io.refreshd.schedule;

import io.refreshd.model.RefreshSchedule;
import io.refreshd.model.RefreshWindow;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;

/** What happens to server and daemon from outside: the application commits, people change and ask for things, the daemon crashes. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class Script {
    private static final int TABLES = 5;
    /** How long nothing goes wrong at most, in milliseconds. What stands on others is in trouble with each of them. */
    private static final int OFTEN = 600;

    private static final int RARELY = 3_000;

    private static final Map<String, RefreshWindow> WINDOWS = Map.of(
            "base0", new SimulatedCalendar.Window(Duration.ofSeconds(7), Duration.ofSeconds(3)),
            "base3", new SimulatedCalendar.Window(Duration.ofSeconds(11), Duration.ofMillis(400)),
            "middle", new SimulatedCalendar.Window(Duration.ofSeconds(5), Duration.ofSeconds(4)),
            "untracked", new SimulatedCalendar.Window(Duration.ofSeconds(9), Duration.ofSeconds(2)));
    private static final Map<String, RefreshSchedule> SCHEDULES = Map.of(
            "base3", new SimulatedCalendar.Schedule(Duration.ofSeconds(13)),
            "leaf", new SimulatedCalendar.Schedule(Duration.ofSeconds(6)),
            "top", new SimulatedCalendar.Schedule(Duration.ofSeconds(15)));

    /** The second group stands on the first, and a view on the second. */
    static final List<Set<String>> GROUPS = List.of(Set.of("base1", "leaf"), Set.of("base2", "middle"));

    /** In the second group, which stands on the first, one view stands on both others. */
    static final List<Set<String>> STACKED_GROUPS = List.of(Set.of("base1", "leaf"), Set.of("base2", "middle", "top"));

    private final Timeline timeline;
    private final SimulatedDatabase db;
    private final DataOracle data;
    private final SimulatedHost host;
    /** By how much the server's clock is ahead of the daemon's. */
    private final Duration serverAhead;

    private final boolean withoutEffect;
    private final Set<String> incremental;
    private final boolean calendar;
    private final List<Set<String>> groups;

    /**
     * @param withoutEffect whether for some transactions at a time rows alone are changed that no view contains
     * @param incremental names of views whose rows are recomputed
     * @param calendar whether some views have a window, and some a schedule
     * @param groups names of views that are refreshed together
     */
    Script(
            Timeline timeline,
            SimulatedDatabase db,
            DataOracle data,
            SimulatedHost host,
            boolean withoutEffect,
            Set<String> incremental,
            boolean calendar,
            List<Set<String>> groups) {
        this.groups = groups;
        this.calendar = calendar;
        this.withoutEffect = withoutEffect;
        this.incremental = incremental;
        this.timeline = timeline;
        this.db = db;
        this.data = data;
        this.host = host;
        serverAhead = Duration.ofMillis(timeline.below(20_000) - 10_000);
        createViews();
    }

    private void createViews() {
        Optional<Duration> byTheClock = Optional.of(Duration.ofSeconds(20));
        List<ViewId> base = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            base.add(create("base" + i, Set.of(i), Set.of(), false, Optional.empty()));
        }
        ViewId middle = create("middle", Set.of(4), Set.of(base.get(0), base.get(1)), false, Optional.empty());
        Set<ViewId> below = new HashSet<>(Set.of(middle, base.get(2)));
        if (db.stacks()) {
            below.add(create("side", Set.of(3), Set.of(base.get(0)), false, Optional.empty()));
        }
        ViewId top = create("top", Set.of(), below, false, Optional.empty());
        if (db.stacks()) {
            create("report", Set.of(), Set.of(top), false, Optional.empty());
        }
        create("untracked", Set.of(3), Set.of(), true, byTheClock);
        create("leaf", Set.of(1, 4), Set.of(), false, Optional.empty());
        create("clocked", Set.of(0, 3), Set.of(), false, byTheClock);
    }

    private ViewId create(
            String name,
            Set<Integer> tables,
            Set<ViewId> upstream,
            boolean untracked,
            Optional<Duration> maxStaleness) {
        ViewId id = new ViewId("public", name);
        Timing timing = new Timing(
                Duration.ofMillis(timeline.below(400)),
                Duration.ofMillis(500 + timeline.below(4_000)),
                maxStaleness,
                Optional.ofNullable(WINDOWS.get(name)).filter(window -> calendar),
                Optional.ofNullable(SCHEDULES.get(name)).filter(schedule -> calendar));
        Set<ViewId> together = together(name);
        if (together.stream().anyMatch(db.views::containsKey)) {
            timing = db.views.get(together.iterator().next()).timing();
        }
        db.create(new SimulatedView(
                id, db.newOid(), timing, tables, upstream, untracked, false, incremental.contains(name), 0, together));
        return id;
    }

    private Set<ViewId> together(String name) {
        return groups.stream()
                .filter(group -> group.contains(name))
                .flatMap(Set::stream)
                .filter(other -> !other.equals(name))
                .map(other -> new ViewId("public", other))
                .collect(Collectors.toSet());
    }

    void begin() {
        timeline.later(10, this::transaction);
        timeline.later(500, this::trouble);
    }

    /** Nothing goes wrong any more, whatever was wrong is put right, and no more changes come. */
    void end() {
        timeline.becomeCalm();
        db.begun.stream().filter(tx -> tx.committedAt == null).forEach(this::commit);
        db.log.forEach(db::makeVisible);
        db.views.replaceAll((id, view) -> view.withObstacle(false));
        catalogChanged();
    }

    private void transaction() {
        if (timeline.calm()) {
            return;
        }
        if (db.stacks() && host.daemon().isEmpty() && timeline.chance(50)) {
            // Otherwise each view would have new changes by the time that the next daemon starts.
            timeline.later(timeline.below(3_000), this::transaction);
            return;
        }
        Set<Integer> tables = new HashSet<>();
        for (int i = timeline.below(2); i >= 0; i--) {
            tables.add(timeline.below(TABLES));
        }
        int pieces = timeline.chance(10) ? 1 + timeline.below(30) : 1;
        Set<Integer> rows = new HashSet<>(Set.of(timeline.below(6)));
        rows.add(timeline.below(6));
        if (withoutEffect && db.begun.size() % 40 < 10) {
            rows = rows.stream().map(SimulatedRows::inNoView).collect(Collectors.toSet());
        }
        SimulatedTransaction tx = db.begin(tables, pieces, rows);
        timeline.later(timeline.below(timeline.chance(10) ? 2_000 : 30), () -> commit(tx));
        timeline.later(timeline.chance(3) ? timeline.below(5_000) : timeline.below(100), this::transaction);
    }

    private void commit(SimulatedTransaction tx) {
        if (tx.committedAt != null) {
            return;
        }
        db.commit(tx, timeline.now().wall().plus(serverAhead));
        timeline.later(timeline.chance(20) ? timeline.below(1_500) : timeline.below(3), () -> db.makeVisible(tx));
    }

    private void trouble() {
        if (timeline.calm()) {
            return;
        }
        timeline.later(timeline.below(db.stacks() ? RARELY : OFTEN), this::trouble);
        List<ViewId> ids = List.copyOf(db.views.keySet());
        ViewId id = ids.get(timeline.below(ids.size()));
        switch (timeline.below(12)) {
            case 0 -> host.crash();
            case 1 -> timeline.moveWallClock(timeline.below(20_000) - 10_000);
            case 2 -> recreate(id);
            case 3, 4 -> alter(id);
            case 5 -> obstruct(id);
            case 6 -> host.daemon().ifPresent(daemon -> daemon.handle(new Event.PauseRequested(id)));
            case 7, 8, 9 -> host.daemon().ifPresent(daemon -> daemon.handle(new Event.ResumeRequested(id)));
            case 10 ->
                host.daemon().ifPresent(daemon -> {
                    daemon.schedule().because(id, "requested", timeline.now().nanos());
                    daemon.handle(new Event.RefreshRequested(Set.of(id)));
                    if (db.stacks() && timeline.chance(50)) {
                        timeline.later(timeline.below(200), host::crash);
                    }
                });
            case 11 -> host.daemon().ifPresent(daemon -> daemon.ingest().changesMissed(id));
            default -> throw new AssertionError();
        }
    }

    /** Drops the view and creates it again, if no other view and no refresh prevents it. */
    private void recreate(ViewId id) {
        boolean hasDownstream =
                db.views.values().stream().anyMatch(v -> v.upstream().contains(id));
        if (!hasDownstream && !db.locked.contains(id)) {
            db.create(db.views.get(id).withOid(db.newOid(), db.newOid()));
            queryChanged(id);
        }
    }

    private void alter(ViewId id) {
        if (db.locked.contains(id)) {
            return;
        }
        Set<Integer> tables = new HashSet<>(db.views.get(id).tables());
        tables.add(timeline.below(TABLES));
        if (tables.size() > 2) {
            tables.remove(tables.iterator().next());
        }
        db.views.compute(id, (i, view) -> view.withTables(tables, db.newOid()));
        queryChanged(id);
    }

    private void queryChanged(ViewId id) {
        data.queryChanged(id);
        catalogChanged();
    }

    private void obstruct(ViewId id) {
        db.views.compute(id, (i, view) -> view.withObstacle(!view.obstacle()));
        catalogChanged();
    }

    /** A daemon that is down reads the catalog when it starts. */
    private void catalogChanged() {
        host.daemon().ifPresent(daemon -> daemon.ingest().catalogChanged());
    }
}
