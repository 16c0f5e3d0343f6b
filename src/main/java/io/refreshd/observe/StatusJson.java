package io.refreshd.observe;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Writes the status as JSON: durations in seconds, instants in ISO 8601, phases as in the labels of metrics, WAL positions as PostgreSQL
 * writes them. Pure.
 *
 * <p>Invariant: every field is always there; an unknown value is {@code null}.
 */
final class StatusJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private StatusJson() {}

    /** @param reasons why views may be staler than their target lag; some of them do not make the daemon unready */
    static String status(DaemonStatus status, boolean ready, List<String> reasons, Instant now) {
        ObjectNode root = NODES.objectNode().put("at", now.toString()).put("ready", ready);
        root.set("reasons", strings(reasons));
        root.set("stream", stream(status.stream(), now));
        ArrayNode views = root.putArray("views");
        status.views().forEach(view -> views.add(view(view, now)));
        ArrayNode tables = root.putArray("tables");
        status.tables().forEach(table -> tables.add(table(table)));
        return text(root);
    }

    /** Result of a health check and its reasons. */
    static String verdict(String word, List<String> reasons) {
        ObjectNode root = NODES.objectNode().put("status", word);
        root.set("reasons", strings(reasons));
        return text(root);
    }

    static String error(String message) {
        return text(NODES.objectNode().put("error", message));
    }

    private static ObjectNode stream(StreamStatus stream, Instant now) {
        ObjectNode node = NODES.objectNode().put("phase", stream.phase().word());
        putInstant(node, "lastMessage", stream.lastMessage());
        putSeconds(node, "lastMessageAgeSeconds", stream.lastMessage().map(at -> age(at, now)));
        return putPosition(node, "routed", stream.routed()).put("detail", stream.detail());
    }

    private static ObjectNode view(ViewStatus view, Instant now) {
        ObjectNode node = NODES.objectNode()
                .put("view", view.view().toString())
                .put("schema", view.view().schema())
                .put("name", view.view().name())
                .put("phase", view.phase().word())
                .put("method", MetricNames.labelValue(view.method()));
        putSeconds(node, "stalenessSeconds", Optional.of(view.staleness(now)));
        putSeconds(node, "targetLagSeconds", Optional.of(view.timing().targetLag()));
        putSeconds(node, "quietPeriodSeconds", Optional.of(view.timing().quietPeriod()));
        putSeconds(node, "maxStalenessSeconds", view.timing().maxStaleness());
        node.put("window", view.timing().window().map(Object::toString).orElse(null));
        node.put("schedule", view.timing().schedule().map(Object::toString).orElse(null));
        putInstant(node, "oldestMissing", view.oldestMissing());
        putPosition(node, "watermark", view.watermark());
        putInstant(node, "commitTime", view.commitTime());
        putInstant(node, "refreshedAt", view.refreshedAt());
        putSeconds(node, "lastDurationSeconds", view.lastDuration());
        putInstant(node, "refreshingSince", view.refreshingSince());
        node.put("refreshes", view.refreshes()).put("failuresInARow", view.failuresInARow());
        return putReason(node, view.reason());
    }

    private static ObjectNode table(TableStatus table) {
        ObjectNode node = NODES.objectNode()
                .put("table", table.table().toString())
                .put("schema", table.table().schema())
                .put("name", table.table().name())
                .put("captured", table.notCaptured().isEmpty());
        return putReason(node, table.notCaptured());
    }

    private static ObjectNode putReason(ObjectNode node, Optional<Obstacle> reason) {
        reason.ifPresentOrElse(
                obstacle -> node.putObject("reason")
                        .put("what", obstacle.what())
                        .set("remedy", PlainJson.remedy(obstacle.remedy())),
                () -> node.putNull("reason"));
        return node;
    }

    private static ObjectNode putPosition(ObjectNode node, String field, Optional<Lsn> position) {
        return node.put(field, position.map(Lsn::toString).orElse(null));
    }

    private static void putInstant(ObjectNode node, String field, Optional<Instant> instant) {
        node.put(field, instant.map(Instant::toString).orElse(null));
    }

    private static void putSeconds(ObjectNode node, String field, Optional<Duration> duration) {
        node.put(field, duration.map(d -> d.toNanos() / 1e9).orElse(null));
    }

    private static Duration age(Instant then, Instant now) {
        Duration age = Duration.between(then, now);
        return age.isNegative() ? Duration.ZERO : age;
    }

    private static ArrayNode strings(List<String> values) {
        ArrayNode array = NODES.arrayNode();
        values.forEach(array::add);
        return array;
    }

    private static String text(ObjectNode node) {
        return PlainJson.indented(node);
    }
}
