package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import io.refreshd.schedule.SimulatedView.Content;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;

/**
 * Compares what scheduler and ledger claim of the views with what the views hold: I1, no change is lost, and I2, a watermark
 * claims nothing that is not in the view.
 */
@NullUnmarked // Its maps hold what they are asked for; if not, the test is to fail.
final class DataOracle {
    private final SimulatedDatabase db;

    /** Views that were not refreshed since their query, or that of a view upstream, changed: nothing is asserted of them. */
    private final Set<ViewId> outdated = new TreeSet<>();

    DataOracle(SimulatedDatabase db) {
        this.db = db;
    }

    void queryChanged(ViewId id) {
        outdated.add(id);
        for (SimulatedView view : db.views.values()) {
            if (view.upstream().contains(id)) {
                queryChanged(view.view());
            }
        }
    }

    /** Whether the query of the view, or of one that it reads, has changed since it was refreshed. */
    boolean isOutdated(ViewId id) {
        return outdated.contains(id);
    }

    /**
     * Whether a refresh that starts now brings the view up to its query.
     *
     * @param known the views as the daemon knows them
     */
    boolean refreshBringsItUpToDate(SimulatedView view, Map<ViewId, SimulatedView> known) {
        return refreshBringsItUpToDate(view, known, Set.of());
    }

    /** @param before the views that the same transaction has brought up to date */
    boolean refreshBringsItUpToDate(SimulatedView view, Map<ViewId, SimulatedView> known, Set<ViewId> before) {
        return known.get(view.view()).sameQuery(view)
                && view.upstream().stream()
                        .noneMatch(upstream -> outdated.contains(upstream) && !before.contains(upstream));
    }

    void broughtUpToDate(ViewId id) {
        outdated.remove(id);
    }

    private boolean comparable(SimulatedView view, Map<ViewId, SimulatedView> known) {
        SimulatedView there = known.get(view.view());
        return there != null && there.sameQuery(view) && !outdated.contains(view.view());
    }

    /** I2: whoever reads the watermark may rely on it. */
    void checkWatermark(ViewStatus status, Map<ViewId, SimulatedView> known) {
        SimulatedView view = db.views.get(status.view());
        if (view.untracked()) {
            assertThat(status.watermark()).isEmpty();
        }
        if (comparable(view, known)) {
            status.watermark().ifPresent(at -> assertHolds(view, at, "status"));
        }
    }

    /** I1: if the daemon died now, the next one would know from ledger and log whatever there is to do. */
    void checkLedger(Map<ViewId, SimulatedView> known) {
        for (SimulatedView view : db.views.values()) {
            LedgerRow row = db.ledger.get(view.view());
            if (row == null || row.oid != view.oid() || !comparable(view, known)) {
                continue;
            }
            row.watermark.ifPresent(at -> assertHolds(view, at, "ledger"));
            Content content = db.contents.get(view.view());
            if (db.logHoldsAllFor(view)) {
                assertThat(row.invalidated)
                        .as("I1: %s lacks what no log tells of", view.view())
                        .isLessThanOrEqualTo(row.covered);
                assertHolds(content, view.tables(), db.acknowledged, "I1: brought up to date by the log,", view.view());
            }
            if (row.dirty()) {
                continue;
            }
            assertHolds(own(view, content), view.tables(), db.routed, "I1: clean in the ledger,", view.view());
            for (ViewId upstream : view.upstream()) {
                BitSet missing =
                        (BitSet) db.contents.get(upstream).transactions().clone();
                missing.andNot(content.transactions());
                assertThat(missing.isEmpty() || outdated.contains(upstream) || tellsOf(upstream, missing))
                        .as("I1: %s is clean in the ledger and behind %s", view.view(), upstream)
                        .isTrue();
            }
        }
    }

    /**
     * Whether the next daemon would tell the views that read this one of transactions that its rows hold already and the ledger does not
     * know of: a round comes, since it or a view below it is dirty in the ledger, or the log delivers all of them again.
     */
    private boolean tellsOf(ViewId view, BitSet transactions) {
        return db.ahead.contains(view)
                && (isDirtyInLedger(view)
                        || transactions.stream().mapToObj(db.begun::get).allMatch(tx -> tx.lsn > db.acknowledged));
    }

    private boolean isDirtyInLedger(ViewId view) {
        LedgerRow row = db.ledger.get(view);
        return row == null
                || row.dirty()
                || db.views.get(view).upstream().stream().anyMatch(this::isDirtyInLedger);
    }

    private static Content own(SimulatedView view, Content content) {
        return content.sources().getOrDefault(view.view(), content);
    }

    /**
     * What an incremental view lacks of another one that it reads is kept for it. So the views of a stack agree where nothing is kept, also
     * where one is reached in two ways.
     */
    void checkStacks() {
        for (SimulatedView view : db.views.values()) {
            if (!view.incremental() || outdated.contains(view.view())) {
                continue;
            }
            for (ViewId upstream : view.upstream()) {
                List<SimulatedDatabase.Missed> missed = db.missed(view, db.views.get(upstream));
                if (outdated.contains(upstream)
                        || missed.stream().anyMatch(one -> one.rows().isEmpty())) {
                    continue;
                }
                Content held = db.contents.get(view.view()).sources().get(upstream);
                assertThat(missed.stream().flatMap(one -> one.rows().orElseThrow().stream()))
                        .as("rows of %s that are kept for %s", upstream, view.view())
                        .containsAll(db.rows.differing(db.contents.get(upstream), held));
            }
        }
    }

    /**
     * Views of a group agree, whenever somebody looks: about the tables that they share, and those that read nothing but others of the group
     * about all that these hold.
     */
    void checkGroups() {
        for (SimulatedView view : db.views.values()) {
            if (view.together().isEmpty()
                    || outdated.contains(view.view())
                    || view.together().stream().anyMatch(outdated::contains)) {
                continue;
            }
            if (view.upstream().isEmpty()) {
                for (ViewId other : view.together()) {
                    if (db.views.get(other).upstream().isEmpty()) {
                        Set<Integer> shared =
                                new HashSet<>(db.contents.get(view.view()).tables());
                        shared.retainAll(db.contents.get(other).tables());
                        checkAgree(view.view(), Set.of(other), shared);
                    }
                }
            } else if (view.tables().isEmpty() && view.together().containsAll(view.upstream())) {
                checkAgree(
                        view.view(),
                        view.upstream(),
                        db.contents.get(view.view()).tables());
            }
        }
    }

    private void checkAgree(ViewId view, Set<ViewId> others, Set<Integer> tables) {
        // A change that makes no difference to one of them, and was not waited for, shows in none of its rows.
        BitSet without = (BitSet) db.heldAlone(view).clone();
        others.forEach(other -> without.or(db.heldAlone(other)));
        BitSet expected = new BitSet();
        others.forEach(other -> expected.or(db.contents.get(other).transactions()));
        expected.andNot(without);
        BitSet held = (BitSet) db.contents.get(view).transactions().clone();
        held.andNot(without);
        assertThat(db.rows.shown(new Content(held, tables, Map.of()), tables))
                .as("%s and %s are refreshed together", view, others)
                .isEqualTo(db.rows.shown(new Content(expected, tables, Map.of()), tables));
    }

    /** I1: when nothing goes wrong any more, every view becomes fresh, and all agree on that. */
    void checkEnd(List<ViewStatus> all) {
        for (ViewStatus status : all) {
            SimulatedView view = db.views.get(status.view());
            assertThat(db.contents.get(view.view()))
                    .as("I1: %s at the end", view.view())
                    .matches(content -> db.same(content, db.query(view)), "holds what its query gives");
            assertThat(status.oldestMissing()).isEmpty();
            if (view.timing().maxStaleness().isEmpty()
                    && view.timing().schedule().isEmpty()) {
                assertThat(status.phase())
                        .as("%s at the end", view.view())
                        .isEqualTo(status.watermark().isEmpty() ? ViewPhase.UNTRACKED : ViewPhase.FRESH);
            }
            if (!view.untracked()) {
                assertThat(status.watermark()).as("%s at the end", view).contains(db.endOfLog());
            }
            LedgerRow row = db.ledger.get(view.view());
            assertThat(row.dirty())
                    .as("the ledger agrees: %s marked %d covered %d", view.view(), row.marked, row.covered)
                    .isFalse();
        }
        assertThat(all).hasSameSizeAs(db.views.keySet());
    }

    private void assertHolds(SimulatedView view, Lsn watermark, String where) {
        Content content = db.contents.get(view.view());
        assertHolds(content, content.tables(), watermark.value(), "I2: " + where + " of", view.view());
    }

    private void assertHolds(Content content, Set<Integer> tables, long position, String what, ViewId view) {
        if (db.stacks() && !content.sources().isEmpty()) {
            content.sources()
                    .forEach((source, held) ->
                            assertHolds(held, held.tables(), position, what + " " + view + ", by way of", source));
            return;
        }
        for (SimulatedTransaction tx : db.log) {
            if (tx.lsn > position) {
                return;
            }
            if (tx.changesAnyOf(tables) && !content.transactions().get(tx.index)) {
                throw new AssertionError(what + " " + view + " at " + position + " lacks transaction " + tx.xid);
            }
        }
    }
}
