package io.refreshd.fleet;

import io.refreshd.config.GroupSettings;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.jspecify.annotations.Nullable;

/**
 * The topics that stand for databases in the group: what keeps daemons from sharing databases by them, and their creation.
 *
 * <p>Thread: any; each method blocks for some seconds if no broker answers.
 */
public final class GroupTopics {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final GroupSettings settings;
    private final List<String> topics;

    /** @param databases by their names in the configuration */
    public GroupTopics(GroupSettings settings, Collection<String> databases) {
        this.settings = settings;
        this.topics =
                databases.stream().map(settings.topicPrefix()::concat).sorted().toList();
    }

    /** What the clients of the group share. */
    static Map<String, Object> clientSettings(GroupSettings settings) {
        Map<String, Object> shared = new HashMap<>();
        settings.client().forEach((name, value) -> shared.put(name, value.reveal()));
        shared.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, settings.bootstrapServers());
        shared.put(CommonClientConfigs.CLIENT_ID_CONFIG, "refreshd-fleet");
        shared.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.toIntExact(PATIENCE.toMillis()));
        shared.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(PATIENCE.toMillis()));
        shared.put(CommonClientConfigs.METADATA_MAX_AGE_CONFIG, Math.toIntExact(PATIENCE.toMillis()));
        shared.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
        return shared;
    }

    /** What keeps daemons from sharing the databases; empty if nothing does. Changes nothing. */
    public List<Obstacle> obstacles() throws InterruptedException {
        List<Obstacle> obstacles = new ArrayList<>();
        try (Admin admin = Admin.create(clientSettings(settings))) {
            Set<String> missing = missing(admin);
            refusals(admin, missing, true)
                    .forEach((topic, why) -> obstacles.add(new Obstacle(
                            "topic " + topic + ", which stands for a database, is not there and may not be made: "
                                    + why,
                            Remedy.text("kafka-topics.sh --create --topic " + topic
                                    + " --partitions 1, or allow CREATE on topics that begin with "
                                    + settings.topicPrefix()))));
            List<String> there =
                    topics.stream().filter(topic -> !missing.contains(topic)).toList();
            DescribeTopicsOptions rights = new DescribeTopicsOptions().includeAuthorizedOperations(true);
            for (TopicDescription topic :
                    admin.describeTopics(there, rights).allTopicNames().get().values()) {
                if (mayNotRead(topic.authorizedOperations())) {
                    obstacles.add(notReadable("topic " + topic.name()));
                }
            }
            group(admin).ifPresent(obstacles::add);
        } catch (ExecutionException e) {
            obstacles.add(unreachable(e.getCause()));
        } catch (KafkaException e) {
            obstacles.add(unreachable(e));
        }
        return obstacles;
    }

    private Optional<Obstacle> group(Admin admin) throws InterruptedException, ExecutionException {
        try {
            ConsumerGroupDescription group = admin.describeConsumerGroups(
                            List.of(settings.group()),
                            new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true))
                    .all()
                    .get()
                    .get(settings.group());
            return group != null && mayNotRead(group.authorizedOperations())
                    ? Optional.of(notReadable("group " + settings.group()))
                    : Optional.empty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** A broker that knows no rights allows everything, and says so. */
    private static boolean mayNotRead(@Nullable Set<AclOperation> allowed) {
        return allowed != null && !allowed.contains(AclOperation.READ);
    }

    private static Obstacle notReadable(String what) {
        return new Obstacle(
                "READ on " + what + " is not allowed, so this daemon is assigned no database",
                Remedy.text("allow READ on it to the user in fleet.client"));
    }

    private Obstacle unreachable(@Nullable Throwable why) {
        return new Obstacle(
                "Kafka at " + settings.bootstrapServers() + " does not answer as it should: " + reason(why),
                Remedy.text(
                        "see whether fleet.bootstrap-servers names brokers that this machine reaches, and whether fleet.client has what"
                                + " they ask for (security.protocol, sasl.…, ssl.…)"));
    }

    /** Kafka says itself what is wrong in the innermost cause. */
    private static String reason(@Nullable Throwable why) {
        Throwable cause = why;
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause == null ? "no reason given" : cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    /**
     * Creates those that are missing. A member that may not serves those that exist.
     *
     * @return those that could not be created, each with the reason
     * @throws KafkaException if no broker answers as it should
     */
    Map<String, String> create() throws InterruptedException {
        try (Admin admin = Admin.create(clientSettings(settings))) {
            return refusals(admin, missing(admin), false);
        } catch (ExecutionException e) {
            throw new KafkaException(reason(e), e.getCause());
        }
    }

    private Set<String> missing(Admin admin) throws InterruptedException, ExecutionException {
        Set<String> missing = new HashSet<>(topics);
        missing.removeAll(admin.listTopics().names().get());
        return missing;
    }

    private static Map<String, String> refusals(Admin admin, Set<String> missing, boolean validateOnly)
            throws InterruptedException, ExecutionException {
        Map<String, String> refused = new TreeMap<>();
        Map<String, KafkaFuture<Void>> created = admin.createTopics(
                        missing.stream()
                                .map(name -> new NewTopic(name, Optional.of(1), Optional.empty()))
                                .toList(),
                        new CreateTopicsOptions().validateOnly(validateOnly))
                .values();
        for (Map.Entry<String, KafkaFuture<Void>> one : created.entrySet()) {
            try {
                one.getValue().get();
            } catch (ExecutionException e) {
                // Another member may have been faster.
                if (!(e.getCause() instanceof TopicExistsException)) {
                    refused.put(one.getKey(), reason(e));
                }
            }
        }
        return refused;
    }
}
