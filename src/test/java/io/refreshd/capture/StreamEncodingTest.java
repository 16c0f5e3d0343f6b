package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.model.TableId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A stream whose names and values are in the encoding of the database. */
class StreamEncodingTest {
    private static final byte ODD = (byte) 0x81;

    private final List<TableId> asked = new ArrayList<>();
    private final StreamDecoder decoder = new StreamDecoder(
            table -> {
                asked.add(table);
                return new Interest(List.of("id"), Set.of("id"), Set.of());
            },
            StreamEncoding.ofDatabase(name ->
                    name[0] == ODD ? Optional.empty() : Optional.of(new String(name, StandardCharsets.ISO_8859_1))));

    private void send(ByteBuffer message) {
        assertThat(decoder.accept(message.flip())).isEmpty();
    }

    /** Announces a table with the one column {@code id}, and inserts a row. */
    private void insert(int oid, byte... name) {
        ByteBuffer relation = ByteBuffer.allocate(100).put((byte) 'R').putInt(oid);
        relation.put("s".getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
        relation.put(name).put((byte) 0).put((byte) 'd').putShort((short) 1);
        relation.put((byte) 1).put("id".getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
        send(relation.putInt(25).putInt(-1));
        send(ByteBuffer.allocate(20)
                .put((byte) 'I')
                .putInt(oid)
                .put((byte) 'N')
                .putShort((short) 1)
                .put((byte) 't')
                .putInt(1)
                .put(ODD));
    }

    private List<TableTally> commit() {
        ByteBuffer commit = ByteBuffer.allocate(26).put(0, (byte) 'C');
        return ((Captured.Transaction) decoder.accept(commit).orElseThrow()).tables();
    }

    @Test
    void aNameIsThatOfTheCatalogOrNoTables() {
        send(ByteBuffer.allocate(21).put((byte) 'B').putLong(0).putLong(0).putInt(7));
        insert(1, (byte) 't');
        insert(2, (byte) 0xe4);
        insert(3, ODD);
        insert(4, ODD);
        List<TableId> tables = commit().stream().map(TableTally::table).toList();
        assertThat(tables)
                .startsWith(new TableId("s", "t"), new TableId("s", "ä"))
                .hasSize(4)
                .doesNotHaveDuplicates();
        assertThat(tables.subList(2, 4))
                .allSatisfy(table -> assertThat(table.name())
                        .as("no name of PostgreSQL is so long")
                        .hasSizeGreaterThan(63));
        assertThat(asked).containsExactlyElementsOf(tables);
    }

    /** The catalog's values are in UTF-8, so that these could be taken for others. */
    @Test
    void noValueIsRemembered() {
        send(ByteBuffer.allocate(21).put((byte) 'B').putLong(0).putLong(0).putInt(7));
        insert(1, (byte) 't');
        ChangedRows rows = commit().getFirst().touched();
        assertThat(rows.keys()).isEmpty();
        assertThat(rows.values()).isEmpty();
    }
}
