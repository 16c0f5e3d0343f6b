package io.refreshd.capture;

import io.refreshd.model.Operation;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Writes the row of an event as pgoutput would have sent it, so that {@link RowCounter} counts rows of both sources. Pure.
 *
 * <p>A value whose text is not certain is written as a binary one, which nobody reads. It is equal to its other image only where two values
 * never share one form.
 */
final class RowTuples {
    private static final String UNAVAILABLE = "__debezium_unavailable_value";
    private static final String UNAVAILABLE_BYTES =
            Base64.getEncoder().encodeToString(UNAVAILABLE.getBytes(StandardCharsets.UTF_8));

    private static final byte[] OLD = {0};
    private static final byte[] NEW = {1};

    private final TableFacts facts;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private RowTuples(TableFacts facts) {
        this.facts = facts;
    }

    static ByteBuffer of(ChangeEvent.Row row, TableFacts facts) {
        RowTuples tuples = new RowTuples(facts);
        row.before()
                .filter(before -> row.operation() != Operation.INSERT)
                .ifPresent(before -> tuples.write(before, facts.full() ? 'O' : 'K'));
        row.after().ifPresent(after -> tuples.write(after, 'N'));
        return ByteBuffer.wrap(tuples.out.toByteArray());
    }

    private void write(Map<String, ChangeEvent.Field> row, char kind) {
        out.write(kind);
        List<TableFacts.Column> columns = facts.columns();
        out.write(columns.size() >>> 8);
        out.write(columns.size());
        for (TableFacts.Column column : columns) {
            ChangeEvent.Field field = row.get(column.name());
            if (kind == 'K' && !column.identity()) {
                out.write('n');
            } else if (field == null || column.kind() == ColumnKind.UNKNOWN || isUnavailable(field)) {
                value('b', kind == 'N' ? NEW : OLD);
            } else if (field.isNull()) {
                out.write('n');
            } else {
                column.kind()
                        .text(field)
                        .ifPresentOrElse(
                                text -> value('t', text.getBytes(StandardCharsets.UTF_8)),
                                () -> value('b', form(column.kind(), field, kind)));
            }
        }
    }

    /** A text column may hold the same words; then nothing is known of it either. */
    private static boolean isUnavailable(ChangeEvent.Field field) {
        return field.text().equals(UNAVAILABLE) || field.text().equals(UNAVAILABLE_BYTES);
    }

    private static byte[] form(ColumnKind kind, ChangeEvent.Field field, char image) {
        boolean comparable = kind == ColumnKind.COMPARABLE && !field.token().isStructStart();
        return comparable
                ? (field.token().name() + field.text()).getBytes(StandardCharsets.UTF_8)
                : image == 'N' ? NEW : OLD;
    }

    private void value(char form, byte[] bytes) {
        out.write(form);
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
        out.writeBytes(bytes);
    }
}
