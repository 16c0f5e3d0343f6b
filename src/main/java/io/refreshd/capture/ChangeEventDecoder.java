package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.Interest;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Folds events into transactions. A transaction that several batches hold becomes several with one id, each with the rows of its batch.
 * Pure.
 *
 * <p>Room: that of the records of one batch, and {@link RowRoom} for each transaction.
 *
 * <p>Thread: one decoder decodes one source on one thread.
 */
final class ChangeEventDecoder {
    /** Most signals of one transaction; the rest is left out, as in {@link StreamDecoder}. */
    private static final int MOST_SIGNALS = 1_000;

    private final Function<TableId, Interest> interests;
    private final Map<TableId, RowLayout> layouts = new HashMap<>();
    private final BundleBuilder bundle = new BundleBuilder();
    private final Map<Long, Open> transactions = new LinkedHashMap<>();
    private Map<TableId, TableFacts> facts = Map.of();

    /** The part of a transaction that the present batch holds. */
    private static final class Open {
        final Instant committedAt;
        final RowRoom room = new RowRoom();
        final Map<TableId, RowCounter> counters = new LinkedHashMap<>();
        /** Rows of which only the table is known. */
        final Map<TableId, Map<Operation, Long>> unread = new LinkedHashMap<>();

        final Set<Signal> signals = new LinkedHashSet<>();

        Open(Instant committedAt) {
            this.committedAt = committedAt;
        }
    }

    ChangeEventDecoder(Function<TableId, Interest> interests) {
        this.interests = interests;
    }

    /** @param read facts that were read after the events of the next batch */
    void begin(Map<TableId, TableFacts> read) {
        facts = read;
    }

    void accept(ChangeEvent event) {
        switch (event) {
            case ChangeEvent.Row row -> row(row);
            case ChangeEvent.OfTable other -> unread(open(other.source()), other.table(), other.operation());
            case ChangeEvent.Message message -> message.signal().ifPresent(signal -> signal(message.source(), signal));
            case ChangeEvent.Read ignored -> {}
            case ChangeEvent.Nothing ignored -> {}
            case ChangeEvent.Undecodable ignored -> {}
        }
    }

    private Open open(ChangeEvent.Source source) {
        return transactions.computeIfAbsent(source.xid().orElseThrow(), xid -> new Open(source.committedAt()));
    }

    private static void unread(Open transaction, TableId table, Operation operation) {
        transaction
                .unread
                .computeIfAbsent(table, name -> new EnumMap<>(Operation.class))
                .merge(operation, 1L, Long::sum);
    }

    private void signal(ChangeEvent.Source source, Signal signal) {
        if (source.xid().isEmpty()) {
            bundle.add(signal);
            return;
        }
        Set<Signal> signals = open(source).signals;
        if (signals.size() < MOST_SIGNALS) {
            signals.add(signal);
        }
    }

    private void row(ChangeEvent.Row row) {
        Open transaction = open(row.source());
        TableFacts known = facts.get(row.table());
        if (known == null || !known.holdFor(row.source())) {
            unread(transaction, row.table(), row.operation());
            return;
        }
        RowCounter counter = transaction.counters.computeIfAbsent(
                row.table(), table -> new RowCounter(layout(table, known), transaction.room));
        if (row.operation() == Operation.UPDATE) {
            counter.countUpdate(RowTuples.of(row, known));
        } else {
            counter.countRow(row.operation(), RowTuples.of(row, known));
        }
    }

    private RowLayout layout(TableId table, TableFacts known) {
        List<Integer> identity = new ArrayList<>();
        for (int i = 0; i < known.columns().size(); i++) {
            if (known.full() || known.columns().get(i).identity()) {
                identity.add(i);
            }
        }
        Relation relation = new Relation(
                table, known.columns().stream().map(TableFacts.Column::name).toList(), identity, known.full());
        Interest interest = interests.apply(table);
        RowLayout made = layouts.get(table);
        if (made == null || !made.isFor(relation, interest)) {
            made = RowLayout.of(relation, interest);
            layouts.put(table, made);
        }
        return made;
    }

    /** Everything that was accepted since the last call. */
    TransactionBundle take() {
        transactions.forEach((xid, open) -> {
            Captured.Transaction transaction =
                    new Captured.Transaction(xid, open.committedAt, tables(open), List.copyOf(open.signals));
            if (!transaction.isEmpty()) {
                bundle.add(transaction);
            }
        });
        transactions.clear();
        return bundle.take();
    }

    private static List<TableTally> tables(Open transaction) {
        List<TableTally> tables = new ArrayList<>();
        transaction.counters.forEach((table, counter) -> {
            @Nullable Map<Operation, Long> unread = transaction.unread.remove(table);
            tables.add(together(counter.total(), Optional.ofNullable(unread)));
        });
        transaction.unread.forEach((table, rows) -> tables.add(new TableTally(table, rows, ChangedColumns.ALL)));
        return tables;
    }

    private static TableTally together(TableTally read, Optional<Map<Operation, Long>> unread) {
        Map<Operation, Long> rows = new HashMap<>(read.rows());
        unread.ifPresent(more -> more.forEach((operation, count) -> rows.merge(operation, count, Long::sum)));
        return unread.isEmpty() ? read : new TableTally(read.table(), rows, ChangedColumns.ALL);
    }
}
