package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The events are as Debezium 3.6.1 wrote them to a topic. */
class ChangeEventDecoderTest {
    private static final TableId T = new TableId("public", "t");
    private static final Interest ROLE_BY_ID = new Interest(List.of("id"), Set.of("role"), Set.of());
    private static final Snapshot PRESENT = Snapshot.parse("1000:1000:");

    private static final TableFacts DEFAULT_IDENTITY = facts(false);
    private static final TableFacts FULL = facts(true);

    private final ChangeEventDecoder decoder = new ChangeEventDecoder(table -> ROLE_BY_ID);

    private static TableFacts facts(boolean full) {
        return new TableFacts(
                List.of(
                        new TableFacts.Column("id", ColumnKind.INTEGER, true),
                        new TableFacts.Column("role", ColumnKind.TEXT, false),
                        new TableFacts.Column("at", ColumnKind.COMPARABLE, false),
                        new TableFacts.Column("shape", ColumnKind.UNKNOWN, false)),
                full,
                "1",
                new Lsn(100),
                PRESENT);
    }

    private static String source(String xid, long lsn) {
        return "{\"version\":\"3.6.1.Final\",\"connector\":\"postgresql\",\"name\":\"p\",\"ts_ms\":1796032472788,\"snapshot\":\"false\","
                + "\"db\":\"app\",\"sequence\":\"[\\\"28900040\\\",\\\"28900136\\\"]\",\"ts_us\":1796032472788387,"
                + "\"ts_ns\":1796032472788387000,\"schema\":\"public\",\"table\":\"t\",\"txId\":" + xid + ",\"lsn\":"
                + lsn
                + ",\"xmin\":null,\"origin\":null,\"origin_lsn\":null}";
    }

    private static String event(String op, String before, String after, String source) {
        return "{\"before\":" + before + ",\"after\":" + after + ",\"source\":" + source
                + ",\"transaction\":null,\"op\":\"" + op + "\",\"ts_ms\":1796032475085}";
    }

    private static String event(String op, String before, String after) {
        return event(op, before, after, source("763", 28900136));
    }

    private static String row(int id, String role, String at) {
        return "{\"id\":" + id + ",\"role\":\"" + role + "\",\"at\":" + at + ",\"shape\":\"0101\"}";
    }

    private static ChangeEvent read(String json) {
        return ChangeEventReader.read(json.getBytes(StandardCharsets.UTF_8));
    }

    private List<Captured.Transaction> decode(TableFacts facts, String... events) {
        decoder.begin(Map.of(T, facts));
        for (String event : events) {
            decoder.accept(read(event));
        }
        return decoder.take().transactions();
    }

    private TableTally one(TableFacts facts, String... events) {
        List<Captured.Transaction> transactions = decode(facts, events);
        assertThat(transactions).hasSize(1);
        assertThat(transactions.getFirst().tables()).hasSize(1);
        return transactions.getFirst().tables().getFirst();
    }

    @Test
    void readsAnEventWithItsSchemaAsWithoutIt() {
        String bare = event("c", "null", row(1, "a", "5"));
        String withSchema =
                "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"field\":\"op\"}],\"name\":\"payload\"},"
                        + "\"payload\":" + bare + "}";
        assertThat(read(withSchema)).isEqualTo(read(bare)).isInstanceOf(ChangeEvent.Row.class);
        assertThat(one(FULL, withSchema).touched().keys()).contains(Set.of(List.of("1")));
    }

    @Test
    void aTransactionHasItsIdItsTimeAndItsRows() {
        Captured.Transaction transaction = decode(
                        DEFAULT_IDENTITY,
                        event("c", "null", row(1, "a", "5")),
                        event("c", "null", row(2, "b", "5")),
                        event("d", "{\"id\":3,\"role\":\"\",\"at\":0,\"shape\":null}", "null"))
                .getFirst();
        assertThat(transaction.xids()).containsExactly(763L);
        assertThat(transaction.last()).isEqualTo(Instant.parse("2026-11-30T09:54:32.788387Z"));
        TableTally tally = transaction.tables().getFirst();
        assertThat(tally.rows()).isEqualTo(Map.of(Operation.INSERT, 2L, Operation.DELETE, 1L));
        assertThat(tally.touched().keys()).contains(Set.of(List.of("1"), List.of("2"), List.of("3")));
    }

    /** What Debezium writes for columns of which only the key was logged looks like values. */
    @Test
    void takesNoValueFromAFormerRowThatIsNotWhole() {
        String delete = event("d", "{\"id\":1,\"role\":\"dd\",\"at\":0,\"shape\":null}", "null");
        assertThat(one(DEFAULT_IDENTITY, delete).touched().values()).isEmpty();
        assertThat(one(FULL, delete).touched().values("role")).contains(Set.of("dd"));
    }

    @Test
    void comparesWholeFormerRows() {
        assertThat(one(FULL, event("u", row(1, "a", "5"), row(1, "b", "5")))
                        .columns()
                        .names())
                .as("the column of a type that is not known may have changed too")
                .containsExactlyInAnyOrder("role", "shape");
        assertThat(one(FULL, event("u", row(1, "a", "5"), row(1, "a", "6")))
                        .columns()
                        .names())
                .containsExactlyInAnyOrder("at", "shape");
        assertThat(one(DEFAULT_IDENTITY, event("u", "null", row(1, "a", "5"))).columns())
                .isEqualTo(ChangedColumns.ALL);
    }

    @Test
    void anEmptyTextIsNotNull() {
        assertThat(one(FULL, event("u", row(1, "", "5"), row(1, "", "5").replace("\"\"", "null")))
                        .columns()
                        .names())
                .contains("role");
        assertThat(one(FULL, event("c", "null", row(1, "", "5"))).touched().values("role"))
                .contains(Set.of(""));
    }

    @Test
    void ofAValueThatIsNotSentNothingIsKnown() {
        TableTally tally = one(FULL, event("u", row(1, "a", "5"), row(1, "__debezium_unavailable_value", "5")));
        assertThat(tally.columns().names()).contains("role");
        assertThat(tally.touched().values("role")).isEmpty();
    }

    @Test
    void aRowThatWasWrittenBeforeTheFactsWereKnownCountsByItsTable() {
        TableTally tally = one(FULL, event("c", "null", row(1, "a", "5"), source("763", 100)));
        assertThat(tally)
                .isEqualTo(new TableTally(T, Map.of(Operation.INSERT, 1L), ChangedColumns.ALL, ChangedRows.UNKNOWN));
    }

    /** Its transaction may have altered the table, and the catalog does not show that yet. */
    @Test
    void aRowWhoseTransactionIsNotVisibleCountsByItsTable() {
        assertThat(one(FULL, event("c", "null", row(1, "a", "5"), source("1000", 28900136)))
                        .touched())
                .isEqualTo(ChangedRows.UNKNOWN);
    }

    @Test
    void oneRowThatIsNotReadMakesAllOfItsTableUnknown() {
        TableTally tally =
                one(FULL, event("u", row(1, "a", "5"), row(1, "b", "5")), event("u", row(1, "a", "5"), "null"));
        assertThat(tally)
                .isEqualTo(new TableTally(T, Map.of(Operation.UPDATE, 2L), ChangedColumns.ALL, ChangedRows.UNKNOWN));
    }

    @Test
    void countsATruncateAndLeavesOutTombstones() {
        assertThat(one(FULL, event("t", "null", "null")))
                .isEqualTo(new TableTally(T, Map.of(Operation.TRUNCATE, 1L), ChangedColumns.ALL));
        assertThat(ChangeEventReader.read(null)).isEqualTo(new ChangeEvent.Nothing());
    }

    @Test
    void aRowWithoutAColumnOfTheTableSaysNothingAboutIt() {
        TableTally tally = one(FULL, event("u", "{\"id\":1}", "{\"id\":1}"));
        assertThat(tally.columns().names()).containsExactlyInAnyOrder("role", "at", "shape");
        assertThat(tally.touched().values("role")).isEmpty();
    }

    @Test
    void givesTheSignalsOfRefreshdAndNoOthers() {
        String message = "{\"op\":\"m\",\"ts_ms\":1,\"source\":" + source("null", 28900136)
                + ",\"transaction\":null,\"message\":{\"prefix\":\"%s\",\"content\":\"%s\"}}";
        assertThat(decode(FULL, message.formatted("refreshd:heartbeat", "Ym9keQ==")))
                .flatExtracting(Captured.Transaction::signals)
                .containsExactly(new Signal("heartbeat", "body"));
        assertThat(decode(FULL, message.formatted("other", "Ym9keQ=="))).isEmpty();
        assertThat(decode(FULL, message.formatted("refreshd:heartbeat", "no base64!")))
                .isEmpty();
        assertThat(decode(FULL, message.formatted("refreshd:heartbeat", "Ym9k".repeat(1_000))))
                .isEmpty();
    }

    @Test
    void tellsTheRowsOfASnapshotApart() {
        String snapshot = source("763", 28900136).replace("\"snapshot\":\"false\"", "\"snapshot\":\"%s\"");
        ChangeEvent first = read(event("r", "null", row(1, "a", "5"), snapshot.formatted("first")));
        assertThat(first).isInstanceOf(ChangeEvent.Read.class);
        // As Debezium 3.6 writes it.
        String beside = snapshot.formatted("incremental").replace("28900136", "null");
        assertThat(read(event("r", "null", row(1, "a", "5"), beside))).isInstanceOf(ChangeEvent.Nothing.class);
    }

    @Test
    void readsPositions() {
        ChangeEvent.Row row = (ChangeEvent.Row) read(event("c", "null", row(1, "a", "5")));
        assertThat(row.source().lsn()).isEqualTo(new Lsn(28900136));
        assertThat(row.source().lastCommit()).contains(new Lsn(28900040));
        String begun = source("763", 28900136).replace("[\\\"28900040\\\"", "[null");
        assertThat(((ChangeEvent.Row) read(event("c", "null", row(1, "a", "5"), begun)))
                        .source()
                        .lastCommit())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "INTEGER, -7, -7",
                "INTEGER, 7.0,",
                "INTEGER, \"7\",",
                "TEXT, \"a\", a",
                "TEXT, 7,",
                "BOOLEAN, true, t",
                "BOOLEAN, false, f",
                "BOOLEAN, 1,",
                "UUID, \"5b0ec3e0-0000-4000-8000-00000000000a\", 5b0ec3e0-0000-4000-8000-00000000000a",
                "UUID, \"5B0EC3E0-0000-4000-8000-00000000000A\",",
                "NUMERIC, \"1.5000\", 1.5000",
                "NUMERIC, 1.5,",
                "NUMERIC, \"NAN\",",
                "NUMERIC, \"1E-9\",",
                "DATE, 19000, 2022-01-08",
                "DATE, -719162, 0001-01-01",
                "DATE, -735160,",
                "DATE, -2147472692,",
                "DATE, 99999999999999999999,",
                "DATE, \"2022-01-08\",",
                "COMPARABLE, \"a\",",
                "UNKNOWN, \"a\",",
            })
    void onlyCertainTextsAreTaken(ColumnKind kind, String json, String text) {
        ChangeEvent.Row row = (ChangeEvent.Row) read(event("c", "null", "{\"x\":" + json + "}"));
        assertThat(kind.text(row.after().orElseThrow().get("x"))).isEqualTo(Optional.ofNullable(text));
    }

    @Test
    void whatIsNoEventIsUndecodable() {
        for (String json : List.of(
                "",
                "{",
                "[]",
                "17",
                "{} {}",
                "{\"op\":\"c\"}",
                event("c", "null", row(1, "a", "5")).replace("postgresql", "mysql"),
                event("c", "null", row(1, "a", "5"), source("null", 28900136)),
                event("c", "null", row(1, "a", "5")).replace("\"lsn\":28900136", "\"lsn\":null"),
                event("c", "null", row(1, "a", "5")).replace("\"table\":\"t\"", "\"table\":null"),
                "{\"before\":null,\"after\":" + row(1, "a", "5") + "}",
                "[".repeat(100_000))) {
            assertThat(read(json)).as(json.length() > 200 ? "deep" : json).isInstanceOf(ChangeEvent.Undecodable.class);
        }
        assertThat(ChangeEventReader.read(new byte[ChangeEventReader.LARGEST + 1]))
                .isInstanceOf(ChangeEvent.Undecodable.class);
    }

    @Test
    void anOperationThatIsNotKnownCountsByItsTable() {
        assertThat(one(FULL, event("z", row(1, "a", "5"), row(1, "b", "5"))).touched())
                .isEqualTo(ChangedRows.UNKNOWN);
    }

    @Test
    void noBytesMakeItThrow() {
        long seed = 20261130;
        Random random = new Random(seed);
        byte[] event = event("u", row(1, "a", "5"), row(1, "b", "5")).getBytes(StandardCharsets.UTF_8);
        decoder.begin(Map.of(T, FULL));
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = java.util.Arrays.copyOf(event, random.nextInt(event.length) + 1);
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            decoder.accept(ChangeEventReader.read(bytes));
        }
        decoder.take();
    }
}
