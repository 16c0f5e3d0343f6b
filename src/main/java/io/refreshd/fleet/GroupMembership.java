package io.refreshd.fleet;

import io.refreshd.config.GroupSettings;
import io.refreshd.model.Backoff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Membership in the consumer group whose members share the databases. A topic of one partition stands for each database: who has the
 * partition serves the database. The topics hold nothing, and are not read. Kafka's own assignor spreads them evenly, only over members
 * that know the database, and moves no more of them than it has to.
 *
 * <p>Invariant: only the group's word ends the service of a database. While Kafka is away, each member keeps what it has; the lease in the
 * database decides who may write.
 *
 * <p>Thread: a thread of its own, {@code refreshd-group}.
 */
final class GroupMembership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GroupMembership.class);
    private static final Backoff PAUSES = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration CLOSE = Duration.ofSeconds(3);

    /** How often topics that somebody has deleted are created again. */
    private static final Duration TOPIC_CHECK = Duration.ofSeconds(30);

    private final GroupSettings settings;
    private final Map<String, String> databaseOf;
    private final Consumer<Set<String>> serve;
    private volatile boolean closed;
    private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;
    /** Why the group cannot be reached; null once it was. */
    private volatile @Nullable String problem = "it was not reached yet";

    private @Nullable Thread thread;

    /**
     * @param databases those that this member can serve
     * @param serve sets which databases are served; returns when those that are not any more have ended
     */
    GroupMembership(GroupSettings settings, Collection<String> databases, Consumer<Set<String>> serve) {
        this.settings = settings;
        this.databaseOf = databases.stream().collect(Collectors.toMap(settings.topicPrefix()::concat, name -> name));
        this.serve = serve;
    }

    synchronized void start() {
        if (!closed) {
            thread = Thread.ofPlatform().name("refreshd-group").daemon().start(this::run);
        }
    }

    /** Whether the thread has ended though nobody closed it. */
    synchronized boolean isDead() {
        return thread != null && !thread.isAlive() && !closed;
    }

    /** What to say of a database that this member does not serve. */
    String elsewhere() {
        String why = problem;
        return why == null
                ? "another daemon of the group " + settings.group() + " has it, or none yet"
                : "the group " + settings.group() + " cannot be reached: " + why;
    }

    private void run() {
        int failures = 0;
        while (!closed) {
            try (KafkaConsumer<byte[], byte[]> member =
                    new KafkaConsumer<>(properties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer = member;
                member.subscribe(databaseOf.keySet(), new Assignment(member));
                try {
                    while (!closed) {
                        takePart(member);
                        failures = 0;
                    }
                } catch (WakeupException e) {
                    log.atTrace().log("Closed");
                }
                member.close(CloseOptions.timeout(CLOSE));
            } catch (RuntimeException e) {
                failures++;
                problem = String.valueOf(e.getMessage());
                log.atError()
                        .addKeyValue("reason", problem)
                        .log("The group of daemons cannot be reached: databases stay where they are");
                pause(failures);
            }
        }
    }

    private void takePart(KafkaConsumer<byte[], byte[]> member) {
        createTopics();
        long until = System.nanoTime() + TOPIC_CHECK.toNanos();
        while (!closed && System.nanoTime() - until < 0) {
            member.poll(POLL);
        }
    }

    private void pause(int failures) {
        try {
            Thread.sleep(PAUSES.equalJitter(failures, ThreadLocalRandom.current()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A member that may not create them serves those that exist. */
    private void createTopics() {
        try (Admin admin = Admin.create(shared())) {
            Set<String> missing = new HashSet<>(databaseOf.keySet());
            missing.removeAll(admin.listTopics().names().get());
            Map<String, KafkaFuture<Void>> created = admin.createTopics(missing.stream()
                            .map(name -> new NewTopic(name, Optional.of(1), Optional.empty()))
                            .toList())
                    .values();
            List<String> refused = new ArrayList<>();
            for (Map.Entry<String, KafkaFuture<Void>> one : created.entrySet()) {
                refusal(one.getValue()).ifPresent(why -> refused.add(one.getKey() + ": " + why));
            }
            if (!refused.isEmpty()) {
                log.atWarn()
                        .addKeyValue("topics", refused.size())
                        .addKeyValue("first", refused.getFirst())
                        .log("Topics that stand for databases could not be created: nobody serves these databases");
            }
        } catch (ExecutionException e) {
            throw new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Another member may have been faster. */
    private static Optional<String> refusal(KafkaFuture<Void> created) throws InterruptedException {
        try {
            created.get();
            return Optional.empty();
        } catch (ExecutionException e) {
            return e.getCause() instanceof TopicExistsException ? Optional.empty() : Optional.of("" + e.getCause());
        }
    }

    private Map<String, Object> shared() {
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

    private Map<String, Object> properties() {
        Map<String, Object> all = shared();
        long session = settings.sessionTimeout().toMillis();
        all.put(ConsumerConfig.GROUP_ID_CONFIG, settings.group());
        all.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Math.toIntExact(session));
        // A member learns from the answer to a heartbeat that the databases are assigned anew.
        all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, Math.toIntExact(Math.min(1_000, session / 4)));
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return all;
    }

    /** What the group has given to this member. Called within {@code poll}, which goes on when those that end have ended. */
    private final class Assignment implements ConsumerRebalanceListener {
        private final KafkaConsumer<?, ?> member;

        Assignment(KafkaConsumer<?, ?> member) {
            this.member = member;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            // Whatever a stranger writes into the topics is not fetched.
            member.pause(added);
            problem = null;
            log.atInfo()
                    .addKeyValue("databases", names(member.assignment()).size())
                    .log("The group has assigned databases");
            serve.accept(names(member.assignment()));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            Set<TopicPartition> kept = new HashSet<>(member.assignment());
            kept.removeAll(revoked);
            serve.accept(names(kept));
        }
    }

    /** The first partition counts, so that somebody who adds partitions changes nothing. */
    private Set<String> names(Collection<TopicPartition> partitions) {
        return partitions.stream()
                .filter(partition -> partition.partition() == 0)
                .flatMap(partition -> Stream.ofNullable(databaseOf.get(partition.topic())))
                .collect(Collectors.toSet());
    }

    /** Leaves the group, so that others take over at once. */
    @Override
    public void close() {
        Thread started;
        synchronized (this) {
            closed = true;
            started = thread;
        }
        KafkaConsumer<?, ?> member = consumer;
        if (member != null) {
            member.wakeup();
        }
        if (started == null) {
            return;
        }
        try {
            if (!started.join(CLOSE.multipliedBy(2))) {
                started.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
