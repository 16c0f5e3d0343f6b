package io.refreshd.capture;

import io.refreshd.model.Interest;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Folds the messages of pgoutput (protocol version 1) into whole transactions. A transaction of any size takes no more room than the
 * counters of its tables. Pure.
 *
 * <p>Thread: one decoder reads one stream on one thread.
 */
final class StreamDecoder {
    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    /** Most signals of one transaction; the rest is left out. A client that asks for something writes one signal. */
    private static final int MOST_SIGNALS = 1_000;

    private final Function<TableId, Interest> interests;
    private final StreamEncoding encoding;
    private final Map<Integer, Relation> relations = new HashMap<>();
    private final Map<TableId, RowLayout> layouts = new HashMap<>();
    /** Layouts of the tables whose interest was asked for since {@link #forgetInterests}. */
    private final Map<TableId, RowLayout> current = new HashMap<>();

    private final Map<TableId, RowCounter> counters = new LinkedHashMap<>();
    /** Without repetitions: a signal says the same however often it comes. */
    private final Set<Signal> signals = new LinkedHashSet<>();

    private RowRoom room = new RowRoom();
    private long xid;

    /** @param interests what to remember of a table's rows; asked once for each table that changes after {@link #forgetInterests} */
    StreamDecoder(Function<TableId, Interest> interests, StreamEncoding encoding) {
        this.interests = interests;
        this.encoding = encoding;
    }

    /**
     * From here on each table's interest is asked for anew. To ask for every row would cost too much and gain nothing: by the
     * time that a row is routed, the interest may be another one anyway.
     */
    void forgetInterests() {
        current.clear();
    }

    /** Takes the next message, and returns what the message completes, if anything. */
    Optional<Captured> accept(ByteBuffer message) {
        byte type = message.get();
        switch (type) {
            case 'B' -> begin(message);
            case 'R' -> relation(message);
            case 'I' -> counter(message.getInt()).countRow(Operation.INSERT, message);
            case 'U' -> counter(message.getInt()).countUpdate(message);
            case 'D' -> counter(message.getInt()).countRow(Operation.DELETE, message);
            case 'T' -> truncate(message);
            case 'M' -> {
                return message(message);
            }
            case 'C' -> {
                return Optional.of(commit(message));
            }
            case 'O', 'Y' -> {
                // Origins and types say nothing about what changed.
            }
            default -> throw new IllegalStateException("unknown message of pgoutput: " + (char) type);
        }
        return Optional.empty();
    }

    private void begin(ByteBuffer message) {
        message.getLong(); // position of the commit
        message.getLong(); // time of the commit: the commit message holds it too
        xid = Integer.toUnsignedLong(message.getInt());
        counters.clear();
        signals.clear();
        room = new RowRoom();
    }

    private Captured.Transaction commit(ByteBuffer message) {
        message.get(); // flags, unused
        message.getLong(); // position of the commit
        message.getLong(); // end of the transaction
        Instant committedAt = EPOCH.plus(message.getLong(), ChronoUnit.MICROS);
        List<TableTally> tables = new ArrayList<>(counters.size());
        counters.values().forEach(counter -> tables.add(counter.total()));
        Captured.Transaction transaction = new Captured.Transaction(xid, committedAt, tables, List.copyOf(signals));
        counters.clear();
        signals.clear();
        return transaction;
    }

    private void relation(ByteBuffer message) {
        int oid = message.getInt();
        String schema = text(message, oid, "schema");
        TableId table = new TableId(schema.isEmpty() ? "pg_catalog" : schema, text(message, oid, "table"));
        boolean full = message.get() == 'f';
        int count = message.getShort();
        List<String> columns = new ArrayList<>(count);
        List<Integer> identity = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if ((message.get() & 1) == 1) {
                identity.add(i);
            }
            columns.add(text(message, oid, "column " + (i + 1)));
            message.getInt(); // type
            message.getInt(); // type modifier
        }
        Relation announced = new Relation(table, columns, identity, full);
        Relation known = relations.put(oid, announced);
        current.remove(table);
        // DDL in the middle of a transaction may change the columns. The indexes of altered columns that were noted
        // before mean other columns then.
        RowCounter before = counters.get(table);
        if (before != null && known != null && !known.equals(announced)) {
            before.invalidateColumns();
        }
    }

    private RowCounter counter(int oid) {
        Relation relation = relations.get(oid);
        if (relation == null) {
            throw new IllegalStateException("a row of a table that was not announced: oid " + oid);
        }
        RowCounter counter = counters.get(relation.table());
        if (counter == null) {
            counter = new RowCounter(layoutOf(relation), room);
            counters.put(relation.table(), counter);
        }
        return counter;
    }

    private RowLayout layoutOf(Relation relation) {
        return current.computeIfAbsent(relation.table(), table -> {
            Interest interest = encoding.limited(interests.apply(table));
            RowLayout known = layouts.get(table);
            if (known == null || !known.isFor(relation, interest)) {
                known = RowLayout.of(relation, interest);
                layouts.put(table, known);
            }
            return known;
        });
    }

    private void truncate(ByteBuffer message) {
        int count = message.getInt();
        message.get(); // CASCADE, RESTART IDENTITY
        for (int i = 0; i < count; i++) {
            counter(message.getInt()).count(Operation.TRUNCATE);
        }
    }

    private Optional<Captured> message(ByteBuffer message) {
        boolean transactional = (message.get() & 1) == 1;
        message.getLong(); // position of the message
        Optional<Signal> signal = SignalReader.read(message);
        if (transactional) {
            // The signal counts from the commit on, together with the rows of its own transaction.
            if (signals.size() < MOST_SIGNALS) {
                signal.ifPresent(signals::add);
            }
            return Optional.empty();
        }
        return signal.map(Captured.Message::new);
    }

    /** @param of what has the name */
    private String text(ByteBuffer message, int oid, String of) {
        int start = message.position();
        int end = start;
        while (message.get(end) != 0) {
            end++;
        }
        byte[] bytes = new byte[end - start];
        message.get(bytes);
        message.get(); // the zero byte
        return encoding.name(
                bytes,
                of + " of relation " + Integer.toUnsignedString(oid) + ", whose name the server cannot send in UTF-8");
    }
}
