package io.refreshd.capture;

import io.refreshd.config.TopicPattern;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What refreshd relies on in the settings of a Debezium connector. Pure.
 *
 * <p>Invariant: with settings that pass, the topics hold every change of every table of the publication, and each value as the decoder
 * expects it.
 */
final class ConnectorContract {
    /** What a setting has to be, where its default will not do. */
    private record Rule(String name, Set<String> allowed, boolean mayBeAbsent, String why) {}

    private static final String LOSES = "changes would be missing in the topics";
    private static final String VALUES = "values would be decoded wrongly";

    private static final List<Rule> RULES = List.of(
            new Rule(
                    "connector.class",
                    Set.of("io.debezium.connector.postgresql.PostgresConnector"),
                    false,
                    "refreshd reads events of this connector alone"),
            new Rule("plugin.name", Set.of("pgoutput"), false, "refreshd relies on the publication of pgoutput"),
            new Rule("skipped.operations", Set.of("none"), false, "TRUNCATE is left out by default"),
            new Rule("decimal.handling.mode", Set.of("string"), false, VALUES),
            new Rule("time.precision.mode", Set.of("adaptive", "adaptive_time_microseconds"), true, VALUES),
            new Rule("binary.handling.mode", Set.of("bytes", "base64"), true, "signals of refreshd could not be read"),
            new Rule("field.name.adjustment.mode", Set.of("none"), true, VALUES),
            new Rule("unavailable.value.placeholder", Set.of("__debezium_unavailable_value"), true, VALUES),
            new Rule("event.processing.failure.handling.mode", Set.of("fail"), true, LOSES),
            new Rule("errors.tolerance", Set.of("none"), true, LOSES),
            new Rule("lsn.flush.mode", Set.of("connector"), true, "the slot could pass changes that no topic holds"),
            new Rule(
                    "snapshot.mode",
                    Set.of("always", "initial", "no_data", "never", "when_needed"),
                    true,
                    "nobody would see where the connector begins"),
            new Rule("slot.drop.on.stop", Set.of("false"), true, LOSES),
            new Rule("publish.via.partition.root", Set.of("false"), true, "partitions are captured by their own names"),
            new Rule(
                    "producer.override.acks",
                    Set.of("all", "-1"),
                    true,
                    "the slot could pass changes that no topic holds"),
            new Rule(
                    "producer.override.max.in.flight.requests.per.connection",
                    Set.of("1"),
                    true,
                    "records could change places"),
            new Rule("producer.override.compression.type", Set.of("none", "gzip"), true, "refreshd has no other codec"),
            new Rule(
                    "key.converter",
                    Set.of("org.apache.kafka.connect.json.JsonConverter"),
                    true,
                    "refreshd reads JSON"),
            new Rule(
                    "value.converter",
                    Set.of("org.apache.kafka.connect.json.JsonConverter"),
                    true,
                    "refreshd reads JSON"));

    /** Settings that leave out or alter what refreshd needs. */
    private static final Pattern FORBIDDEN = Pattern.compile(
            "(table|schema|column|message\\.prefix)\\.(include|exclude)\\.list|snapshot\\.(include|select)\\..*|column\\.(mask|truncate)\\..*|converters|predicates|post\\.processors|slot\\.stream\\.params|producer\\.override\\.interceptor\\.classes|topic\\.(naming\\.strategy|delimiter)");

    /** The settings of a transform that lets all events go to one topic, and nothing else. */
    private record Router(String regex, String replacement) {}

    private static final Map<String, Router> ROUTERS = Map.of(
            "org.apache.kafka.connect.transforms.RegexRouter", new Router("regex", "replacement"),
            "io.debezium.transforms.ByLogicalTableRouter", new Router("topic.regex", "topic.replacement"));

    private ConnectorContract() {}

    /**
     * @param capture names slot, publication and database
     * @param topics the topics that are read
     */
    static List<Obstacle> obstacles(Map<String, String> connector, CaptureSettings capture, TopicPattern topics) {
        List<Obstacle> obstacles = new ArrayList<>();
        RULES.forEach(rule -> check(connector, rule, obstacles));
        same(connector, "slot.name", "debezium", capture.slot(), "capture.slot", obstacles);
        same(connector, "publication.name", "dbz_publication", capture.publication(), "capture.publication", obstacles);
        same(connector, "database.dbname", "", capture.server().database(), "database.url", obstacles);
        if (connector.getOrDefault("topic.prefix", "").isBlank()) {
            obstacles.add(new Obstacle("the connector has no topic.prefix", Remedy.text("set topic.prefix")));
        }
        for (String name : new TreeMap<>(connector).keySet()) {
            if (FORBIDDEN.matcher(name).matches()) {
                obstacles.add(new Obstacle(
                        "the connector's " + name + " may leave out or alter what views read",
                        Remedy.text("remove " + name + "; the publication decides which tables are captured")));
            }
        }
        topics(connector, topics, obstacles);
        return obstacles;
    }

    private static void check(Map<String, String> connector, Rule rule, List<Obstacle> obstacles) {
        String value = connector.get(rule.name());
        if (value == null ? !rule.mayBeAbsent() : !rule.allowed().contains(value.strip())) {
            obstacles.add(new Obstacle(
                    "the connector's " + rule.name() + " is " + (value == null ? "not set" : shown(value)) + ": "
                            + rule.why(),
                    Remedy.text("set " + rule.name() + "="
                            + String.join(
                                    " or ", rule.allowed().stream().sorted().toList()))));
        }
    }

    private static void same(
            Map<String, String> connector,
            String name,
            String fallback,
            String wanted,
            String key,
            List<Obstacle> obstacles) {
        String value = connector.getOrDefault(name, fallback);
        if (!value.equals(wanted)) {
            obstacles.add(new Obstacle(
                    "the connector's " + name + " is " + shown(value) + ", and " + key + " is " + shown(wanted),
                    Remedy.text("write the same in both")));
        }
    }

    /** What goes to a topic that is not read is lost, although the slot passes it. */
    private static void topics(Map<String, String> connector, TopicPattern topics, List<Obstacle> obstacles) {
        String alias = connector.getOrDefault("transforms", "").strip();
        String setting = "transforms." + alias + ".";
        Router router = ROUTERS.get(connector.getOrDefault(setting + "type", ""));
        if (!alias.isEmpty() && router == null) {
            obstacles.add(new Obstacle(
                    "the connector's transforms, " + shown(alias) + ", may alter or leave out events",
                    Remedy.text("remove them; only one may be used, a RegexRouter or ByLogicalTableRouter that lets all"
                            + " events go to one topic")));
            return;
        }
        String wanted = connector.getOrDefault("topic.prefix", "") + ".*";
        if (router != null) {
            wanted = connector.getOrDefault(setting + router.replacement(), "");
            String regex = setting + router.regex();
            if (!connector.getOrDefault(regex, "").equals(".*")) {
                obstacles.add(new Obstacle(
                        "the connector's " + regex + " may leave out topics", Remedy.text("set " + regex + "=.*")));
            }
        }
        if (!topics.text().equals(wanted)) {
            obstacles.add(new Obstacle(
                    "the connector writes to " + shown(wanted) + ", and kafka.topics is " + shown(topics.text()),
                    Remedy.text("write the same in both")));
        }
    }

    /** Settings are shown shortened and on one line; none of those that are shown holds a secret. */
    private static String shown(String value) {
        String line = value.replaceAll("\\p{Cntrl}", "\uFFFD");
        return line.isEmpty() ? "empty" : line.length() > 80 ? line.substring(0, 80) + "…" : line;
    }
}
