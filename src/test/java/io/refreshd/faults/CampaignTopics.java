package io.refreshd.faults;

import io.refreshd.testing.RunningKafka;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The topic that a campaign's daemon reads in the place of a slot, and the connector that writes it. */
final class CampaignTopics implements AutoCloseable {
    private static final String SLOT = "connector";
    private static final String PUBLICATION = "connector";

    private final DatabaseServer server;
    private final RunningKafka kafka;
    private final String topic;
    private final Map<String, String> settings;
    private int connectors = 1;

    private CampaignTopics(DatabaseServer server, RunningKafka kafka, String topic) {
        this.server = server;
        this.kafka = kafka;
        this.topic = topic;
        this.settings = RunningKafka.toOneTopic(
                RunningKafka.connector("localhost:" + server.port(), "postgres", topic, SLOT, PUBLICATION));
        // Transactions of the campaign have 300,000 rows; a schema in each of them would be most of the work.
        settings.put("key.converter.schemas.enable", "false");
        settings.put("value.converter.schemas.enable", "false");
    }

    /** To be called once the tables are there. @param folder for the file with the connector's settings */
    static CampaignTopics start(DatabaseServer server, long seed, Path folder) throws IOException, SQLException {
        CampaignTopics started = new CampaignTopics(server, RunningKafka.shared(), "campaign-" + seed);
        server.execute(
                "CREATE PUBLICATION " + PUBLICATION
                        + " FOR TABLE main, items, lefts, rights, accounts, tags, events, neighbour.own",
                "SELECT pg_create_logical_replication_slot('" + SLOT + "', 'pgoutput')");
        RunningKafka.write(folder.resolve("connector.json"), started.settings);
        started.put();
        return started;
    }

    /** What the daemon's configuration has besides. */
    String configuration() {
        return """
                kafka: { bootstrap-servers: "%s", topics: %s, connector: connector.json, accept-lost-changes: true }
                """.formatted(kafka.brokers(), topic);
    }

    /** Settings of the daemon's section {@code capture}. */
    static String capture() {
        return ", source: kafka, slot: " + SLOT + ", publication: " + PUBLICATION;
    }

    private String name() {
        return topic + "-" + connectors;
    }

    private void put() throws IOException {
        kafka.put(name(), settings);
    }

    /** Does what whoever runs Kafka Connect does when a task has failed. */
    void restartFailedTasks() throws IOException {
        kafka.restartFailedTasks();
    }

    /** A connector of another name knows no offset. @param snapshot its {@code snapshot.mode} */
    private void another(String snapshot) throws IOException {
        connectors++;
        Map<String, String> others = new LinkedHashMap<>(settings);
        others.put("snapshot.mode", snapshot);
        kafka.put(name(), others);
    }

    /** The faults of topics, in the order in which they were added. */
    static Map<String, Fault> faults() {
        Map<String, Fault> faults = new LinkedHashMap<>();
        faults.put("broker stopped", of((context, topics) -> {
            topics.kafka.stopBroker();
            try {
                context.hold(12_000);
            } finally {
                topics.kafka.startBroker();
            }
        }));
        faults.put("connector restarted", of((context, topics) -> {
            topics.kafka.delete(topics.name());
            context.hold(5_000);
            topics.put();
        }));
        faults.put("connector begun anew", of((context, topics) -> {
            topics.kafka.delete(topics.name());
            context.hold(2_000);
            topics.another("no_data");
        }));
        faults.put("connector begun with a snapshot", of((context, topics) -> {
            topics.kafka.delete(topics.name());
            context.hold(2_000);
            topics.another("initial");
        }));
        faults.put("topic deleted", of((context, topics) -> topics.kafka.deleteTopic(topics.topic)));
        faults.put("records deleted", of((context, topics) -> topics.kafka.deleteRecords(topics.topic)));
        faults.put("records deleted while the daemon is frozen", of((context, topics) -> {
            context.daemon().freeze();
            context.hold(3_000);
            topics.kafka.deleteRecords(topics.topic);
            context.daemon().thaw();
        }));
        faults.put("a record that is no event", of((context, topics) -> topics.kafka.send(topics.topic, "no event")));
        return faults;
    }

    /** What a fault does to the topics. */
    private interface OfTopics {
        void inject(FaultContext context, CampaignTopics topics) throws Exception;
    }

    private static Fault of(OfTopics fault) {
        return context -> {
            try {
                fault.inject(context, context.topics().orElseThrow());
            } catch (IOException | java.io.UncheckedIOException e) {
                throw new NotInjectedException(String.valueOf(e.getMessage()));
            }
        };
    }

    @Override
    public void close() throws IOException {
        kafka.delete(name());
    }
}
