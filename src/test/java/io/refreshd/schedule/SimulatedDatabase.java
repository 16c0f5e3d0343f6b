package io.refreshd.schedule;

import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/** A model of the server: transactions, what each view holds, and the ledger. All of it survives a crash of the daemon. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedDatabase {
    /** @param index its place among all transactions ever begun */
    static final class Tx {
        final int index;
        final Xid xid;
        final int mask;
        final int pieces;
        /** The rows that it changed, the same ones in each of its tables; the next change of a row takes this one back. */
        final Set<Integer> rows;

        long lsn;

        @Nullable Instant committedAt;

        boolean visible;

        Tx(int index, Xid xid, Set<Integer> tables, int pieces, Set<Integer> rows) {
            this.index = index;
            this.xid = xid;
            this.mask = mask(tables);
            this.pieces = pieces;
            this.rows = rows;
        }
    }

    record Definition(
            ViewId view,
            long oid,
            Timing timing,
            Set<Integer> tables,
            Set<ViewId> upstream,
            boolean untracked,
            boolean obstacle,
            long version) {
        ViewSpec spec() {
            return new ViewSpec(
                    view,
                    oid,
                    timing,
                    Method.CONCURRENT,
                    upstream,
                    obstacle ? Optional.of(new Obstacle("no unique index", "create one")) : Optional.empty(),
                    untracked ? Optional.of(new Obstacle("reads a foreign table", "none")) : Optional.empty());
        }

        boolean sameQuery(Definition other) {
            return oid == other.oid && version == other.version;
        }
    }

    /** @param tables the tables it was made from, through all that the view stands on */
    record Content(BitSet transactions, Set<Integer> tables) {}

    static final class Row {
        final long oid;
        long marked = 1;
        long covered;
        Optional<Lsn> watermark = Optional.empty();
        Optional<Snapshot> snapshot = Optional.empty();
        Optional<Instant> refreshedAt = Optional.empty();
        Optional<Duration> lastDuration = Optional.empty();
        Optional<Instant> dirtySince = Optional.empty();
        int failures;
        boolean paused;
        Optional<Obstacle> suspended = Optional.empty();
        /** The definition for which the view's state was known to be marked as it should be. */
        Definition known;

        Row(Definition known) {
            this.oid = known.oid();
            this.known = known;
        }

        boolean dirty() {
            return marked > covered;
        }

        LedgerEntry entry(ViewId view) {
            return new LedgerEntry(
                    view,
                    dirty(),
                    dirtySince,
                    watermark,
                    snapshot,
                    refreshedAt,
                    lastDuration,
                    failures,
                    paused,
                    suspended);
        }
    }

    final List<Tx> begun = new ArrayList<>();
    final List<Tx> log = new ArrayList<>();
    final Map<ViewId, Definition> views = new TreeMap<>();
    final Map<ViewId, Content> contents = new TreeMap<>();
    final Map<ViewId, Row> ledger = new TreeMap<>();
    final Set<ViewId> locked = new HashSet<>();
    /** What a refresh that runs has read and not committed yet; one that has ended counts for nothing here. */
    final Map<ViewId, Content> inFlight = new HashMap<>();

    long acknowledged;
    /** Of so many rows one passes the condition of no view: its changes are looked up, and make no difference. */
    private static final int NO_VIEW_TAKES = 3;

    private final Set<Tx> invisible = new HashSet<>();
    private long nextOid = 1;

    Tx begin(Set<Integer> tables, int pieces, Set<Integer> rows) {
        Tx tx = new Tx(begun.size(), new Xid(begun.size() + 100), tables, pieces, rows);
        begun.add(tx);
        invisible.add(tx);
        return tx;
    }

    void commit(Tx tx, Instant at) {
        log.add(tx);
        tx.lsn = log.size() * 10L;
        tx.committedAt = at;
    }

    void show(Tx tx) {
        tx.visible = true;
        invisible.remove(tx);
    }

    Snapshot snapshot() {
        Set<Xid> inProgress = new HashSet<>();
        Xid next = new Xid(begun.size() + 100);
        Xid least = next;
        for (Tx tx : invisible) {
            inProgress.add(tx.xid);
            least = tx.xid.compareTo(least) < 0 ? tx.xid : least;
        }
        return new Snapshot(least, next, inProgress);
    }

    static int mask(Set<Integer> tables) {
        int mask = 0;
        for (int table : tables) {
            mask |= 1 << table;
        }
        return mask;
    }

    long newOid() {
        return nextOid++;
    }

    /** Creates the view or replaces it, filled as CREATE MATERIALIZED VIEW fills it. */
    void create(Definition view) {
        views.put(view.view(), view);
        contents.put(view.view(), query(view));
    }

    Content query(Definition view) {
        BitSet transactions = new BitSet();
        Set<Integer> tables = new HashSet<>(view.tables());
        for (Tx tx : log) {
            if (tx.visible && (tx.mask & mask(view.tables())) != 0) {
                transactions.set(tx.index);
            }
        }
        for (ViewId upstream : view.upstream()) {
            transactions.or(contents.get(upstream).transactions());
            tables.addAll(contents.get(upstream).tables());
        }
        return new Content(transactions, tables);
    }

    /** The transaction of a refresh commits. @return whether it marked what stands on the view */
    boolean refresh(RefreshTask task, Content content, Snapshot snapshot, Duration duration, Instant now) {
        boolean changed = !content.equals(contents.put(task.view(), content));
        Row row = ledger.get(task.view());
        row.covered = Math.max(row.covered, task.covers());
        row.watermark = task.routed();
        row.snapshot = Optional.of(snapshot);
        row.refreshedAt = Optional.of(now);
        row.lastDuration = Optional.of(duration);
        row.dirtySince = Optional.empty();
        boolean marked = changed && !task.downstream().isEmpty();
        if (marked) {
            task.downstream().stream().map(ledger::get).filter(r -> r != null).forEach(r -> {
                r.marked = Math.max(r.marked, task.downstreamMark());
                r.dirtySince = r.dirtySince.or(task::oldestCommit);
            });
        }
        return marked;
    }

    /** The rows of the tables that differ between two contents: changed an odd number of times by what only one of them holds. */
    Set<Integer> differingRows(Content a, Content b) {
        BitSet between = (BitSet) a.transactions().clone();
        between.xor(b.transactions());
        return odd(between, a.tables());
    }

    /** Whether after each of these the rows that it changed are as they were at first, which is nothing that a view takes. */
    boolean noneTaken(Set<Integer> tables, List<Tx> read) {
        int end = log.indexOf(read.getLast());
        BitSet before = new BitSet();
        for (Tx tx : log.subList(0, end + 1)) {
            before.set(tx.index);
        }
        // Each of them by itself: what came in between may have been taken.
        for (Tx tx : read) {
            BitSet then = (BitSet) before.clone();
            log.subList(log.indexOf(tx) + 1, end + 1).forEach(later -> then.clear(later.index));
            if (odd(then, tables).stream().anyMatch(cells(Set.of(tx), tables)::contains)) {
                return false;
            }
        }
        return true;
    }

    /** And so those that changed the same rows before them: they held the locks. */
    boolean allVisible(Set<Integer> tables, List<Tx> read) {
        int end = log.indexOf(read.getLast());
        Set<Integer> cells = cells(Set.copyOf(read), tables);
        return read.stream().allMatch(tx -> tx.visible)
                && log.subList(0, end + 1).stream()
                        .filter(tx -> cells(Set.of(tx), tables).stream().anyMatch(cells::contains))
                        .allMatch(tx -> tx.visible);
    }

    boolean shows(ViewId view, Set<Integer> tables, List<Tx> read) {
        return odd(contents.get(view).transactions(), tables).stream()
                .anyMatch(cells(Set.copyOf(read), tables)::contains);
    }

    /** What makes no difference to a view may as well be in it. */
    void holds(ViewId view, List<Tx> read) {
        BitSet transactions = new BitSet();
        read.stream()
                .filter(tx -> (tx.mask & mask(contents.get(view).tables())) != 0)
                .forEach(tx -> transactions.set(tx.index));
        contents.get(view).transactions().or(transactions);
        holdAsWell(view, transactions);
    }

    /** Rows of tables that a transaction changed and that some view may take. */
    private static Set<Integer> cells(Set<Tx> transactions, Set<Integer> tables) {
        Set<Integer> cells = new HashSet<>();
        for (Tx tx : transactions) {
            for (int table : tables) {
                if ((tx.mask & 1 << table) != 0) {
                    tx.rows.stream()
                            .filter(row -> row % NO_VIEW_TAKES != 0)
                            .forEach(row -> cells.add(table * 100 + row));
                }
            }
        }
        return cells;
    }

    /** Those that are not as they were at first, with just these transactions. */
    private Set<Integer> odd(BitSet transactions, Set<Integer> tables) {
        Set<Integer> odd = new HashSet<>();
        transactions.stream()
                .forEach(index -> cells(Set.of(begun.get(index)), tables).forEach(cell -> {
                    if (!odd.remove(cell)) {
                        odd.add(cell);
                    }
                }));
        return odd;
    }

    /** The transaction that notes that a look-up found nothing commits. */
    void unchanged(RefreshTask task, Content content, Snapshot snapshot) {
        Content before = contents.put(task.view(), content);
        BitSet without = (BitSet) content.transactions().clone();
        without.andNot(before.transactions());
        holdAsWell(task.view(), without);
        Row row = ledger.get(task.view());
        row.covered = Math.max(row.covered, task.covers());
        row.watermark = task.routed();
        row.snapshot = Optional.of(snapshot);
        row.dirtySince = Optional.empty();
    }

    /** What made no difference to a view makes none to what stands on it, be it there already or being read. */
    private void holdAsWell(ViewId below, BitSet transactions) {
        for (Definition view : views.values()) {
            if (view.upstream().contains(below)) {
                contents.get(view.view()).transactions().or(transactions);
                Optional.ofNullable(inFlight.get(view.view()))
                        .ifPresent(read -> read.transactions().or(transactions));
                holdAsWell(view.view(), transactions);
            }
        }
    }

    long firstMark() {
        return ledger.values().stream()
                        .mapToLong(row -> Math.max(row.marked, row.covered))
                        .max()
                        .orElse(0)
                + 1;
    }
}
