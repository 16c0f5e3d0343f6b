package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.config.TopicPattern;
import io.refreshd.model.Obstacle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectorContractTest {
    private static final CaptureSettings CAPTURE = new CaptureSettings(
            new Server("db", 5432, "app", "u", "", Map.of()), "orders", "dbz", Duration.ofSeconds(1));

    private static Map<String, String> good() {
        return new HashMap<>(Map.of(
                "connector.class", "io.debezium.connector.postgresql.PostgresConnector",
                "plugin.name", "pgoutput",
                "slot.name", "orders",
                "publication.name", "dbz",
                "database.dbname", "app",
                "topic.prefix", "app",
                "skipped.operations", "none",
                "decimal.handling.mode", "string"));
    }

    private static List<String> violations(Map<String, String> connector) {
        return violations(connector, "app.*");
    }

    private static List<String> violations(Map<String, String> connector, String topics) {
        return ConnectorContract.obstacles(connector, CAPTURE, new TopicPattern(topics)).stream()
                .map(obstacle -> obstacle.what() + "; " + obstacle.remedy())
                .toList();
    }

    @Test
    void settingsThatKeepTheContractPass() {
        assertThat(violations(good())).isEmpty();
        Map<String, String> oneTopic = good();
        oneTopic.put("transforms", "one");
        oneTopic.put("transforms.one.type", "org.apache.kafka.connect.transforms.RegexRouter");
        oneTopic.put("transforms.one.regex", ".*");
        oneTopic.put("transforms.one.replacement", "orders");
        assertThat(violations(oneTopic, "orders")).isEmpty();
        Map<String, String> logical = good();
        logical.put("transforms", "one");
        logical.put("transforms.one.type", "io.debezium.transforms.ByLogicalTableRouter");
        logical.put("transforms.one.topic.regex", ".*");
        logical.put("transforms.one.topic.replacement", "orders");
        assertThat(violations(logical, "orders")).isEmpty();
        logical.put("transforms.one.topic.regex", "(.*)shard(.*)");
        assertThat(violations(logical, "order"))
                .containsExactly(
                        "the connector's transforms.one.topic.regex may leave out topics; set transforms.one.topic.regex=.*",
                        "the connector writes to orders, and kafka.topics is order; write the same in both");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "skipped.operations | | the connector's skipped.operations is not set: TRUNCATE is left out by default; set skipped.operations=none",
                "skipped.operations | t | the connector's skipped.operations is t: TRUNCATE is left out by default; set skipped.operations=none",
                "decimal.handling.mode | | the connector's decimal.handling.mode is not set: values would be decoded wrongly; set decimal.handling.mode=string",
                "time.precision.mode | connect | the connector's time.precision.mode is connect: values would be decoded wrongly; set time.precision.mode=adaptive or adaptive_time_microseconds",
                "plugin.name | | the connector's plugin.name is not set: refreshd relies on the publication of pgoutput; set plugin.name=pgoutput",
                "lsn.flush.mode | connector_and_driver | the connector's lsn.flush.mode is connector_and_driver: the slot could pass changes that no topic holds; set lsn.flush.mode=connector",
                "snapshot.mode | custom | the connector's snapshot.mode is custom: nobody would see where the connector begins; set snapshot.mode=always or initial or never or no_data or when_needed",
                "snapshot.select.statement.overrides | public.t | the connector's snapshot.select.statement.overrides may leave out or alter what views read; remove snapshot.select.statement.overrides; the publication decides which tables are captured",
                "slot.stream.params | origin=none | the connector's slot.stream.params may leave out or alter what views read; remove slot.stream.params; the publication decides which tables are captured",
                "post.processors | reselector | the connector's post.processors may leave out or alter what views read; remove post.processors; the publication decides which tables are captured",
                "producer.override.interceptor.classes | x.Y | the connector's producer.override.interceptor.classes may leave out or alter what views read; remove producer.override.interceptor.classes; the publication decides which tables are captured",
                "field.name.adjustment.mode | avro | the connector's field.name.adjustment.mode is avro: values would be decoded wrongly; set field.name.adjustment.mode=none",
                "producer.override.acks | 1 | the connector's producer.override.acks is 1: the slot could pass changes that no topic holds; set producer.override.acks=-1 or all",
                "producer.override.max.in.flight.requests.per.connection | 5 | the connector's producer.override.max.in.flight.requests.per.connection is 5: records could change places; set producer.override.max.in.flight.requests.per.connection=1",
                "errors.tolerance | all | the connector's errors.tolerance is all: changes would be missing in the topics; set errors.tolerance=none",
                "slot.name | other | the connector's slot.name is other, and capture.slot is orders; write the same in both",
                "slot.name | | the connector's slot.name is debezium, and capture.slot is orders; write the same in both",
                "publication.name | p | the connector's publication.name is p, and capture.publication is dbz; write the same in both",
                "database.dbname | b | the connector's database.dbname is b, and database.url is app; write the same in both",
                "table.include.list | public.t | the connector's table.include.list may leave out or alter what views read; remove table.include.list; the publication decides which tables are captured",
                "column.mask.hash.SHA-256.with.salt.x | a | the connector's column.mask.hash.SHA-256.with.salt.x may leave out or alter what views read; remove column.mask.hash.SHA-256.with.salt.x; the publication decides which tables are captured",
                "column.truncate.to.20.chars | a | the connector's column.truncate.to.20.chars may leave out or alter what views read; remove column.truncate.to.20.chars; the publication decides which tables are captured",
                "message.prefix.include.list | a | the connector's message.prefix.include.list may leave out or alter what views read; remove message.prefix.include.list; the publication decides which tables are captured",
                "transforms | unwrap | the connector's transforms, unwrap, may alter or leave out events; remove them; only one may be used, a RegexRouter or ByLogicalTableRouter that lets all events go to one topic",
                "topic.delimiter | / | the connector's topic.delimiter may leave out or alter what views read; remove topic.delimiter; the publication decides which tables are captured",
                "value.converter | io.confluent.connect.avro.AvroConverter | the connector's value.converter is io.confluent.connect.avro.AvroConverter: refreshd reads JSON; set value.converter=org.apache.kafka.connect.json.JsonConverter",
                "producer.override.compression.type | zstd | the connector's producer.override.compression.type is zstd: refreshd has no other codec; set producer.override.compression.type=gzip or none",
            })
    void eachViolationIsNamedWithTheSettingThatMendsIt(String name, String value, String message) {
        Map<String, String> connector = good();
        if (value == null) {
            connector.remove(name);
        } else {
            connector.put(name, value);
        }
        assertThat(violations(connector)).containsExactly(message);
    }

    @Test
    void allViolationsAreNamedAtOnce() {
        assertThat(violations(Map.of())).hasSize(9).contains("the connector has no topic.prefix; set topic.prefix");
    }

    /** What goes to another topic is lost although the slot passes it. */
    @Test
    void everyTopicThatTheConnectorWritesIsRead() {
        assertThat(violations(good(), "app.public.*"))
                .containsExactly(
                        "the connector writes to app.*, and kafka.topics is app.public.*; write the same in both");
        Map<String, String> routed = good();
        routed.put("transforms", "one");
        routed.put("transforms.one.type", "org.apache.kafka.connect.transforms.RegexRouter");
        routed.put("transforms.one.regex", "app.public.*");
        routed.put("transforms.one.replacement", "orders");
        assertThat(violations(routed, "order"))
                .containsExactly(
                        "the connector's transforms.one.regex may leave out topics; set transforms.one.regex=.*",
                        "the connector writes to orders, and kafka.topics is order; write the same in both");
        routed.put("transforms", "one,two");
        assertThat(violations(routed, "orders")).hasSize(1).first().asString().contains("one,two");
    }

    @Test
    void readsTheFileInBothForms() {
        assertThat(read("{\"topic.prefix\": \"a\", \"tasks.max\": 1}").settings())
                .isEqualTo(Map.of("topic.prefix", "a", "tasks.max", "1"));
        assertThat(read("{\"name\": \"n\", \"config\": {\"topic.prefix\": \"a\"}}")
                        .prefix())
                .isEqualTo("a");
    }

    @Test
    void saysWhyTheFileCannotBeRead() {
        assertThat(read("{\n\"a\": }").problems())
                .extracting(Obstacle::what)
                .containsExactly("f are not valid JSON, line 2");
        assertThat(read("[]").problems()).extracting(Obstacle::what).containsExactly("f are no JSON object");
    }

    private static ConnectorConfiguration read(String json) {
        return ConnectorConfiguration.of(json.getBytes(StandardCharsets.UTF_8), "f");
    }
}
