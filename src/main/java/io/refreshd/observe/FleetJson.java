package io.refreshd.observe;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/** Writes what is known of all databases as JSON. Each database that is served has the whole status at {@code url}. Pure. */
final class FleetJson {
    private FleetJson() {}

    static String status(List<DatabaseSummary> all, Instant now) {
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("at", now.toString());
        ArrayNode databases = root.putArray("databases");
        for (DatabaseSummary one : all) {
            ObjectNode node = databases
                    .addObject()
                    .put("database", one.name())
                    .put("served", one.isServed())
                    .put("state", one.state())
                    .put("ready", one.ready())
                    .put("reason", one.reason().orElse(null))
                    .put("moreReasons", one.moreReasons())
                    .put("stalenessSeconds", one.staleness().toNanos() / 1e9)
                    .put("restarts", one.restarts());
            ObjectNode views = node.putObject("views");
            one.views().forEach((phase, count) -> views.put(phase.word(), count));
            node.put("url", one.isServed() ? FleetEndpoints.DATABASES + one.name() + "/status" : null);
        }
        return PlainJson.indented(root);
    }
}
