package io.refreshd.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** {@link KafkaConnectMain} as a process that all tests of this JVM share. */
public final class RunningKafka {
    private static @Nullable RunningKafka shared;

    private final Process process;
    private final BufferedReader answers;
    private final PrintWriter commands;
    private final String brokers;
    private final Admin admin;

    private RunningKafka() throws IOException {
        Path folder = ServerFolder.create("kafka");
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KafkaConnectMain.class.getName(),
                        folder.toString())
                .redirectError(folder.resolve("stderr").toFile())
                .start();
        answers = process.inputReader();
        commands = new PrintWriter(process.outputWriter(), true);
        brokers = answer("ready ");
        admin = Admin.create(Map.of("bootstrap.servers", brokers));
    }

    public static synchronized RunningKafka shared() throws IOException {
        if (shared == null) {
            shared = new RunningKafka();
        }
        return shared;
    }

    private String answer(String start) throws IOException {
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.startsWith(start)) {
                return line.substring(start.length());
            }
            if (line.startsWith("failed ")) {
                throw new IOException(line);
            }
        }
        throw new IOException("the process has ended");
    }

    public String brokers() {
        return brokers;
    }

    /** The settings of a connector that refreshd can read from, with one topic named like the database. */
    public static Map<String, String> connector(TestDatabase database, String publication) throws IOException {
        String address = database.url().replaceAll("jdbc:postgresql://([^/]+)/.*", "$1");
        return connector(address, database.name(), database.name(), database.slot(), publication);
    }

    /** @param address host and port @param prefix of topics */
    public static Map<String, String> connector(
            String address, String database, String prefix, String slot, String publication) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        settings.put("plugin.name", "pgoutput");
        settings.put("database.hostname", address.split(":")[0]);
        settings.put("database.port", address.split(":")[1]);
        settings.put("database.user", "postgres");
        settings.put("database.password", "x");
        settings.put("database.dbname", database);
        settings.put("topic.prefix", prefix);
        settings.put("slot.name", slot);
        settings.put("publication.name", publication);
        settings.put("publication.autocreate.mode", "disabled");
        settings.put("snapshot.mode", "no_data");
        settings.put("skipped.operations", "none");
        settings.put("decimal.handling.mode", "string");
        settings.put("poll.interval.ms", "10");
        settings.put("topic.creation.default.partitions", "1");
        settings.put("topic.creation.default.replication.factor", "1");
        return settings;
    }

    /** Lets all events go to one topic, named like the database. */
    public static Map<String, String> toOneTopic(Map<String, String> connector) {
        Map<String, String> settings = new LinkedHashMap<>(connector);
        settings.put("transforms", "one");
        settings.put("transforms.one.type", "org.apache.kafka.connect.transforms.RegexRouter");
        settings.put("transforms.one.regex", ".*");
        settings.put("transforms.one.replacement", connector.get("topic.prefix"));
        return settings;
    }

    /** Likewise, by a transform of Debezium's. */
    public static Map<String, String> toOneLogicalTable(Map<String, String> connector) {
        Map<String, String> settings = new LinkedHashMap<>(connector);
        settings.put("transforms", "one");
        settings.put("transforms.one.type", "io.debezium.transforms.ByLogicalTableRouter");
        settings.put("transforms.one.topic.regex", ".*");
        settings.put("transforms.one.topic.replacement", connector.get("topic.prefix"));
        return settings;
    }

    /** Writes the settings as Kafka Connect takes them. */
    public static void write(Path file, Map<String, String> connector) throws IOException {
        Files.writeString(
                file,
                connector.entrySet().stream()
                        .map(entry -> "\"" + entry.getKey() + "\": \"" + entry.getValue() + "\"")
                        .collect(Collectors.joining(", ", "{", "}")));
    }

    /** Starts a connector, or restarts it with these settings. */
    public synchronized void put(String name, Map<String, String> connector) throws IOException {
        commands.println("put " + name + " "
                + connector.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.joining(";")));
        answer("done");
    }

    public synchronized void delete(String name) throws IOException {
        commands.println("delete " + name);
        answer("done");
    }

    /** Stops the broker in good order, until {@link #startBroker}. */
    public synchronized void stopBroker() throws IOException {
        commands.println("stop");
        answer("done");
    }

    public synchronized void startBroker() throws IOException {
        commands.println("start");
        answer("done");
    }

    public synchronized void restartFailedTasks() throws IOException {
        commands.println("restart");
        answer("done");
    }

    /** The connectors' tasks, each with its state and why it has failed. */
    public synchronized String tasks() throws IOException {
        commands.println("tasks");
        return answer("done").strip();
    }

    public void create(String topic, String cleanupPolicy) {
        get(admin.createTopics(
                        List.of(new NewTopic(topic, 1, (short) 1).configs(Map.of("cleanup.policy", cleanupPolicy))))
                .all());
    }

    public boolean has(String topic) throws InterruptedException, ExecutionException {
        return admin.listTopics().names().get().contains(topic);
    }

    public void deleteTopic(String topic) {
        get(admin.deleteTopics(List.of(topic)).all());
    }

    public void partitions(String topic, int count) {
        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(count)))
                .all());
    }

    /** Deletes every record of the first partition that is there now, as retention does. */
    public void deleteRecords(String topic) {
        get(admin.deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(-1)))
                .all());
    }

    /** The first record of the first partition that holds the text; empty if there is none. */
    public String text(String topic, String part) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer = consumer()) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                    if (String.valueOf(record.value()).contains(part)) {
                        return record.value();
                    }
                }
            }
            return "";
        }
    }

    /** How many records were ever written to the first partition, and the text of the last one. */
    public Map.Entry<Long, String> end(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> consumer = consumer()) {
            consumer.assign(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            consumer.seek(partition, Math.max(0, end - 1));
            String last = "";
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                last = String.valueOf(record.value());
            }
            return Map.entry(end, last);
        }
    }

    private KafkaConsumer<String, String> consumer() {
        return new KafkaConsumer<>(
                Map.of("bootstrap.servers", brokers, "default.api.timeout.ms", 15_000),
                new StringDeserializer(),
                new StringDeserializer());
    }

    public void send(String topic, String value) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", brokers), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, value));
        }
    }

    /** Sends a record of so many bytes, which are hardly any in the topic. */
    public void sendCompressed(String topic, int bytes) {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        brokers,
                        "compression.type",
                        "gzip",
                        "max.request.size",
                        2 * bytes,
                        "buffer.memory",
                        2L * bytes),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, new byte[bytes])).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }

    private static <T> void get(org.apache.kafka.common.KafkaFuture<T> future) {
        try {
            future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new UncheckedIOException(new IOException(e));
        }
    }
}
