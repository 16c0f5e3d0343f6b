package io.refreshd.schedule;

import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.schedule.SimulatedView.Content;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;

/** Model of the server: transactions, views with what they hold, and the ledger. All of it survives a crash of the daemon. */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class SimulatedDatabase {
    /** After so many rounds is kept that there was some change, and not the rows. */
    private static final int MOST_KEPT = 3;

    final List<SimulatedTransaction> begun = new ArrayList<>();
    /** The transactions that have committed, in that order. */
    final List<SimulatedTransaction> log = new ArrayList<>();

    final SimulatedRows rows = new SimulatedRows(begun, log);
    final Map<ViewId, SimulatedView> views = new TreeMap<>();
    final Map<ViewId, Content> contents = new TreeMap<>();
    private final Map<ViewId, BitSet> heldAlone = new HashMap<>();
    final Map<ViewId, LedgerRow> ledger = new TreeMap<>();
    /** Views whose refresh holds their lock. */
    final Set<ViewId> locked = new HashSet<>();
    /** What a running refresh has read and not committed yet. One that has ended may stay here: it counts for nothing. */
    final Map<ViewId, Content> inFlight = new HashMap<>();
    /** The daemon that was the last to read the ledger. */
    SimulatedDaemon ledgerReader;

    /** The position of the stream in the ledger: all before it has been routed and is visible. */
    long routed;
    /** The position that the slot has been acknowledged up to. */
    long acknowledged;

    private final Set<SimulatedTransaction> invisible = new HashSet<>();
    private long nextOid = 1;
    private final boolean stacks;
    /** Views whose rows are ahead of the ledger: what reads them is told when they are brought up to date the next time. */
    final Set<ViewId> ahead = new HashSet<>();

    private final List<Missed> missed = new ArrayList<>();
    private long nextMissed;

    /**
     * Rows of a view that changed in a round in which a view that reads it took no part.
     *
     * @param reader oid of the view that reads
     * @param upstream oid of the view that is read
     * @param rows empty: any row may have changed
     */
    record Missed(long id, long reader, long upstream, Optional<Set<Integer>> rows) {}

    /** @param stacks whether views differ by what they hold of each view that they read, and follow the rows of incremental ones */
    SimulatedDatabase(boolean stacks) {
        this.stacks = stacks;
    }

    boolean stacks() {
        return stacks;
    }

    SimulatedTransaction begin(Set<Integer> tables, int pieces, Set<Integer> changed) {
        SimulatedTransaction tx =
                new SimulatedTransaction(begun.size(), new Xid(begun.size() + 100), tables, pieces, changed);
        begun.add(tx);
        invisible.add(tx);
        return tx;
    }

    void commit(SimulatedTransaction tx, Instant at) {
        log.add(tx);
        tx.lsn = position(log.size());
        tx.committedAt = at;
    }

    /** A commit becomes visible later than it is in the log. */
    void makeVisible(SimulatedTransaction tx) {
        tx.visible = true;
        invisible.remove(tx);
    }

    /** @param transactions how many of the log come before the position */
    static long position(int transactions) {
        return transactions * 10L;
    }

    Lsn endOfLog() {
        return new Lsn(position(log.size()));
    }

    /** How many transactions of the log come before the position. */
    static int transactions(long position) {
        return (int) (position / 10);
    }

    /** Whether a stream that begins where the slot stands brings all that the view lacks, by the ledger. */
    boolean logHoldsAllFor(SimulatedView view) {
        LedgerRow row = ledger.get(view.view());
        return view.incremental()
                && view.upstream().isEmpty()
                && row.dirty()
                && row.snapshot.isPresent()
                && row.watermark.filter(at -> at.value() >= acknowledged).isPresent();
    }

    Snapshot snapshot() {
        Set<Xid> inProgress = new HashSet<>();
        Xid next = new Xid(begun.size() + 100);
        Xid least = next;
        for (SimulatedTransaction tx : invisible) {
            inProgress.add(tx.xid);
            least = tx.xid.compareTo(least) < 0 ? tx.xid : least;
        }
        return new Snapshot(least, next, inProgress);
    }

    long newOid() {
        return nextOid++;
    }

    /** Creates the view or replaces it, filled as CREATE MATERIALIZED VIEW fills it. */
    void create(SimulatedView view) {
        views.put(view.view(), view);
        set(view.view(), query(view));
    }

    /** The view as the catalog shows it to the scheduler. */
    ViewSpec spec(SimulatedView view) {
        return view.spec(
                view.obstacle()
                        || view.together().stream()
                                .anyMatch(other -> views.get(other).obstacle()),
                stacks && view.incremental() ? stack(view) : List.of());
    }

    private List<UpstreamRows> stack(SimulatedView view) {
        return view.upstream().stream()
                .map(views::get)
                .map(upstream -> new UpstreamRows(
                        upstream.view(),
                        upstream.oid(),
                        List.of(new UpstreamRows.Path(
                                List.of(1),
                                new KeyLookup(new TableId("public", "t"), List.of(1), List.of("int"), Set.of()))),
                        ""))
                .toList();
    }

    /** What earlier rounds have kept for the view, of one that it reads. */
    List<Missed> missed(SimulatedView reader, SimulatedView upstream) {
        return missed(reader.oid(), upstream.oid());
    }

    private List<Missed> missed(long reader, long upstream) {
        return missed.stream()
                .filter(one -> one.reader() == reader && one.upstream() == upstream)
                .toList();
    }

    /** The transaction of a round deletes what its snapshot saw. @return whether another one has not deleted any of it meanwhile */
    boolean forget(Collection<Missed> seen) {
        if (!missed.containsAll(seen)) {
            return false;
        }
        missed.removeAll(seen);
        return true;
    }

    /** Keeps changed rows for a view that takes no part in the round, as {@code MissedRows} does. @param rows empty: any row */
    void keep(UpstreamRows.Reader reader, long upstream, Optional<Set<Integer>> rows) {
        List<Missed> kept = missed(reader.oid(), upstream);
        if (kept.stream().anyMatch(one -> one.rows().isEmpty()) && !reader.mayRun()) {
            return;
        }
        boolean tooMany = kept.size() >= MOST_KEPT;
        if ((tooMany || rows.isEmpty()) && !reader.mayRun()) {
            missed.removeAll(kept);
        }
        missed.add(new Missed(nextMissed++, reader.oid(), upstream, tooMany ? Optional.empty() : rows));
    }

    /** What the view would hold after a refresh now. */
    Content query(SimulatedView view) {
        return query(view, Map.of());
    }

    /** @param written what the transaction that refreshes the view has written to others */
    Content query(SimulatedView view, Map<ViewId, Content> written) {
        BitSet transactions = new BitSet();
        Set<Integer> tables = new HashSet<>(view.tables());
        Map<ViewId, Content> sources = new TreeMap<>();
        for (SimulatedTransaction tx : log) {
            if (tx.visible && tx.changesAnyOf(view.tables())) {
                transactions.set(tx.index);
            }
        }
        if (!view.upstream().isEmpty()) {
            sources.put(view.view(), new Content((BitSet) transactions.clone(), Set.copyOf(tables), Map.of()));
        }
        for (ViewId upstream : view.upstream()) {
            Content read = written.getOrDefault(upstream, contents.get(upstream));
            transactions.or(read.transactions());
            tables.addAll(read.tables());
            sources.put(upstream, read.copy());
        }
        return new Content(transactions, tables, sources);
    }

    /** Whether a view that holds one content shows what it would show with the other. */
    boolean same(Content a, Content b) {
        return a.transactions().equals(b.transactions())
                && a.tables().equals(b.tables())
                && (!stacks || a.sources().equals(b.sources()));
    }

    /** The transaction of a refresh commits. @return whether it marked downstream views */
    boolean refresh(RefreshTask task, Content content, Snapshot snapshot, Duration duration, Instant now) {
        return refresh(task, content, snapshot, duration, now, !same(content, contents.get(task.view())));
    }

    /** @param changed whether the views that read this one are to be told */
    boolean refresh(
            RefreshTask task, Content content, Snapshot snapshot, Duration duration, Instant now, boolean changed) {
        set(task.view(), content);
        ahead.remove(task.view());
        LedgerRow row = ledger.get(task.view());
        row.cover(task, snapshot);
        row.refreshedAt = Optional.of(now);
        row.lastDuration = Optional.of(duration);
        boolean marked = changed && !task.downstream().isEmpty();
        if (marked) {
            task.downstream().stream().map(ledger::get).filter(r -> r != null).forEach(r -> {
                r.mark(task.downstreamMark());
                r.dirtySince = r.dirtySince.or(task::oldestCommit);
            });
        }
        return marked;
    }

    /** The rows of a round have committed, and then something ended before the ledger was written. */
    void rowsOnly(ViewId view, Content content) {
        set(view, content);
        ahead.add(view);
    }

    /** A round has recomputed rows and changed none: what makes no difference to the view makes none to those that read it. */
    void noRowChanges(ViewId view, Content content) {
        Content before = contents.get(view);
        if (stacks) {
            // Not its own content, which has its own tables under its own name.
            Stream.concat(contents.entrySet().stream(), inFlight.entrySet().stream())
                    .filter(other -> !other.getKey().equals(view))
                    .forEach(other -> other.getValue().take(view, before, content));
            return;
        }
        BitSet added = (BitSet) content.transactions().clone();
        added.andNot(before.transactions());
        holdDownstream(view, added);
    }

    /** The transaction commits that notes that a look-up found no difference. */
    void unchanged(RefreshTask task, Content content, Snapshot snapshot) {
        noRowChanges(task.view(), content);
        set(task.view(), content);
        ledger.get(task.view()).cover(task, snapshot);
    }

    /** The view counts as holding transactions that make no difference to it. */
    void hold(ViewId view, List<SimulatedTransaction> read) {
        BitSet transactions = new BitSet();
        read.stream()
                .filter(tx -> tx.changesAnyOf(contents.get(view).tables()))
                .forEach(tx -> transactions.set(tx.index));
        BitSet added = (BitSet) transactions.clone();
        added.andNot(contents.get(view).transactions());
        heldAlone.computeIfAbsent(view, none -> new BitSet()).or(added);
        contents.get(view).transactions().or(transactions);
        // What the view held before, a view that follows its rows lacks still, with all that came before.
        holdDownstream(view, stacks ? added : transactions);
    }

    private Content set(ViewId view, Content content) {
        heldAlone.remove(view);
        return contents.put(view, content);
    }

    /** Transactions that the view counts as holding, and whose rows no refresh has written to it. */
    BitSet heldAlone(ViewId view) {
        return heldAlone.getOrDefault(view, new BitSet());
    }

    /** What made no difference to a view makes none to its downstream views, be it in them already or being read. */
    private void holdDownstream(ViewId upstream, BitSet transactions) {
        contents.values().forEach(content -> content.hold(upstream, transactions));
        inFlight.values().forEach(read -> read.hold(upstream, transactions));
    }

    /** Greater than every mark in the ledger. */
    long firstMark() {
        return ledger.values().stream()
                        .mapToLong(row -> Math.max(row.marked, row.covered))
                        .max()
                        .orElse(0)
                + 1;
    }
}
