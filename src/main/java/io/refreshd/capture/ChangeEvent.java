package io.refreshd.capture;

import com.fasterxml.jackson.core.JsonToken;
import io.refreshd.model.Lsn;
import io.refreshd.model.Operation;
import io.refreshd.model.Signal;
import io.refreshd.model.TableId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** One event of Debezium's PostgreSQL connector, as far as refreshd reads it. */
sealed interface ChangeEvent {

    /**
     * Where an event comes from.
     *
     * @param name the connector's {@code topic.prefix}
     * @param xid 32 bits of the transaction's id; empty for a message that belongs to no transaction
     * @param lsn everything that committed before this position stands before the event, if events are in the order of the log
     * @param lastCommit the end of the last transaction that the connector had handed over; empty: it has just begun, without an offset
     * @param committedAt by the server's clock
     */
    record Source(
            String name,
            String version,
            String database,
            OptionalLong xid,
            Lsn lsn,
            Optional<Lsn> lastCommit,
            Instant committedAt) {}

    /** Where the event comes from; empty if it does not say. */
    default Optional<Source> from() {
        return switch (this) {
            case Row row -> Optional.of(row.source());
            case OfTable other -> Optional.of(other.source());
            case Read read -> Optional.of(read.source());
            case Message message -> Optional.of(message.source());
            case Nothing ignored -> Optional.empty();
            case Undecodable ignored -> Optional.empty();
        };
    }

    /** A value of a row. @param text the token as JSON has it, a string without its quotes */
    record Field(JsonToken token, String text) {
        boolean isNull() {
            return token == JsonToken.VALUE_NULL;
        }
    }

    /**
     * A row that was inserted, updated or deleted.
     *
     * @param before the former row, or its key; for an UPDATE empty if the event has none
     * @param after empty for a DELETE
     */
    record Row(
            Source source,
            Operation operation,
            TableId table,
            Optional<Map<String, Field>> before,
            Optional<Map<String, Field>> after)
            implements ChangeEvent {}

    /** A TRUNCATE, or a row of which nothing can be read but its table. */
    record OfTable(Source source, Operation operation, TableId table) implements ChangeEvent {}

    /** A row that was read by a snapshot, before the connector streams. */
    record Read(Source source, TableId table) implements ChangeEvent {}

    /** A logical decoding message. @param signal empty if it is not one of refreshd's */
    record Message(Source source, Optional<Signal> signal) implements ChangeEvent {}

    /**
     * A tombstone, or an event that says nothing of changes: the bounds of a transaction, a heartbeat of the connector, a row that was
     * read by a snapshot beside the stream.
     */
    record Nothing() implements ChangeEvent {}

    /** A record that is no event, or cannot be read. @param reason without any content of the record */
    record Undecodable(String reason) implements ChangeEvent {}
}
