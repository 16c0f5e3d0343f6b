package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Backoff;
import io.refreshd.model.Failure;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.schedule.SimulatedDatabase.Content;
import io.refreshd.schedule.SimulatedDatabase.Definition;
import io.refreshd.schedule.SimulatedDatabase.Row;
import io.refreshd.schedule.SimulatedDatabase.Tx;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;

/**
 * A server, a daemon's pipeline and people, all driven by one seed in virtual time, around a real {@link Scheduler}. After
 * each event the promises are checked: I1 and I2 against the model of the server, the others by the {@link Oracle}.
 */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class Simulation {
    private record Step(long at, long order, Runnable what) {}

    private static final int TABLES = 5;
    /** For how long a look-up waits for the log, in milliseconds. */
    private static final int PATIENCE = 2_000;

    private static final SchedulerSettings SETTINGS = new SchedulerSettings(
            2,
            new Backoff(Duration.ofMillis(200), Duration.ofSeconds(5)),
            4,
            new Backoff(Duration.ofMillis(10), Duration.ofMillis(250)));

    private final Random random;
    private final SimulatedDatabase db = new SimulatedDatabase();
    private final PriorityQueue<Step> agenda =
            new PriorityQueue<>(Comparator.comparingLong(Step::at).thenComparingLong(Step::order));
    /** Close to the end of the range, so that every run passes the overflow. */
    private final long origin = Long.MAX_VALUE - Duration.ofSeconds(3).toNanos();

    private final boolean viewsAreAsked;
    private final Duration serverAhead;
    private Instant wall = Instant.parse("2026-01-01T00:00:00Z");
    private long time;
    private long order;
    private boolean calm;
    /** Views whose catalog change, or that of a view below, the daemon has not caught up with. */
    private final Set<ViewId> tainted = new TreeSet<>();

    private final Map<ViewId, Consumer<Action.Later>> asking = new TreeMap<>();

    // What dies with the daemon.
    private int generation;
    private Scheduler scheduler;
    private Oracle oracle;
    private boolean up;
    private Map<ViewId, Definition> knownToDaemon = new TreeMap<>();
    private int nextTx;
    private int nextPiece;
    private Set<ViewId> unmarkedDoubt = new TreeSet<>();
    private boolean catalogChanged;
    private boolean positionTold;

    int steps;
    int refreshes;
    int crashes;
    int settles;
    int unchanged;
    int skipped;

    /** @param viewsAreAsked whether some are asked what they show; without, a seed that failed before there was such a thing is the same */
    Simulation(long seed, boolean viewsAreAsked) {
        this.viewsAreAsked = viewsAreAsked;
        random = new Random(seed);
        serverAhead = Duration.ofMillis(random.nextInt(20_000) - 10_000);
        List<ViewId> base = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            base.add(create("base" + i, Set.of(i), Set.of(), false));
        }
        ViewId middle = create("middle", Set.of(4), Set.of(base.get(0), base.get(1)), false);
        create("top", Set.of(), Set.of(middle, base.get(2)), false);
        create("untracked", Set.of(3), Set.of(), true);
        create("leaf", Set.of(1, 4), Set.of(), false);
        create("clocked", Set.of(0, 3), Set.of(), false, Optional.of(Duration.ofSeconds(20)));
    }

    private ViewId create(String name, Set<Integer> tables, Set<ViewId> upstream, boolean untracked) {
        return create(
                name, tables, upstream, untracked, untracked ? Optional.of(Duration.ofSeconds(20)) : Optional.empty());
    }

    private ViewId create(
            String name,
            Set<Integer> tables,
            Set<ViewId> upstream,
            boolean untracked,
            Optional<Duration> maxStaleness) {
        ViewId id = new ViewId("public", name);
        Timing timing = new Timing(
                Duration.ofMillis(random.nextInt(400)), Duration.ofMillis(500 + random.nextInt(4_000)), maxStaleness);
        db.create(new Definition(id, db.newOid(), timing, tables, upstream, untracked, false, 0));
        return id;
    }

    void run(int wanted) {
        start();
        later(10, this::commit);
        later(500, this::trouble);
        while (steps < wanted) {
            step();
        }
        calmDown();
    }

    /** Everything mends; then everything must become fresh and stay so. */
    private void calmDown() {
        calm = true;
        db.begun.stream().filter(tx -> tx.committedAt == null).forEach(this::commit);
        db.log.forEach(db::show);
        db.views.replaceAll((id, d) -> withObstacle(d, false));
        catalogChanged = true;
        for (int i = 0; i < 6; i++) {
            long until = time + Duration.ofSeconds(20).toNanos();
            while ((!agenda.isEmpty() && agenda.peek().at < until) || deadline() < until) {
                step();
            }
            time = until;
            if (up) {
                db.views.keySet().forEach(id -> tell(new Event.ResumeRequested(id)));
            }
        }
        for (ViewStatus status : scheduler.status()) {
            Definition view = db.views.get(status.view());
            assertThat(db.contents.get(view.view()))
                    .as("I1: %s at the end", view.view())
                    .isEqualTo(db.query(view));
            assertThat(status.oldestMissing()).isEmpty();
            if (view.timing().maxStaleness().isEmpty()) {
                assertThat(status.phase()).as("%s at the end", view.view()).isEqualTo(ViewPhase.FRESH);
            }
            if (!view.untracked()) {
                assertThat(status.watermark()).as("%s at the end", view).contains(new Lsn(db.log.size() * 10L));
            }
            Row row = db.ledger.get(view.view());
            assertThat(row.dirty())
                    .as("the ledger agrees: %s marked %d covered %d", view.view(), row.marked, row.covered)
                    .isFalse();
        }
        assertThat(scheduler.status()).hasSameSizeAs(db.views.keySet());
    }

    private static Definition withObstacle(Definition d, boolean obstacle) {
        return new Definition(
                d.view(), d.oid(), d.timing(), d.tables(), d.upstream(), d.untracked(), obstacle, d.version());
    }

    private long deadline() {
        return up && scheduler.nextDeadline().isPresent()
                ? scheduler.nextDeadline().getAsLong() - origin
                : Long.MAX_VALUE;
    }

    private void step() {
        steps++;
        long deadline = deadline();
        if (!agenda.isEmpty() && agenda.peek().at <= deadline) {
            Step next = agenda.remove();
            time = Math.max(time, next.at);
            next.what.run();
        } else {
            // Now and then the loop comes late.
            time = Math.max(time, deadline);
            tell(new Event.Tick());
        }
        checkDurable();
    }

    private void later(long millis, Runnable what) {
        agenda.add(new Step(time + millis * 1_000_000 + random.nextInt(1_000_000), order++, what));
    }

    /** Does not happen if the daemon has crashed in between. */
    private void unlessCrashed(long millis, Runnable what) {
        int mine = generation;
        later(millis, () -> {
            if (up && generation == mine) {
                what.run();
            }
        });
    }

    private boolean chance(int percent) {
        return !calm && random.nextInt(100) < percent;
    }

    private Moment now() {
        return new Moment(origin + time, wall.plusNanos(time));
    }

    // ---- the application

    private void commit() {
        if (calm) {
            return;
        }
        Set<Integer> tables = new HashSet<>();
        for (int i = random.nextInt(2); i >= 0; i--) {
            tables.add(random.nextInt(TABLES));
        }
        int pieces = chance(10) ? 1 + random.nextInt(30) : 1;
        Set<Integer> rows = new HashSet<>(Set.of(random.nextInt(6)));
        rows.add(random.nextInt(6));
        Tx tx = db.begin(tables, pieces, rows);
        later(random.nextInt(chance(10) ? 2_000 : 30), () -> commit(tx));
        later(chance(3) ? random.nextInt(5_000) : random.nextInt(100), this::commit);
    }

    private void commit(Tx tx) {
        if (tx.committedAt != null) {
            return;
        }
        db.commit(tx, now().wall().plus(serverAhead));
        later(chance(20) ? random.nextInt(1_500) : random.nextInt(3), () -> db.show(tx));
    }

    // ---- people and misfortune

    private void trouble() {
        if (calm) {
            return;
        }
        later(random.nextInt(600), this::trouble);
        List<ViewId> ids = List.copyOf(db.views.keySet());
        ViewId id = ids.get(random.nextInt(ids.size()));
        switch (random.nextInt(12)) {
            case 0 -> crash();
            case 1 -> wall = wall.plusMillis(random.nextInt(20_000) - 10_000);
            case 2 -> recreate(id);
            case 3, 4 -> alter(id);
            case 5 -> obstruct(id);
            case 6 -> whenUp(() -> tell(new Event.PauseRequested(id)));
            case 7, 8, 9 -> whenUp(() -> tell(new Event.ResumeRequested(id)));
            case 10 ->
                whenUp(() -> {
                    oracle.because(id, "requested");
                    tell(new Event.RefreshRequested(Set.of(id)));
                });
            case 11 -> unmarkedDoubt.add(id);
            default -> throw new AssertionError();
        }
    }

    private void whenUp(Runnable what) {
        if (up) {
            what.run();
        }
    }

    private boolean standsAlone(ViewId id) {
        return db.views.values().stream().noneMatch(v -> v.upstream().contains(id)) && !db.locked.contains(id);
    }

    private void recreate(ViewId id) {
        if (standsAlone(id)) {
            Definition old = db.views.get(id);
            db.create(new Definition(
                    id,
                    db.newOid(),
                    old.timing(),
                    old.tables(),
                    old.upstream(),
                    old.untracked(),
                    old.obstacle(),
                    db.newOid()));
            changed(id);
        }
    }

    private void alter(ViewId id) {
        if (db.locked.contains(id)) {
            return;
        }
        Definition old = db.views.get(id);
        Set<Integer> tables = new HashSet<>(old.tables());
        tables.add(random.nextInt(TABLES));
        if (tables.size() > 2) {
            tables.remove(tables.iterator().next());
        }
        db.views.put(
                id,
                new Definition(
                        id,
                        old.oid(),
                        old.timing(),
                        tables,
                        old.upstream(),
                        old.untracked(),
                        old.obstacle(),
                        db.newOid()));
        changed(id);
    }

    private void obstruct(ViewId id) {
        db.views.compute(id, (i, d) -> withObstacle(d, !d.obstacle()));
        catalogChanged = true;
    }

    private void changed(ViewId id) {
        catalogChanged = true;
        tainted.add(id);
        for (Definition view : db.views.values()) {
            if (view.upstream().contains(id)) {
                changed(view.view());
            }
        }
    }

    private void crash() {
        if (up) {
            crashes++;
            up = false;
            generation++;
            asking.clear();
            settles += oracle.settled;
            db.locked.clear();
            later(random.nextInt(300), this::start);
        }
    }

    // ---- the daemon's pipeline

    private void start() {
        up = true;
        scheduler = new Scheduler(SETTINGS, db.firstMark(), random);
        oracle = new Oracle(SETTINGS.maxConcurrent());
        knownToDaemon = new TreeMap<>();
        unmarkedDoubt = new TreeSet<>();
        positionTold = false;
        rewind();
        readCatalog();
    }

    private void rewind() {
        nextTx = (int) (db.acknowledged / 10);
        nextPiece = 0;
    }

    private void pump() {
        if (catalogChanged) {
            readCatalog();
        } else if (!unmarkedDoubt.isEmpty()) {
            Set<ViewId> doubtful = new TreeSet<>(unmarkedDoubt);
            doubtful.addAll(knownToDaemon.keySet());
            doubtful.forEach(oracle::invalidate);
            write(tell(new Event.Invalidated("test")), () -> {
                unmarkedDoubt.removeAll(doubtful);
                goOn();
            });
        } else {
            readLog();
        }
    }

    private void readCatalog() {
        catalogChanged = false;
        Map<ViewId, LedgerEntry> remembered = new HashMap<>();
        Set<ViewId> altered = new TreeSet<>();
        List<ViewSpec> specs = new ArrayList<>();
        Map<ViewId, Definition> read = new TreeMap<>(db.views);
        for (Definition view : read.values()) {
            specs.add(view.spec());
            Row row = db.ledger.get(view.view());
            boolean unknown = row == null || row.oid != view.oid();
            if (unknown) {
                row = new Row(view);
                db.ledger.put(view.view(), row);
            }
            if (!row.known.sameQuery(view)) {
                altered.add(view.view());
            }
            remembered.put(view.view(), row.entry(view.view()));
            oracle.known(view.spec(), row.dirty(), row.refreshedAt.isEmpty(), row.snapshot.orElse(null));
        }
        oracle.onlyKnown(read.keySet());
        altered.forEach(oracle::invalidate);
        Set<ViewId> redefined = new HashSet<>(altered);
        read.values().stream()
                .filter(v -> !knownToDaemon.containsKey(v.view())
                        || !knownToDaemon.get(v.view()).sameQuery(v))
                .forEach(v -> redefined.add(v.view()));
        knownToDaemon = read;
        List<Action> actions = tell(new Event.ViewsKnown(specs, remembered, altered));
        unmarkedDoubt.addAll(altered);
        // What was read before by other definitions and is not visible yet.
        Map<ViewId, Impact> held = new TreeMap<>();
        for (int i = (int) (db.acknowledged / 10); i <= nextTx && i < db.log.size(); i++) {
            redefined.retainAll(read.keySet());
            route(db.log.get(i), redefined, held);
        }
        List<Impact> impacts = List.copyOf(held.values());
        write(actions, () -> {
            unmarkedDoubt.removeAll(altered);
            altered.forEach(id -> db.ledger.computeIfPresent(id, (i, row) -> {
                row.known = row.oid == read.get(id).oid() ? read.get(id) : row.known;
                return row;
            }));
            ask(impacts, this::goOn);
        });
    }

    private void readLog() {
        Map<ViewId, Impact> impacts = new TreeMap<>();
        int tx = nextTx;
        int piece = nextPiece;
        for (int i = random.nextInt(4); i >= 0 && tx < db.log.size(); i--) {
            route(db.log.get(tx), knownToDaemon.keySet(), impacts);
            piece++;
            if (piece == db.log.get(tx).pieces) {
                tx++;
                piece = 0;
            }
        }
        List<Tx> read = db.log.subList(nextTx, piece > 0 ? tx + 1 : tx);
        int thenTx = tx;
        int thenPiece = piece;
        askViews(List.copyOf(impacts.values()), List.copyOf(read), () -> {
            nextTx = thenTx;
            nextPiece = thenPiece;
            goOn();
        });
    }

    private void route(Tx tx, Set<ViewId> among, Map<ViewId, Impact> impacts) {
        for (ViewId id : among) {
            if ((tx.mask & SimulatedDatabase.mask(knownToDaemon.get(id).tables())) != 0) {
                impacts.merge(id, new Impact(id, Xids.of(tx.xid), tx.committedAt, probes(tx, id)), Simulation::both);
            }
        }
    }

    private static Impact both(Impact a, Impact b) {
        List<KeyProbe> probes = new ArrayList<>(a.probes());
        probes.addAll(b.probes());
        return new Impact(
                a.view(),
                Xids.union(List.of(a.xids(), b.xids())),
                a.oldestCommit().isBefore(b.oldestCommit()) ? a.oldestCommit() : b.oldestCommit(),
                a.probes().isEmpty() || b.probes().isEmpty() ? List.of() : probes);
    }

    /** Of a view that stands on others no rows can be looked up, and of some transactions the rows are not known. */
    private List<KeyProbe> probes(Tx tx, ViewId id) {
        if (!knownToDaemon.get(id).upstream().isEmpty() || tx.index % 7 == 0) {
            return List.of();
        }
        List<KeyProbe> probes = new ArrayList<>();
        for (int table : knownToDaemon.get(id).tables()) {
            if ((tx.mask & 1 << table) != 0) {
                Set<List<String>> keys = new HashSet<>();
                tx.rows.forEach(row -> keys.add(List.of(Integer.toString(table * 100 + row))));
                probes.add(new KeyProbe(new TableId("public", "t" + table), List.of(1), List.of("int"), keys));
            }
        }
        return probes;
    }

    /**
     * Of some views the log says that the rows are none of theirs any more, but not what they were. Those that are at rest are
     * asked; other things happen before, meanwhile and after.
     */
    private void askViews(List<Impact> impacts, List<Tx> read, Runnable then) {
        List<Impact> candidates = impacts.stream()
                .filter(impact ->
                        viewsAreAsked && !impact.probes().isEmpty() && chance(60) && db.noneTaken(tables(impact), read))
                .toList();
        if (candidates.isEmpty()) {
            ask(impacts, then);
            return;
        }
        Map<ViewId, Long> resting =
                scheduler.resting(candidates.stream().map(Impact::view).toList());
        unlessCrashed(random.nextInt(chance(30) ? 600 : 5), () -> {
            List<Event.Skipped> skipped = candidates.stream()
                    .filter(candidate -> resting.containsKey(candidate.view())
                            && db.allVisible(tables(candidate), read)
                            && !db.shows(candidate.view(), tables(candidate), read))
                    .map(candidate -> new Event.Skipped(candidate, resting.get(candidate.view())))
                    .toList();
            unlessCrashed(random.nextInt(chance(30) ? 600 : 5), () -> spare(impacts, skipped, read, then));
        });
    }

    private Set<Integer> tables(Impact impact) {
        return knownToDaemon.get(impact.view()).tables();
    }

    private void spare(List<Impact> impacts, List<Event.Skipped> candidates, List<Tx> read, Runnable then) {
        Set<ViewId> asked = new HashSet<>();
        Set<ViewId> left = new HashSet<>();
        for (Event.Skipped candidate : candidates) {
            ViewId id = candidate.otherwise().view();
            asked.add(id);
            if (Objects.equals(scheduler.resting(Set.of(id)).get(id), candidate.resting())) {
                left.add(id);
                db.holds(id, read);
                skipped++;
            }
        }
        List<Impact> told =
                impacts.stream().filter(impact -> !left.contains(impact.view())).toList();
        oracle.affected(told, now().nanos());
        write(
                tell(new Event.Affected(
                        impacts.stream()
                                .filter(impact -> !asked.contains(impact.view()))
                                .toList(),
                        candidates)),
                then);
    }

    private void ask(List<Impact> impacts, Runnable then) {
        if (impacts.isEmpty()) {
            write(List.of(), then);
        } else {
            oracle.affected(impacts, now().nanos());
            write(tell(new Event.Affected(impacts)), then);
        }
    }

    /** Writes the mark and says so; or the write fails, or nobody learns that it did not. Then the log is read again. */
    private void write(List<Action> actions, Runnable then) {
        Action.Mark mark = actions.stream()
                .filter(Action.Mark.class::isInstance)
                .map(Action.Mark.class::cast)
                .findFirst()
                .orElse(null);
        if (mark == null) {
            then.run();
            return;
        }
        boolean lost = chance(5);
        unlessCrashed(random.nextInt(chance(10) ? 800 : 10), () -> {
            if (lost) {
                rewind();
                unlessCrashed(random.nextInt(100), this::pump);
                return;
            }
            for (ViewId id : mark.views()) {
                db.ledger.computeIfPresent(id, (i, row) -> {
                    row.marked = Math.max(row.marked, mark.number());
                    return row;
                });
            }
            unlessCrashed(random.nextInt(10), () -> {
                if (chance(5)) {
                    rewind();
                    unlessCrashed(random.nextInt(100), this::pump);
                    return;
                }
                tell(new Event.Marked(mark.number(), mark.views()));
                then.run();
            });
        });
    }

    private void goOn() {
        if (!asking.isEmpty() || chance(10)) {
            tell(new Event.ReadTo(new Lsn(nextTx * 10L)));
        }
        int visible = (int) (db.acknowledged / 10);
        while (visible < nextTx && db.log.get(visible).visible) {
            visible++;
        }
        long position = visible * 10L;
        if (position > db.acknowledged || !positionTold) {
            positionTold = true;
            tell(new Event.RoutedTo(new Lsn(position), db.snapshot()));
            db.acknowledged = position;
        }
        unlessCrashed(calm && nextTx == db.log.size() ? 500 : random.nextInt(20), this::pump);
    }

    private List<Action> tell(Event event) {
        if (event instanceof Event.RefreshEnded ended) {
            oracle.ended(ended.view(), ended.outcome());
        }
        Moment now = now();
        List<Action> actions = scheduler.handle(event, now);
        int marks = 0;
        for (Action action : actions) {
            switch (action) {
                case Action.Mark mark -> marks++;
                case Action.Start start -> {
                    oracle.started(start.task());
                    refreshes++;
                    unlessCrashed(random.nextInt(3), () -> refresh(start.task()));
                }
                case Action.Settle settle -> later(settle);
                case Action.Remember remember -> later(remember);
                case Action.Later later ->
                    Optional.ofNullable(asking.remove(later.view())).ifPresent(asked -> asked.accept(later));
                case Action.Tell tell -> {}
            }
        }
        assertThat(marks).isLessThanOrEqualTo(1);
        List<ViewStatus> status = scheduler.status();
        oracle.check(status, scheduler.nextDeadline(), now.nanos());
        status.forEach(this::checkWatermark);
        return actions;
    }

    private void later(Action.Settle settle) {
        Row row = db.ledger.get(settle.view());
        unlessCrashed(random.nextInt(100), () -> {
            row.covered = Math.max(row.covered, settle.number());
            row.watermark = Watermarks.newer(row.watermark, settle.watermark());
        });
    }

    /** One at a time, in order, as the writer does it. */
    private void later(Action.Remember remember) {
        Row row = db.ledger.get(remember.view());
        row.failures = remember.failures();
        row.paused = remember.paused();
        row.suspended = remember.suspended();
    }

    // ---- the refresher

    private void refresh(RefreshTask task) {
        Definition view = db.views.get(task.view());
        if (view.oid() != task.oid()) {
            ended(task, new RefreshOutcome.Gone());
            return;
        }
        Snapshot snapshot = db.snapshot();
        Optional<Xid> unseen = task.awaited().unseenBy(snapshot).stream().findFirst();
        if (unseen.isPresent()) {
            ended(task, new RefreshOutcome.NotVisibleYet(unseen.get()));
            return;
        }
        if (chance(5)) {
            fail(task, chance(20) ? Failure.Kind.PERMANENT : Failure.Kind.TRANSIENT);
            return;
        }
        if (task.probes().isEmpty()) {
            refresh(task, view, snapshot);
        } else {
            probe(task, view, snapshot);
        }
    }

    /** As the prober does it: in one snapshot, and not without having heard of all that the snapshot sees. */
    private void probe(RefreshTask task, Definition view, Snapshot snapshot) {
        Content content = db.query(view);
        Set<Integer> differing = db.differingRows(content, db.contents.get(task.view()));
        if (differs(task.probes(), differing)) {
            unlessCrashed(random.nextInt(3), () -> refresh(task, view, db.snapshot()));
            return;
        }
        boolean late = chance(5);
        boolean lost = chance(5);
        Consumer<Action.Later> asked = later -> unlessCrashed(random.nextInt(3), () -> {
            if (late || db.views.get(task.view()).oid() != task.oid()) {
                refresh(task);
            } else if (later.probes().isEmpty() || differs(later.probes().get(), differing)) {
                refresh(task, db.views.get(task.view()), db.snapshot());
            } else if (db.views.get(task.view()).sameQuery(view)) {
                assertThat(differing)
                        .as("I2: %s is called unchanged", task.view())
                        .isEmpty();
                db.unchanged(task, content, snapshot);
                unchanged++;
                if (lost) {
                    fail(task, Failure.Kind.TRANSIENT);
                } else {
                    ended(task, new RefreshOutcome.Unchanged(snapshot));
                }
            } else {
                fail(task, Failure.Kind.TRANSIENT);
            }
        });
        asking.put(task.view(), asked);
        // Nobody answers it if its view is another one by now.
        unlessCrashed(PATIENCE, () -> {
            if (asking.remove(task.view(), asked)) {
                if (db.views.get(task.view()).oid() == task.oid()) {
                    refresh(task, db.views.get(task.view()), db.snapshot());
                } else {
                    ended(task, new RefreshOutcome.Gone());
                }
            }
        });
        long position = db.log.size() * 10L;
        unlessCrashed(random.nextInt(3), () -> tell(new Event.LaterAsked(task.view(), new Lsn(position))));
    }

    private static boolean differs(List<KeyProbe> probes, Set<Integer> differing) {
        return probes.stream()
                .flatMap(probe -> probe.keys().stream())
                .anyMatch(key -> differing.contains(Integer.parseInt(key.getFirst())));
    }

    private void refresh(RefreshTask task, Definition view, Snapshot snapshot) {
        db.locked.add(task.view());
        Content content = db.query(view);
        db.inFlight.put(task.view(), content);
        Duration duration = Duration.ofMillis(random.nextInt(chance(10) ? 5_000 : 150));
        boolean knowsTheQuery = knownToDaemon.get(task.view()).sameQuery(view)
                && view.upstream().stream().noneMatch(tainted::contains);
        int mine = generation;
        later(duration.toMillis(), () -> {
            boolean alone = mine != generation;
            // A server may still commit when its client has just died, but not once the next one has read the ledger.
            if (alone
                    && (up
                            || generation != mine + 1
                            || random.nextBoolean()
                            || db.views.get(task.view()).oid() != task.oid())) {
                return;
            }
            db.locked.remove(task.view());
            if (chance(5)) {
                fail(task, Failure.Kind.TRANSIENT);
                return;
            }
            boolean marked = db.refresh(task, content, snapshot, duration, now().wall());
            if (knowsTheQuery && db.views.get(task.view()).sameQuery(view)) {
                tainted.remove(task.view());
            }
            if (alone) {
                return;
            }
            if (chance(4)) {
                fail(task, Failure.Kind.TRANSIENT);
            } else {
                Instant at = now().wall();
                unlessCrashed(
                        random.nextInt(5),
                        () -> tell(new Event.RefreshEnded(
                                task.view(),
                                new RefreshOutcome.Refreshed(snapshot, duration, Optional.empty(), marked, at))));
            }
        });
    }

    private void fail(RefreshTask task, Failure.Kind kind) {
        ended(task, new RefreshOutcome.Failed(new Failure(kind, "40001", "it failed", "remedy it"), Duration.ZERO));
    }

    private void ended(RefreshTask task, RefreshOutcome outcome) {
        unlessCrashed(random.nextInt(3), () -> tell(new Event.RefreshEnded(task.view(), outcome)));
    }

    // ---- what must hold at any time

    private boolean caughtUp(Definition view) {
        Definition known = knownToDaemon.get(view.view());
        return known != null && known.sameQuery(view) && !tainted.contains(view.view());
    }

    /** I2: whoever reads the watermark may rely on it. */
    private void checkWatermark(ViewStatus status) {
        Definition view = db.views.get(status.view());
        if (view.untracked()) {
            assertThat(status.watermark()).isEmpty();
        }
        if (caughtUp(view)) {
            status.watermark().ifPresent(at -> assertHolds(view, at, "status"));
        }
    }

    private void assertHolds(Definition view, Lsn watermark, String where) {
        Content content = db.contents.get(view.view());
        assertHolds(content, content.tables(), watermark.value(), "I2: " + where + " of", view.view());
    }

    private void assertHolds(Content content, Set<Integer> tables, long position, String what, ViewId view) {
        int mask = SimulatedDatabase.mask(tables);
        for (Tx tx : db.log) {
            if (tx.lsn > position) {
                return;
            }
            if ((tx.mask & mask) != 0 && !content.transactions().get(tx.index)) {
                throw new AssertionError(what + " " + view + " at " + position + " lacks transaction " + tx.xid);
            }
        }
    }

    /** I1: if the daemon died now, the next one would know from ledger and log whatever there is to do. */
    private void checkDurable() {
        for (Definition view : db.views.values()) {
            Row row = db.ledger.get(view.view());
            if (row == null || !up || row.oid != view.oid() || !caughtUp(view)) {
                continue;
            }
            row.watermark.ifPresent(at -> assertHolds(view, at, "ledger"));
            if (row.dirty()) {
                continue;
            }
            Content content = db.contents.get(view.view());
            assertHolds(content, view.tables(), db.acknowledged, "I1: clean in the ledger,", view.view());
            for (ViewId upstream : view.upstream()) {
                BitSet missing =
                        (BitSet) db.contents.get(upstream).transactions().clone();
                missing.andNot(content.transactions());
                assertThat(missing.isEmpty() || tainted.contains(upstream))
                        .as("I1: %s is clean in the ledger and behind %s", view.view(), upstream)
                        .isTrue();
            }
        }
    }
}
