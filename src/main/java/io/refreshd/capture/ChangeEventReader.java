package io.refreshd.capture;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads events of Debezium's PostgreSQL connector from JSON, as Kafka Connect's {@code JsonConverter} writes it, with and without
 * schemas. Pure.
 *
 * <p>Invariant: no content makes the reader throw, and what it returns takes no more room than a small multiple of the record.
 */
final class ChangeEventReader {
    /** Bytes. The most that a connector sends by default is a megabyte. */
    static final int LARGEST = 64 * 1024 * 1024;

    /** Characters of base64. The longest body that refreshd writes has fifty bytes. */
    private static final int LONGEST_CONTENT = 400;

    private static final int LONGEST_KIND = 32;
    private static final JsonFactory JSON = new JsonFactory();

    private ChangeEventReader() {}

    /** What was found of an envelope, in whichever order its fields come. */
    private static final class Envelope {
        @Nullable String operation;

        @Nullable Map<String, ChangeEvent.Field> before;

        @Nullable Map<String, ChangeEvent.Field> after;

        Map<String, ChangeEvent.Field> source = Map.of();
        Map<String, ChangeEvent.Field> message = Map.of();
    }

    /** @param value null for a tombstone */
    static ChangeEvent read(byte @Nullable [] value) {
        if (value == null) {
            return new ChangeEvent.Nothing();
        }
        if (value.length > LARGEST) {
            return new ChangeEvent.Undecodable("larger than " + LARGEST + " bytes");
        }
        try (JsonParser parser = JSON.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return new ChangeEvent.Undecodable("not a JSON object");
            }
            Envelope envelope = new Envelope();
            read(parser, envelope, true);
            return parser.nextToken() == null
                    ? event(envelope)
                    : new ChangeEvent.Undecodable("more than one JSON value");
        } catch (IOException | RuntimeException e) {
            return new ChangeEvent.Undecodable("not JSON (" + e.getClass().getSimpleName() + ")");
        }
    }

    /** @param outermost whether the object may hold a schema and the event beside it */
    private static void read(JsonParser parser, Envelope envelope, boolean outermost) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            boolean object = token == JsonToken.START_OBJECT;
            switch (name) {
                case "op" -> envelope.operation = token == JsonToken.VALUE_STRING ? parser.getText() : "";
                case "before" -> envelope.before = object ? fields(parser) : null;
                case "after" -> envelope.after = object ? fields(parser) : null;
                case "source" -> envelope.source = object ? fields(parser) : Map.of();
                case "message" -> envelope.message = object ? fields(parser) : Map.of();
                case "payload" -> {
                    if (object && outermost) {
                        read(parser, envelope, false);
                    }
                }
                default -> parser.skipChildren();
            }
        }
    }

    private static Map<String, ChangeEvent.Field> fields(JsonParser parser) throws IOException {
        Map<String, ChangeEvent.Field> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            if (token.isStructStart()) {
                parser.skipChildren();
                fields.put(name, new ChangeEvent.Field(token, ""));
            } else {
                fields.put(name, new ChangeEvent.Field(token, parser.getText()));
            }
        }
        return fields;
    }

    private static ChangeEvent event(Envelope envelope) {
        if (envelope.operation == null) {
            // The connector's heartbeats and the bounds of transactions.
            return envelope.before == null && envelope.after == null
                    ? new ChangeEvent.Nothing()
                    : new ChangeEvent.Undecodable("an event without an operation");
        }
        if (!text(envelope.source, "connector").equals("postgresql")) {
            return new ChangeEvent.Undecodable("not an event of Debezium's PostgreSQL connector");
        }
        boolean read = envelope.operation.equals("r");
        if (read && text(envelope.source, "snapshot").startsWith("incremental")) {
            // It has no position.
            return new ChangeEvent.Nothing();
        }
        OptionalLong lsn = number(envelope.source, "lsn");
        Optional<TableId> table = table(envelope.source);
        Optional<ChangeEvent.Source> source =
                lsn.isPresent() ? source(envelope.source, lsn.getAsLong()) : Optional.empty();
        if (source.isEmpty()) {
            return new ChangeEvent.Undecodable("an event without a position or a time");
        }
        if (envelope.operation.equals("m")) {
            return new ChangeEvent.Message(source.get(), signal(envelope.message));
        }
        if (table.isEmpty()) {
            return new ChangeEvent.Undecodable("an event without a table");
        }
        if (read) {
            return new ChangeEvent.Read(source.get(), table.get());
        }
        return source.get().xid().isEmpty()
                ? new ChangeEvent.Undecodable("a change without a transaction")
                : change(envelope, source.get(), table.get());
    }

    private static ChangeEvent change(Envelope envelope, ChangeEvent.Source source, TableId table) {
        Optional<Map<String, ChangeEvent.Field>> before = Optional.ofNullable(envelope.before);
        Optional<Map<String, ChangeEvent.Field>> after = Optional.ofNullable(envelope.after);
        Operation operation = switch (String.valueOf(envelope.operation)) {
            case "c" -> Operation.INSERT;
            case "d" -> Operation.DELETE;
            case "t" -> Operation.TRUNCATE;
            default -> Operation.UPDATE;
        };
        boolean whole = switch (operation) {
            case INSERT -> after.isPresent();
            case DELETE -> before.isPresent();
            case UPDATE -> after.isPresent() && "u".equals(envelope.operation);
            case TRUNCATE -> false;
        };
        return whole
                ? new ChangeEvent.Row(source, operation, table, before, after)
                : new ChangeEvent.OfTable(source, operation, table);
    }

    private static Optional<ChangeEvent.Source> source(Map<String, ChangeEvent.Field> source, long lsn) {
        OptionalLong micros = number(source, "ts_us");
        OptionalLong millis = number(source, "ts_ms");
        if (micros.isEmpty() && millis.isEmpty()) {
            return Optional.empty();
        }
        Instant committedAt = micros.isPresent()
                ? Instant.EPOCH.plus(micros.getAsLong(), ChronoUnit.MICROS)
                : Instant.ofEpochMilli(millis.getAsLong());
        return Optional.of(new ChangeEvent.Source(
                text(source, "name"),
                text(source, "version"),
                text(source, "db"),
                number(source, "txId"),
                new Lsn(lsn),
                lastCommit(text(source, "sequence")),
                committedAt));
    }

    /** The first of two positions in an array that is written as a string: {@code ["24023119","24023128"]}. */
    private static Optional<Lsn> lastCommit(String sequence) {
        int end = sequence.indexOf('"', 2);
        return sequence.startsWith("[\"") && end > 2
                ? number(sequence.substring(2, end)).stream().mapToObj(Lsn::new).findFirst()
                : Optional.empty();
    }

    private static Optional<TableId> table(Map<String, ChangeEvent.Field> source) {
        String schema = text(source, "schema");
        String table = text(source, "table");
        return schema.isEmpty() || table.isEmpty() ? Optional.empty() : Optional.of(new TableId(schema, table));
    }

    private static Optional<Signal> signal(Map<String, ChangeEvent.Field> message) {
        String prefix = text(message, "prefix");
        String content = text(message, "content");
        if (!prefix.startsWith(Signal.PREFIX)
                || prefix.length() > Signal.PREFIX.length() + LONGEST_KIND
                || content.length() > LONGEST_CONTENT) {
            return Optional.empty();
        }
        try {
            String body = new String(Base64.getDecoder().decode(content), java.nio.charset.StandardCharsets.UTF_8);
            return Optional.of(new Signal(prefix.substring(Signal.PREFIX.length()), body));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    private static String text(Map<String, ChangeEvent.Field> fields, String name) {
        ChangeEvent.Field field = fields.get(name);
        return field == null || field.token() != JsonToken.VALUE_STRING ? "" : field.text();
    }

    private static OptionalLong number(Map<String, ChangeEvent.Field> fields, String name) {
        ChangeEvent.Field field = fields.get(name);
        return field == null || field.token() != JsonToken.VALUE_NUMBER_INT
                ? OptionalLong.empty()
                : number(field.text());
    }

    private static OptionalLong number(String digits) {
        try {
            return OptionalLong.of(Long.parseLong(digits));
        } catch (NumberFormatException tooLarge) {
            return OptionalLong.empty();
        }
    }
}
