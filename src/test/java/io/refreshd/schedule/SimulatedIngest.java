package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;

/**
 * Model of the daemon's ingest: reads catalog and log, routes, has the marks written, then goes on. A mark may get lost; then
 * the log is read again from the acknowledged position.
 */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedIngest {
    private final SimulatedDaemon daemon;
    private final Timeline timeline;
    private final SimulatedDatabase db;
    private final Counts counts;
    private final boolean queriesViews;

    private Map<ViewId, SimulatedView> knownViews = new TreeMap<>();
    /** The next transaction of the log to be read, and the next of its pieces. */
    private int nextTransaction;

    private int nextPiece;
    /** Views whose changes may have been missed, until the mark that says so is in the ledger. */
    private final Set<ViewId> unmarkedInvalidations = new TreeSet<>();

    private boolean catalogChanged;
    private boolean positionReported;
    /** Whether the scheduler knows where the present stream began. */
    private boolean streams;
    /** So many transactions were routed before the stream began, and some of them are delivered again. */
    private int routedBefore;
    /** So many of the transactions that the stream delivered have been reported as routed. */
    private int reported;

    SimulatedIngest(
            SimulatedDaemon daemon, Timeline timeline, SimulatedDatabase db, Counts counts, boolean queriesViews) {
        this.daemon = daemon;
        this.timeline = timeline;
        this.db = db;
        this.counts = counts;
        this.queriesViews = queriesViews;
        rewind();
    }

    /** The views as the daemon read them from the catalog. */
    Map<ViewId, SimulatedView> knownViews() {
        return knownViews;
    }

    void catalogChanged() {
        catalogChanged = true;
    }

    void changesMissed(ViewId id) {
        unmarkedInvalidations.add(id);
    }

    private void rewind() {
        nextTransaction = SimulatedDatabase.transactions(db.acknowledged);
        nextPiece = 0;
        streams = false;
    }

    /** Whether incremental views may have to wait until the log has been read again. */
    boolean readsAgain() {
        return !streams || reported < routedBefore;
    }

    private void begin() {
        for (SimulatedView view : knownViews.values()) {
            counts.resumed += db.logHoldsAllFor(view) ? 1 : 0;
        }
        routedBefore = SimulatedDatabase.transactions(db.routed);
        daemon.handle(new Event.RoutedTo(new Lsn(db.routed), Lsn.ZERO, db.snapshot()));
        daemon.handle(new Event.StreamBegan(new Lsn(db.acknowledged)));
        streams = true;
        reported = nextTransaction;
    }

    private void next() {
        if (catalogChanged) {
            readCatalog();
        } else if (!unmarkedInvalidations.isEmpty()) {
            invalidate();
        } else {
            readLog();
        }
    }

    private void invalidate() {
        Set<ViewId> invalidated = new TreeSet<>(unmarkedInvalidations);
        invalidated.addAll(knownViews.keySet());
        invalidated.forEach(
                view -> daemon.schedule().invalidate(view, timeline.now().nanos()));
        write(daemon.handle(new Event.Invalidated("test")), () -> {
            unmarkedInvalidations.removeAll(invalidated);
            goOn();
        });
    }

    void readCatalog() {
        catalogChanged = false;
        Map<ViewId, LedgerEntry> remembered = new HashMap<>();
        Set<ViewId> altered = new TreeSet<>();
        List<ViewSpec> specs = new ArrayList<>();
        Map<ViewId, SimulatedView> read = new TreeMap<>(db.views);
        for (SimulatedView view : read.values()) {
            specs.add(db.spec(view));
            LedgerRow row = db.ledger.get(view.view());
            if (row == null || row.oid != view.oid()) {
                row = new LedgerRow(view);
                db.ledger.put(view.view(), row);
            }
            if (!row.known.sameQuery(view)) {
                altered.add(view.view());
            }
            remembered.put(view.view(), row.entry(view.view()));
            daemon.schedule()
                    .known(
                            db.spec(view),
                            row.dirty(),
                            row.refreshedAt.isEmpty(),
                            row.snapshot.orElse(null),
                            row.lastDuration,
                            row.began(),
                            row.failures > 0,
                            timeline.now());
        }
        daemon.schedule().onlyKnown(read.keySet());
        altered.forEach(
                view -> daemon.schedule().invalidate(view, timeline.now().nanos()));
        Set<ViewId> redefined = new HashSet<>(altered);
        read.values().stream()
                .filter(v -> !knownViews.containsKey(v.view())
                        || !knownViews.get(v.view()).sameQuery(v))
                .forEach(v -> redefined.add(v.view()));
        knownViews = read;
        List<Action> actions = daemon.handle(new Event.ViewsKnown(specs, remembered, altered));
        unmarkedInvalidations.addAll(altered);
        List<Impact> impacts = routedByOtherDefinitions(redefined);
        write(actions, () -> {
            unmarkedInvalidations.removeAll(altered);
            altered.forEach(id -> markedAsDefined(read.get(id)));
            affect(impacts, this::goOn);
        });
    }

    /** What was read before by other definitions and may not be visible yet. */
    private List<Impact> routedByOtherDefinitions(Set<ViewId> redefined) {
        Map<ViewId, Impact> impacts = new TreeMap<>();
        for (int i = SimulatedDatabase.transactions(db.routed); i <= nextTransaction && i < db.log.size(); i++) {
            SimulatedRouter.route(db.log.get(i), redefined, knownViews, impacts);
        }
        return List.copyOf(impacts.values());
    }

    private void markedAsDefined(SimulatedView view) {
        LedgerRow row = db.ledger.get(view.view());
        if (row != null && row.oid == view.oid()) {
            row.known = view;
        }
    }

    private void readLog() {
        if (!streams) {
            begin();
        }
        Map<ViewId, Impact> impacts = new TreeMap<>();
        int transaction = nextTransaction;
        int piece = nextPiece;
        for (int i = timeline.below(4); i >= 0 && transaction < db.log.size(); i--) {
            SimulatedRouter.route(db.log.get(transaction), knownViews.keySet(), knownViews, impacts);
            piece++;
            if (piece == db.log.get(transaction).pieces) {
                transaction++;
                piece = 0;
            }
        }
        List<SimulatedTransaction> read = db.log.subList(nextTransaction, piece > 0 ? transaction + 1 : transaction);
        int thenTransaction = transaction;
        int thenPiece = piece;
        queryViews(List.copyOf(impacts.values()), List.copyOf(read), () -> {
            nextTransaction = thenTransaction;
            nextPiece = thenPiece;
            goOn();
        });
    }

    /**
     * Queries some of the views whether they contain the rows that changed: the log says that these rows are not theirs any more,
     * but not what the rows were. Only views at rest are queried. Other things happen before, meanwhile and after.
     */
    private void queryViews(List<Impact> impacts, List<SimulatedTransaction> read, Runnable then) {
        List<Impact> candidates = impacts.stream()
                .filter(impact -> queriesViews
                        && !impact.lookups().isEmpty()
                        && timeline.chance(60)
                        && db.rows.changedBackByEach(tables(impact), read))
                .toList();
        if (candidates.isEmpty()) {
            affect(impacts, then);
            return;
        }
        Map<ViewId, Long> resting = daemon.resting(candidates);
        daemon.unlessCrashed(timeline.below(timeline.chance(30) ? 600 : 5), () -> {
            List<Event.Skipped> skipped = candidates.stream()
                    .filter(candidate -> resting.containsKey(candidate.view())
                            && db.rows.allVisible(tables(candidate), read)
                            && !db.rows.contains(db.contents.get(candidate.view()), tables(candidate), read))
                    .map(candidate -> new Event.Skipped(candidate, resting.get(candidate.view())))
                    .toList();
            daemon.unlessCrashed(
                    timeline.below(timeline.chance(30) ? 600 : 5), () -> affect(impacts, skipped, read, then));
        });
    }

    private Set<Integer> tables(Impact impact) {
        return knownViews.get(impact.view()).tables();
    }

    private void affect(
            List<Impact> impacts, List<Event.Skipped> candidates, List<SimulatedTransaction> read, Runnable then) {
        Set<ViewId> queried = new HashSet<>();
        Set<ViewId> skipped = new HashSet<>();
        for (Event.Skipped candidate : candidates) {
            ViewId id = candidate.otherwise().view();
            queried.add(id);
            if (Objects.equals(daemon.resting(List.of(candidate.otherwise())).get(id), candidate.resting())) {
                skipped.add(id);
                db.hold(id, read);
                counts.skipped++;
            }
        }
        List<Impact> affected = impacts.stream()
                .filter(impact -> !skipped.contains(impact.view()))
                .toList();
        daemon.schedule().affected(affected, timeline.now().nanos());
        List<Impact> certain = impacts.stream()
                .filter(impact -> !queried.contains(impact.view()))
                .toList();
        write(daemon.handle(new Event.Affected(certain, candidates)), then);
    }

    private void affect(List<Impact> impacts, Runnable then) {
        if (impacts.isEmpty()) {
            then.run();
        } else {
            daemon.schedule().affected(impacts, timeline.now().nanos());
            write(daemon.handle(new Event.Affected(impacts)), then);
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
        boolean lost = timeline.chance(5);
        daemon.unlessCrashed(timeline.below(timeline.chance(10) ? 800 : 10), () -> {
            if (lost) {
                readAgain();
                return;
            }
            for (ViewId id : mark.views()) {
                LedgerRow row = db.ledger.get(id);
                if (row != null) {
                    row.mark(mark.number(), mark.invalidated().contains(id), db.routed);
                }
            }
            daemon.unlessCrashed(timeline.below(10), () -> {
                if (timeline.chance(5)) {
                    readAgain();
                    return;
                }
                daemon.handle(new Event.Marked(mark.number(), mark.views()));
                then.run();
            });
        });
    }

    private void readAgain() {
        rewind();
        daemon.unlessCrashed(timeline.below(100), this::next);
    }

    private void goOn() {
        if (readsAgain()) {
            daemon.schedule().logAwaited(timeline.now().nanos());
        }
        if (readsAgain() || daemon.refresher().lookUpWaits() || timeline.chance(10)) {
            reported = Math.max(reported, nextTransaction);
            daemon.handle(new Event.ReadTo(new Lsn(SimulatedDatabase.position(nextTransaction))));
        }
        int visible = SimulatedDatabase.transactions(db.routed);
        while (visible < nextTransaction && db.log.get(visible).visible) {
            visible++;
        }
        long position = SimulatedDatabase.position(visible);
        if (position > db.routed || !positionReported) {
            positionReported = true;
            long read = SimulatedDatabase.position(Math.min(visible, nextTransaction));
            daemon.handle(new Event.RoutedTo(new Lsn(position), new Lsn(read), db.snapshot()));
            db.routed = position;
        }
        acknowledge();
        boolean idle = timeline.calm() && nextTransaction == db.log.size();
        daemon.unlessCrashed(idle ? 500 : timeline.below(20), this::next);
    }

    /** The ledger first, then the slot; and it keeps what incremental views have yet to read again. */
    private void acknowledge() {
        boolean incremental = knownViews.values().stream().anyMatch(SimulatedView::incremental);
        if (!streams || (incremental && timeline.chance(20))) {
            return;
        }
        long needed = daemon.logNeededFrom().map(Lsn::value).orElse(db.routed);
        if (needed < db.routed) {
            counts.kept++;
        }
        db.acknowledged = Math.max(db.acknowledged, Math.min(needed, db.routed));
    }
}
