package io.refreshd.testing;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import kafka.server.BrokerServer;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.Herder.Created;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.isolation.Plugins;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorInfo;
import org.apache.kafka.connect.runtime.rest.entities.ConnectorStateInfo.TaskState;
import org.apache.kafka.connect.runtime.standalone.StandaloneConfig;
import org.apache.kafka.connect.runtime.standalone.StandaloneHerder;
import org.apache.kafka.connect.storage.FileOffsetBackingStore;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.apache.kafka.connect.util.FutureCallback;

/**
 * A Kafka broker and Kafka Connect's own runtime, without its REST server, in a process of their own. Reads one command a line:
 * {@code put NAME KEY=VALUE;KEY=VALUE} starts a connector or gives it other settings, {@code delete NAME} ends it, {@code restart} starts
 * each task again that has failed, {@code tasks} tells the state of each; {@code stop} and {@code start} are about the broker. Answers each
 * line with one line. Ends with its input, so that no broker outlives the test that started it.
 */
public final class KafkaConnectMain {
    private KafkaConnectMain() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        TestKitNodes nodes = new TestKitNodes.Builder()
                .setCombined(true)
                .setNumBrokerNodes(1)
                .setNumControllerNodes(1)
                .setBaseDirectory(folder.resolve("kafka"))
                .build();
        try (KafkaClusterTestKit cluster = new KafkaClusterTestKit.Builder(nodes)
                .setConfigProp("offsets.topic.num.partitions", "1")
                .setConfigProp("offsets.topic.replication.factor", "1")
                .setConfigProp("log.retention.check.interval.ms", "100")
                .setConfigProp("log.initial.task.delay.ms", "0")
                .setConfigProp("log.segment.delete.delay.ms", "0")
                .build()) {
            cluster.format();
            cluster.startup();
            cluster.waitForReadyBrokers();
            serve(cluster.brokers().values().iterator().next(), cluster.bootstrapServers(), folder);
        }
    }

    private static void serve(BrokerServer broker, String brokers, Path folder) throws Exception {
        Map<String, String> settings = new HashMap<>();
        settings.put("bootstrap.servers", brokers);
        settings.put("key.converter", JsonConverter.class.getName());
        settings.put("value.converter", JsonConverter.class.getName());
        settings.put("offset.storage.file.filename", folder.resolve("offsets").toString());
        settings.put("offset.flush.interval.ms", "100");
        settings.put("plugin.discovery", "service_load");
        settings.put("topic.creation.default.replication.factor", "1");
        Plugins plugins = new Plugins(settings);
        plugins.compareAndSwapWithDelegatingLoader();
        JsonConverter offsets = new JsonConverter();
        offsets.configure(Map.of("schemas.enable", "false", "converter.type", "key"), true);
        StandaloneConfig config = new StandaloneConfig(settings);
        AllConnectorClientConfigOverridePolicy overrides = new AllConnectorClientConfigOverridePolicy();
        FileOffsetBackingStore store = new FileOffsetBackingStore(offsets);
        store.configure(config);
        Worker worker = new Worker("test", Time.SYSTEM, plugins, config, store, overrides);
        StandaloneHerder herder = new StandaloneHerder(worker, "test", overrides);
        herder.start();
        System.out.println("ready " + brokers);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", 3);
            if (words.length == 1) {
                String told = "";
                switch (words[0]) {
                    case "stop" -> broker.shutdown();
                    case "start" -> broker.startup();
                    case "tasks" -> told = " " + tasks(herder);
                    default -> restartFailedTasks(herder);
                }
                System.out.println("done" + told);
                continue;
            }
            FutureCallback<Created<ConnectorInfo>> done = new FutureCallback<>();
            if (words[0].equals("put")) {
                herder.putConnectorConfig(words[1], connector(words[1], words[2]), true, done);
            } else {
                herder.deleteConnectorConfig(words[1], done);
            }
            try {
                done.get(60, TimeUnit.SECONDS);
                System.out.println("done");
            } catch (java.util.concurrent.ExecutionException e) {
                System.out.println("failed " + e.getCause());
            }
        }
        herder.stop();
    }

    private static String tasks(StandaloneHerder herder) {
        return herder.connectors().stream()
                .flatMap(connector -> herder.connectorStatus(connector).tasks().stream()
                        .map(task -> connector + " " + task.state() + cause(task)))
                .collect(Collectors.joining(", "));
    }

    private static String cause(TaskState task) {
        return task.trace() == null
                ? ""
                : " (" + task.trace().lines().findFirst().orElse("") + ")";
    }

    private static void restartFailedTasks(StandaloneHerder herder) {
        for (String connector : herder.connectors()) {
            for (TaskState task : herder.connectorStatus(connector).tasks()) {
                if (task.state().equals("FAILED")) {
                    herder.restartTask(new ConnectorTaskId(connector, task.id()), new FutureCallback<>());
                }
            }
        }
    }

    private static Map<String, String> connector(String name, String settings) {
        Map<String, String> connector = new HashMap<>();
        connector.put("name", name);
        for (String setting : settings.split(";")) {
            int equals = setting.indexOf('=');
            connector.put(setting.substring(0, equals), setting.substring(equals + 1));
        }
        return connector;
    }
}
