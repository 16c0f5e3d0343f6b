package io.refreshd.capture;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Carries {@link Captured.Transaction}s, one behind the other, through Debezium's queue as the content of one logical message. It never leaves the
 * process, so the form may change with every version.
 */
final class TransactionCodec {
    /** Prefix of the messages made here. No message from the log is handed on with it: those start with refreshd's own. */
    static final String PREFIX = "transaction";

    private TransactionCodec() {}

    static byte[] encode(Captured.Transaction transaction) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
        write(new DataOutputStream(bytes), transaction);
        return bytes.toByteArray();
    }

    /** @param out to memory, which cannot fail */
    static void write(DataOutputStream out, Captured.Transaction transaction) {
        try {
            out.writeInt(transaction.xids().size());
            for (long xid : transaction.xids()) {
                out.writeLong(xid);
            }
            write(out, transaction.first());
            write(out, transaction.last());
            out.writeInt(transaction.tables().size());
            for (TableTally tally : transaction.tables()) {
                write(out, tally);
            }
            out.writeInt(transaction.signals().size());
            for (Signal signal : transaction.signals()) {
                write(out, signal.kind());
                write(out, signal.body());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Captured.Transaction> decode(byte[] content) {
        List<Captured.Transaction> transactions = new ArrayList<>();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(content))) {
            while (in.available() > 0) {
                transactions.add(readTransaction(in));
            }
            return transactions;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Captured.Transaction readTransaction(DataInputStream in) throws IOException {
        int count = in.readInt();
        List<Long> xids = new ArrayList<>(count);
        for (int left = count; left > 0; left--) {
            xids.add(in.readLong());
        }
        Instant first = instant(in);
        Instant last = instant(in);
        List<TableTally> tables = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            tables.add(readTally(in));
        }
        List<Signal> signals = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            signals.add(new Signal(read(in), read(in)));
        }
        return new Captured.Transaction(xids, first, last, tables, signals);
    }

    private static void write(DataOutputStream out, Instant time) throws IOException {
        out.writeLong(ChronoUnit.MICROS.between(Instant.EPOCH, time));
    }

    private static Instant instant(DataInputStream in) throws IOException {
        return Instant.EPOCH.plus(in.readLong(), ChronoUnit.MICROS);
    }

    private static void write(DataOutputStream out, TableTally tally) throws IOException {
        write(out, tally.table().schema());
        write(out, tally.table().name());
        for (Operation operation : Operation.values()) {
            out.writeLong(tally.rows().getOrDefault(operation, 0L));
        }
        out.writeBoolean(tally.columns().all());
        writeAll(out, tally.columns().names());
        write(out, tally.touched());
    }

    private static void write(DataOutputStream out, ChangedRows touched) throws IOException {
        writeAll(out, touched.key());
        out.writeInt(touched.keys().map(Set::size).orElse(-1));
        for (List<String> key : touched.keys().orElse(Set.of())) {
            for (String value : key) {
                write(out, value);
            }
        }
        write(out, touched.values());
        write(out, touched.newValues());
    }

    private static void write(DataOutputStream out, Map<String, Set<String>> columns) throws IOException {
        out.writeInt(columns.size());
        for (Map.Entry<String, Set<String>> column : columns.entrySet()) {
            write(out, column.getKey());
            writeAll(out, column.getValue());
        }
    }

    private static ChangedRows readTouched(DataInputStream in) throws IOException {
        List<String> key = readAll(in, in.readInt());
        int count = in.readInt();
        Set<List<String>> keys = new HashSet<>();
        for (int left = count; left > 0; left--) {
            keys.add(readAll(in, key.size()));
        }
        return new ChangedRows(key, count < 0 ? Optional.empty() : Optional.of(keys), readColumns(in), readColumns(in));
    }

    private static Map<String, Set<String>> readColumns(DataInputStream in) throws IOException {
        Map<String, Set<String>> columns = new HashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            columns.put(read(in), new HashSet<>(readAll(in, in.readInt())));
        }
        return columns;
    }

    private static void writeAll(DataOutputStream out, Collection<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            write(out, text);
        }
    }

    private static List<String> readAll(DataInputStream in, int count) throws IOException {
        List<String> texts = new ArrayList<>(count);
        for (int left = count; left > 0; left--) {
            texts.add(read(in));
        }
        return texts;
    }

    private static TableTally readTally(DataInputStream in) throws IOException {
        TableId table = new TableId(read(in), read(in));
        Map<Operation, Long> rows = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            long count = in.readLong();
            if (count > 0) {
                rows.put(operation, count);
            }
        }
        boolean all = in.readBoolean();
        Set<String> columns = new HashSet<>(readAll(in, in.readInt()));
        return new TableTally(table, rows, all ? ChangedColumns.ALL : ChangedColumns.of(columns), readTouched(in));
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String read(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }
}
