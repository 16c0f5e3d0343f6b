package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BundleBuilderTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final BundleBuilder bundle = new BundleBuilder();

    /** A client writes few; a stranger writes as many as there is room for. */
    @Test
    void isBoundedByTheRoomOfSignals() {
        int added = 0;
        while (!bundle.isFull() && added < 20_000) {
            bundle.add(new Signal("fence", Integer.toString(added++) + "x".repeat(200)));
        }
        assertThat(added).isLessThan(2_500);
    }

    @Test
    void carriesEachTransactionWholeInTheOrderOfCommits() {
        Captured.Transaction first = transaction(7);
        Captured.Transaction second =
                new Captured.Transaction(5, NOON.plusSeconds(1), List.of(), List.of(new Signal("fence", "1")));
        bundle.add(first);
        bundle.add(second);
        TransactionBundle taken = bundle.take();
        assertThat(taken.transactions()).containsExactly(first, second);
        assertThat(taken.committedAt()).contains(second.last());
        assertThat(taken.xid()).contains(5L);
    }

    /** A look-up that waits for the log writes its message in a transaction, whose commit makes the server send it. */
    @Test
    void aTransactionWithASignalIsUrgent() {
        bundle.add(transaction(1));
        bundle.add(new Captured.Transaction(2, Instant.EPOCH, List.of(), List.of(new Signal(Signal.PROBE, ""))));
        assertThat(bundle.isUrgent()).isTrue();
    }

    @Test
    void isEmptyAfterItWasTaken() {
        bundle.add(transaction(1));
        bundle.take();
        assertThat(bundle.isEmpty()).isTrue();
        bundle.add(transaction(2));
        assertThat(bundle.take().transactions()).containsExactly(transaction(2));
    }

    @Test
    void keepsTheOrderOfAMessageAndIsUrgentThen() {
        Signal mark = new Signal("mark", "7");
        bundle.add(transaction(1));
        assertThat(bundle.isUrgent()).isFalse();
        bundle.add(mark);
        bundle.add(transaction(2));
        assertThat(bundle.isUrgent()).isTrue();
        List<Captured.Transaction> taken = bundle.take().transactions();
        assertThat(taken).hasSize(3).first().isEqualTo(transaction(1));
        assertThat(taken.get(1).signals()).containsExactly(mark);
        assertThat(taken.get(1).tables()).isEmpty();
        assertThat(taken.getLast()).isEqualTo(transaction(2));
        assertThat(bundle.isUrgent()).isFalse();
        assertThat(bundle.isEmpty()).isTrue();
    }

    @Test
    void mergesTransactionsThatDidTheSameToUnknownRows() {
        bundle.add(anonymous(7, 1, "note", 2));
        bundle.add(anonymous(8, 2, "title", 1));
        bundle.add(transaction(9));
        bundle.add(anonymous(5, 2, "note", 1));
        bundle.add(anonymous(6, 3, "note", 1));
        TransactionBundle taken = bundle.take();
        assertThat(taken.committedAt()).contains(NOON.plusSeconds(3));
        assertThat(taken.transactions())
                .containsExactlyInAnyOrder(
                        transaction(9),
                        anonymous(8, 2, "title", 1),
                        new Captured.Transaction(
                                List.of(7L, 5L, 6L),
                                NOON.plusSeconds(1),
                                NOON.plusSeconds(3),
                                anonymous(0, 0, "note", 4).tables(),
                                List.of()));
        assertThat(bundle.isEmpty()).isTrue();
        bundle.add(anonymous(6, 4, "note", 1));
        assertThat(bundle.take().transactions()).containsExactly(anonymous(6, 4, "note", 1));
    }

    @Test
    void mergesManyTransactionsThatDifferByTheKeysOfTheirRowsAlone() {
        List<Captured.Transaction> first = new ArrayList<>();
        for (int xid = 100; xid < 120; xid++) {
            first.add(transaction(xid));
            bundle.add(first.getLast());
        }
        bundle.add(update(7, 1, "a"));
        bundle.add(update(8, 2, "b"));
        bundle.add(update(5, 3, "a"));
        bundle.add(update(6, 2, "a"));
        List<Captured.Transaction> taken = bundle.take().transactions();
        assertThat(taken.subList(0, 20)).as("few are not merged").isEqualTo(first);
        assertThat(taken.subList(20, taken.size()))
                .containsExactlyInAnyOrder(
                        update(8, 2, "b"),
                        new Captured.Transaction(
                                List.of(7L, 5L, 6L),
                                NOON,
                                NOON,
                                List.of(tally("a", Set.of(List.of("1"), List.of("2"), List.of("3")), 3)),
                                List.of()));
    }

    @Test
    void isBoundedByTheNumberOfMergedTransactions() {
        int added = 0;
        while (!bundle.isFull()) {
            bundle.add(anonymous(++added, 0, "note", 1));
        }
        assertThat(added).isLessThan(20_000);
        int expected = added;
        assertThat(bundle.take().transactions())
                .singleElement()
                .satisfies(all -> assertThat(all.xids()).hasSize(expected));
    }

    private static Captured.Transaction anonymous(long xid, int second, String column, long rows) {
        return new Captured.Transaction(
                xid,
                NOON.plusSeconds(second),
                List.of(new TableTally(
                        new TableId("public", "main"),
                        Map.of(Operation.UPDATE, rows),
                        ChangedColumns.of(Set.of(column)))),
                List.of());
    }

    @Test
    void isBoundedByTheRoomOfRememberedRows() {
        List<Captured.Transaction> added = new ArrayList<>();
        for (int xid = 1; !bundle.isFull(); xid++) {
            added.add(update(xid, xid, Integer.toString(xid)));
            bundle.add(added.getLast());
        }
        assertThat(added).hasSizeBetween(500, 1_500);
        assertThat(bundle.take().transactions()).isEqualTo(added);
        assertThat(bundle.isFull()).isFalse();
    }

    @Test
    void isBoundedByTheRoomOfTheKeysOfMergedTransactions() {
        int added = 0;
        while (!bundle.isFull()) {
            bundle.add(update(++added, added, "a"));
        }
        assertThat(added).isBetween(2_000, 12_000);
        assertThat(bundle.take().transactions()).hasSize(21);
        assertThat(bundle.isFull()).isFalse();
    }

    private static Captured.Transaction transaction(long xid) {
        return update(xid, xid, "a");
    }

    private static Captured.Transaction update(long xid, long key, String role) {
        return new Captured.Transaction(
                xid, NOON, List.of(tally(role, Set.of(List.of(Long.toString(key))), 1)), List.of());
    }

    private static TableTally tally(String role, Set<List<String>> keys, long rows) {
        return new TableTally(
                new TableId("public", "main"),
                Map.of(Operation.UPDATE, rows),
                ChangedColumns.of(Set.of("note")),
                new ChangedRows(
                        List.of("id"), Optional.of(keys), Map.of("role", Set.of(role)), Map.of("team", Set.of("b"))));
    }
}
