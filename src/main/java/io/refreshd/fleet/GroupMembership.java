package io.refreshd.fleet;

import io.refreshd.config.GroupSettings;
import io.refreshd.model.Backoff;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
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
    private static final Duration CLOSE = Duration.ofSeconds(3);

    /** How often topics that somebody has deleted are created again. */
    private static final Duration TOPIC_CHECK = Duration.ofSeconds(30);

    private static final String NOT_ASSIGNED_YET = "has assigned nothing yet";

    private final GroupSettings settings;
    private final Map<String, String> databaseOf;
    private final GroupTopics topics;
    private final Consumer<Set<String>> serve;
    private volatile boolean closed;
    private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;
    /** Why the group's word is not known; null while it is. */
    private volatile @Nullable String problem = NOT_ASSIGNED_YET;

    /** In a row; of the group's thread. */
    private int failures;

    private @Nullable Thread thread;

    /**
     * @param databases those that this member can serve
     * @param serve sets which databases are served; returns when those that are not any more have ended
     */
    GroupMembership(GroupSettings settings, Collection<String> databases, Consumer<Set<String>> serve) {
        this.settings = settings;
        this.databaseOf = databases.stream().collect(Collectors.toMap(settings.topicPrefix()::concat, name -> name));
        this.topics = new GroupTopics(settings, databases);
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
        return unassigned().orElseGet(() -> "another daemon of the group " + settings.group() + " has it, or none yet");
    }

    /** Why this member may not know which databases it should serve; empty if it knows. */
    Optional<String> unassigned() {
        return Optional.ofNullable(problem).map(why -> "the group " + settings.group() + " " + why);
    }

    private void run() {
        while (!closed) {
            KafkaConsumer<byte[], byte[]> member = null;
            Assignment assignment = new Assignment();
            try {
                member = new KafkaConsumer<>(properties(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
                consumer = member;
                assignment.member = member;
                member.subscribe(databaseOf.keySet(), assignment);
                while (!closed) {
                    takePart(member, assignment);
                }
            } catch (WakeupException e) {
                log.atTrace().log("Closed");
            } catch (InterruptException e) {
                return;
            } catch (RuntimeException e) {
                unreachable(e);
                pause();
            } finally {
                assignment.over = true;
                close(member);
            }
        }
    }

    private static void close(@Nullable KafkaConsumer<?, ?> member) {
        try {
            if (member != null) {
                member.close(CloseOptions.timeout(CLOSE));
            }
        } catch (RuntimeException e) {
            log.atDebug().setCause(e).log("Left the group without a word");
        }
    }

    /** A broker that does not answer is no reason to leave the group: whoever leaves it gives up what it has. */
    private void takePart(KafkaConsumer<byte[], byte[]> member, Assignment assignment) {
        Duration untilNextCheck = TOPIC_CHECK;
        try {
            Map<String, String> refused = topics.create();
            if (!refused.isEmpty()) {
                log.atWarn()
                        .addKeyValue("topics", refused.size())
                        .addKeyValue("first", refused.entrySet().iterator().next())
                        .log("Topics that stand for databases could not be created: nobody serves these databases");
            }
            reachable(assignment);
        } catch (KafkaException e) {
            unreachable(e);
            untilNextCheck = PAUSES.equalJitter(failures, ThreadLocalRandom.current());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        long until = System.nanoTime() + untilNextCheck.toNanos();
        while (!closed && System.nanoTime() - until < 0) {
            member.poll(POLL);
        }
    }

    private void reachable(Assignment assignment) {
        if (failures > 0) {
            log.atInfo().addKeyValue("failures", failures).log("The group of daemons is reached again");
        }
        failures = 0;
        problem = assignment.known ? null : NOT_ASSIGNED_YET;
    }

    private void unreachable(RuntimeException why) {
        String message = String.valueOf(why.getMessage());
        problem = "cannot be reached: " + message;
        failures++;
        (failures == 1 ? log.atError() : log.atDebug())
                .addKeyValue("reason", message)
                .log("The group of daemons cannot be reached: databases stay where they are");
    }

    private void pause() {
        try {
            Thread.sleep(PAUSES.equalJitter(failures, ThreadLocalRandom.current()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<String, Object> properties() {
        Map<String, Object> all = GroupTopics.clientSettings(settings);
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
        private @Nullable KafkaConsumer<?, ?> member;
        /** Whether the group has told what this member has. */
        private boolean known;
        /** Whether the member is closed, which is not the group's word. */
        private boolean over;

        private Set<TopicPartition> assigned() {
            return Objects.requireNonNull(member).assignment();
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            // Whatever a stranger writes into the topics is not fetched.
            Objects.requireNonNull(member).pause(added);
            known = true;
            problem = null;
            log.atInfo().addKeyValue("databases", names(assigned()).size()).log("The group has assigned databases");
            serve.accept(names(assigned()));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            if (over) {
                return;
            }
            Set<TopicPartition> kept = new HashSet<>(assigned());
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
