package io.refreshd.faults;

import io.refreshd.testing.RunningKafka;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.replication.LogSequenceNumber;

/** The topic that a campaign's daemon reads in the place of a slot, and the connector that writes it. */
final class CampaignTopics implements AutoCloseable {
    private static final String SLOT = "connector";
    private static final String PUBLICATION = "connector";
    /** Bytes of the log. */
    private static final int FAR = 4 << 20;

    private static final Pattern POSITION = Pattern.compile("\"lsn\":(\\d+)");

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
        server.execute("CREATE DATABASE aside OWNER refreshd");
        server.execute(
                "CREATE PUBLICATION " + PUBLICATION
                        + " FOR TABLE main, items, lefts, rights, accounts, tags, events, neighbour.own",
                "SELECT pg_create_logical_replication_slot('" + SLOT + "', 'pgoutput')");
        RunningKafka.write(folder.resolve("connector.json"), started.settings);
        started.put();
        return started;
    }

    /**
     * What the daemons' configuration has besides: they share two databases, so that a daemon that joins or leaves moves one of them.
     *
     * @param url without the database's name
     */
    String configuration(String url) {
        return """
                databases:
                  each:
                    campaign:
                      database: { url: "%1$s/postgres" }
                      capture: { source: kafka, slot: %2$s, publication: %3$s }
                      kafka: { bootstrap-servers: "%4$s", topics: %5$s, connector: connector.json, accept-lost-changes: true }
                    aside:
                      database: { url: "%1$s/aside" }
                      capture: { slot: aside }
                fleet: { bootstrap-servers: "%4$s", group: %5$s, topic-prefix: "%5$s.", session-timeout: 6s }
                """.formatted(url, SLOT, PUBLICATION, kafka.brokers(), topic);
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

    /**
     * Whether the connector has so much to write that a large transaction would only make a backlog. It writes some thousand rows a second;
     * all large transactions of a campaign together are more.
     */
    static boolean areFarBehind(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT coalesce(bool_or(pg_current_wal_insert_lsn() - confirmed_flush_lsn > " + FAR
                                + "), false) FROM pg_replication_slots WHERE slot_name = '" + SLOT + "'")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** How far each step from the log to the daemon is, so that a backlog can be told from something that stands still. */
    String describe() {
        StringBuilder text = new StringBuilder();
        try (Connection connection = server.connect("campaign");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT concat_ws(', ', 'log ' || pg_current_wal_insert_lsn(),"
                                + " (SELECT 'slot confirmed ' || confirmed_flush_lsn || CASE WHEN active THEN '' ELSE ' inactive' END"
                                + " FROM pg_replication_slots WHERE slot_name = '" + SLOT + "'),"
                                + " (SELECT 'daemon read to ' || read_to || ' in ' || attempts || ' attempts, acknowledged ' || acknowledged"
                                + " FROM refreshd.stream),"
                                + " (SELECT 'stored offset ' || next_offset || ' at ' || position FROM refreshd.topic_offset LIMIT 1))")) {
            row.next();
            text.append(row.getString(1));
            Map.Entry<Long, String> end = kafka.end(topic);
            text.append(", topic ends at ").append(end.getKey());
            Matcher position = POSITION.matcher(end.getValue());
            if (position.find()) {
                text.append(" with ")
                        .append(LogSequenceNumber.valueOf(Long.parseLong(position.group(1)))
                                .asString());
            }
            text.append(", ").append(kafka.tasks());
        } catch (SQLException | IOException | RuntimeException e) {
            text.append(", and then ").append(e);
        }
        return text.toString();
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
        faults.put("daemon joins and leaves", of((context, topics) -> {
            context.daemon().startStandby();
            context.hold(15_000);
            context.daemon().endStandby();
        }));
        faults.put("daemon joins and is killed", of((context, topics) -> {
            context.daemon().startStandby();
            context.hold(15_000);
            context.daemon().killStandby();
        }));
        faults.put("all daemons killed", of((context, topics) -> {
            context.daemon().kill();
            context.daemon().exchange();
            context.daemon().kill();
            context.hold(3_000);
            context.daemon().start();
        }));
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
