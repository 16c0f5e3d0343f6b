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
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Carries a {@link Captured.Transaction} through Debezium's queue as the content of one logical message. It never leaves the
 * process, so the form may change with every version.
 */
final class TransactionCodec {
    /** Prefix of the messages made here. No message from the log is handed on with it: those start with refreshd's own. */
    static final String PREFIX = "transaction";

    private TransactionCodec() {}

    static byte[] encode(Captured.Transaction transaction) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(transaction.xid());
            out.writeLong(ChronoUnit.MICROS.between(Instant.EPOCH, transaction.committedAt()));
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
        return bytes.toByteArray();
    }

    static Captured.Transaction decode(byte[] content) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(content))) {
            long xid = in.readLong();
            Instant committedAt = Instant.EPOCH.plus(in.readLong(), ChronoUnit.MICROS);
            List<TableTally> tables = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                tables.add(readTally(in));
            }
            List<Signal> signals = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                signals.add(new Signal(read(in), read(in)));
            }
            return new Captured.Transaction(xid, committedAt, tables, signals);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(DataOutputStream out, TableTally tally) throws IOException {
        write(out, tally.table().schema());
        write(out, tally.table().name());
        for (Operation operation : Operation.values()) {
            out.writeLong(tally.rows().getOrDefault(operation, 0L));
        }
        out.writeBoolean(tally.columns().all());
        out.writeInt(tally.columns().names().size());
        for (String column : tally.columns().names()) {
            write(out, column);
        }
        write(out, tally.touched());
    }

    private static void write(DataOutputStream out, ChangedRows touched) throws IOException {
        out.writeBoolean(touched.known());
        if (!touched.known()) {
            return;
        }
        out.writeInt(touched.columns().size());
        for (String column : touched.columns()) {
            write(out, column);
        }
        out.writeInt(touched.values().size());
        for (List<@Nullable String> row : touched.values()) {
            for (String value : row) {
                out.writeBoolean(value != null);
                if (value != null) {
                    write(out, value);
                }
            }
        }
    }

    private static ChangedRows readTouched(DataInputStream in) throws IOException {
        if (!in.readBoolean()) {
            return ChangedRows.UNKNOWN;
        }
        List<String> columns = new ArrayList<>();
        for (int left = in.readInt(); left > 0; left--) {
            columns.add(read(in));
        }
        Set<List<@Nullable String>> values = new HashSet<>();
        for (int left = in.readInt(); left > 0; left--) {
            List<@Nullable String> row = new ArrayList<>(columns.size());
            for (int i = 0; i < columns.size(); i++) {
                row.add(in.readBoolean() ? read(in) : null);
            }
            values.add(row);
        }
        return new ChangedRows(true, columns, values);
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
        Set<String> columns = new HashSet<>();
        for (int left = in.readInt(); left > 0; left--) {
            columns.add(read(in));
        }
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
