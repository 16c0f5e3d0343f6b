package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StreamDecoderTest {
    private static final TableId T = new TableId("public", "t");
    private static final String NULL = "(null)";
    private final List<Interest> interests = new ArrayList<>(List.of(Interest.NONE));
    private int asked;
    private final StreamDecoder decoder = new StreamDecoder(
            table -> {
                asked++;
                return interests.getLast();
            },
            StreamEncoding.UTF8);

    private interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    private Optional<Captured> send(char type, Body body) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(type);
            body.write(out);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return decoder.accept(ByteBuffer.wrap(bytes.toByteArray()));
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.writeByte(0);
    }

    private void relation(int oid, String name, String... columns) {
        assertThat(send('R', out -> {
                    out.writeInt(oid);
                    text(out, "public");
                    text(out, name);
                    out.writeByte('d');
                    out.writeShort(columns.length);
                    for (String column : columns) {
                        out.writeByte(0);
                        text(out, column);
                        out.writeInt(25);
                        out.writeInt(-1);
                    }
                }))
                .isEmpty();
    }

    private void begin(int xid) {
        assertThat(send('B', out -> {
                    out.writeLong(0);
                    out.writeLong(0);
                    out.writeInt(xid);
                }))
                .isEmpty();
    }

    private Captured.Transaction commit() {
        return (Captured.Transaction) send('C', out -> {
                    out.writeByte(0);
                    out.writeLong(0);
                    out.writeLong(0);
                    out.writeLong(1_000_001);
                })
                .orElseThrow();
    }

    /** @param values {@link #NULL} for a null, "~" for a TOAST value that did not change */
    private static void tuple(DataOutputStream out, char kind, String... values) throws IOException {
        out.writeByte(kind);
        out.writeShort(values.length);
        for (String value : values) {
            if (value.equals(NULL)) {
                out.writeByte('n');
            } else if (value.equals("~")) {
                out.writeByte('u');
            } else {
                out.writeByte('t');
                byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
                out.writeInt(bytes.length);
                out.write(bytes);
            }
        }
    }

    private ChangedColumns update(char oldKind, String[] before, String[] after) {
        begin(1);
        relation(7, "t", "id", "a", "b");
        sendUpdate(oldKind, before, after);
        return commit().tables().getFirst().columns();
    }

    private void sendUpdate(char oldKind, String[] before, String[] after) {
        send('U', out -> {
            out.writeInt(7);
            if (oldKind != ' ') {
                tuple(out, oldKind, before);
            }
            tuple(out, 'N', after);
        });
    }

    private void sendInsert(String... values) {
        send('I', out -> {
            out.writeInt(7);
            tuple(out, 'N', values);
        });
    }

    private static String[] row(String... values) {
        return values;
    }

    @Test
    void comparesWholeOldRows() {
        assertThat(update('O', row("1", "x", NULL), row("1", "x", NULL))).isEqualTo(ChangedColumns.NONE);
        assertThat(update('O', row("1", "x", NULL), row("1", "y", ""))).isEqualTo(ChangedColumns.of(Set.of("a", "b")));
        assertThat(update('O', row("1", "x", "null"), row("1", "x", NULL))).isEqualTo(ChangedColumns.of(Set.of("b")));
        assertThat(update('O', row("1", "long", "y"), row("2", "~", "y"))).isEqualTo(ChangedColumns.of(Set.of("id")));
    }

    @Test
    void trustsNoOtherOldRows() {
        assertThat(update(' ', row(), row("1", "x", NULL))).isEqualTo(ChangedColumns.ALL);
        assertThat(update('K', row("1", NULL, NULL), row("2", NULL, NULL))).isEqualTo(ChangedColumns.ALL);
    }

    @Test
    void asksForAnInterestOnceUntilInterestsAreForgotten() {
        update('O', row("1", "x", "y"), row("1", "x", "z"));
        begin(2);
        sendInsert("2", "x", "y");
        assertThat(commit().tables().getFirst().touched().keys()).isEmpty();
        assertThat(asked).isOne();

        interests.add(new Interest(List.of("id"), Set.of(), Set.of()));
        decoder.forgetInterests();
        begin(3);
        sendInsert("3", "x", "y");
        assertThat(commit().tables().getFirst().touched().keys()).contains(Set.of(List.of("3")));
        assertThat(asked).isEqualTo(2);
    }

    @Test
    void readsATableByTheColumnsThatWereAnnouncedLast() {
        update('O', row("1", "x", "y"), row("1", "x", "z"));
        begin(2);
        relation(7, "t", "id", "c");
        sendUpdate('O', row("1", "x"), row("1", "y"));
        assertThat(commit().tables().getFirst().columns()).isEqualTo(ChangedColumns.of(Set.of("c")));
    }

    @Test
    void addsUpATransaction() {
        begin(-2);
        relation(7, "t", "id");
        relation(8, "u", "id");
        for (int i = 0; i < 1_000; i++) {
            send('I', out -> out.writeInt(7));
        }
        send('D', out -> out.writeInt(8));
        send('T', out -> {
            out.writeInt(2);
            out.writeByte(0);
            out.writeInt(7);
            out.writeInt(8);
        });
        Captured.Transaction transaction = commit();
        assertThat(transaction.xids()).containsExactly(0xFFFF_FFFEL);
        assertThat(transaction.last()).isEqualTo(Instant.parse("2000-01-01T00:00:01.000001Z"));
        assertThat(transaction.tables())
                .containsExactly(
                        new TableTally(T, Map.of(Operation.INSERT, 1_000L, Operation.TRUNCATE, 1L), ChangedColumns.ALL),
                        new TableTally(
                                new TableId("public", "u"),
                                Map.of(Operation.DELETE, 1L, Operation.TRUNCATE, 1L),
                                ChangedColumns.ALL));
        begin(3);
        assertThat(commit().isEmpty()).as("nothing is carried over").isTrue();
    }

    @Test
    void invalidatesColumnsThatWereRenamedMidway() {
        begin(1);
        relation(7, "t", "id", "a");
        sendUpdate('O', row("1", "x"), row("1", "y"));
        relation(7, "t", "id", "c");
        assertThat(commit().tables().getFirst().columns()).isEqualTo(ChangedColumns.ALL);
    }

    private Optional<Captured> message(int flags, String prefix, String content) {
        return send('M', out -> {
            out.writeByte(flags);
            out.writeLong(99);
            text(out, prefix);
            byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length);
            out.write(bytes);
        });
    }

    @Test
    void givesASignalWhenItsTransactionCommits() {
        assertThat(message(0, "refreshd:heartbeat", "1")).contains(new Captured.Message(new Signal("heartbeat", "1")));
        assertThat(message(0, "other", "1")).isEmpty();
        begin(1);
        assertThat(message(1, "refreshd:fence", "ü")).isEmpty();
        Captured.Transaction transaction = commit();
        assertThat(transaction.signals()).containsExactly(new Signal("fence", "ü"));
    }

    @Test
    void aMillionSignalsOfATransactionTakeNoRoom() {
        begin(1);
        for (int i = 0; i < 1_000_000; i++) {
            assertThat(message(1, "refreshd:request", "")).isEmpty();
        }
        assertThat(commit().signals()).containsExactly(new Signal("request", ""));
        begin(2);
        for (int i = 0; i < 1_000_000; i++) {
            message(1, "refreshd:fence", Integer.toString(i));
            message(1, "other", "x");
        }
        assertThat(commit().signals()).hasSize(1_000);
    }

    /** Each table is bounded by itself, and there may be thousands of partitions. */
    @Test
    void theRowsOfAllTablesOfATransactionShareOneRoom() {
        interests.add(new Interest(List.of("id"), Set.of(), Set.of("ignored")));
        String suffix = "x".repeat(240);
        begin(1);
        for (int table = 0; table < 200; table++) {
            int oid = 100 + table;
            relation(oid, "p" + table, "id");
            for (int row = 0; row < 500; row++) {
                String key = row + suffix;
                send('I', out -> {
                    out.writeInt(oid);
                    tuple(out, 'N', key);
                });
            }
        }
        List<TableTally> tables = commit().tables();
        assertThat(tables).hasSize(200);
        assertThat(tables.stream()
                        .flatMap(tally -> tally.touched().keys().stream())
                        .flatMap(Set::stream)
                        .mapToLong(key -> key.getFirst().length())
                        .sum())
                .isBetween(RowRoom.MOST / 4, RowRoom.MOST);
        begin(2);
        send('I', out -> {
            out.writeInt(299);
            tuple(out, 'N', "1");
        });
        assertThat(commit().tables().getFirst().touched().keys())
                .as("each transaction has room of its own")
                .contains(Set.of(List.of("1")));
    }

    @Test
    void noMoreThanAThousandValuesOfAColumnAreRemembered() {
        interests.add(new Interest(List.of(), Set.of("role"), Set.of("role")));
        relation(7, "t", "id", "role");
        for (int values : new int[] {ChangedRows.LIMIT, ChangedRows.LIMIT + 1}) {
            begin(1);
            for (int i = 0; i < values; i++) {
                String role = "r" + i;
                send('I', out -> {
                    out.writeInt(7);
                    tuple(out, 'N', "1", role);
                });
            }
            assertThat(commit().tables().getFirst().touched().values().containsKey("role"))
                    .as("%d values", values)
                    .isEqualTo(values == ChangedRows.LIMIT);
        }
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThatThrownBy(() -> send('S', out -> {})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> send('I', out -> out.writeInt(42))).isInstanceOf(IllegalStateException.class);
    }
}
