package io.refreshd.capture;

import io.debezium.connector.postgresql.LogicalDecodingMessageMonitor;
import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresOffsetContext;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.SourceInfo;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.PostgresReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.TransactionMessage;
import io.debezium.connector.postgresql.connection.WalPositionLocator;
import io.debezium.connector.postgresql.spi.SlotCreationResult;
import io.refreshd.model.Interest;
import io.refreshd.model.TableId;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Everything that refreshd uses of Debezium beyond its published engine API. Debezium keeps the engine, the connections, the queue, the
 * offsets and the acknowledgement. In place of its replication stream, which yields one message a row, it is given {@link
 * TransactionStream}, which yields one message for all transactions that came together.
 *
 * <p>Such a message is a logical decoding message that belongs to no transaction. Debezium stores the position at which it was received as
 * that of the last commit, in the record's offset, and flushes that position to the slot when the record is acknowledged.
 *
 * <p>Invariant: no other class names a class of Debezium outside {@code io.debezium.engine} and the engine's {@code Connect} format.
 * {@code DebeziumInternalsTest} holds that, names every member used here with its reason, and names the version for which they were
 * read. A new version of Debezium fails there first. Therefore the file is longer than 300 lines.
 */
final class DebeziumInternals {
    /** Prefix of the messages made here. No message from the log can have it: refreshd takes only those that begin with its own prefix. */
    static final String PREFIX = "transaction";

    private static final Duration CLOSING_PAUSE = Duration.ofMillis(10);

    /** Where an offset holds the end of the last transaction that was handed over whole. */
    private static final String LAST_COMMIT = PostgresOffsetContext.LAST_COMMIT_LSN_KEY;

    /** By name of the run: the engine makes the task itself and gives it nothing but texts. */
    private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

    private static final String TYPES =
            "SELECT t.oid AS oid, t.typname AS name, n.nspname AS schema_name, t.typelem AS element,"
                    + " t.typbasetype AS parentoid, t.typtypmod as modifiers, t.typcategory as category, e.values as enum_values"
                    + " FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON (t.typnamespace = n.oid)"
                    + " LEFT JOIN (SELECT t.enumtypid as id, array_agg(t.enumlabel ORDER BY t.enumsortorder) as values"
                    + " FROM pg_catalog.pg_enum t GROUP BY id) e ON (t.oid = e.id) WHERE n.nspname != 'pg_toast'";

    private DebeziumInternals() {}

    /**
     * Gives Debezium's registry of types other SQL, before the class is loaded. At each start it reads all types of the database, whoever
     * created them, and throws at an enum without values, and at a domain over an enum, which has no values of its own. So any
     * role that may create a temporary type could keep the log from being read. Now it reads the server's own types, and any other when a
     * column has it.
     *
     * <p>Failure: if the class was loaded before, it stays as it is.
     */
    static void correctTypeRegistry() {
        Correction.MADE.run();
    }

    /** Is made once, when the first run begins. */
    private static final class Correction {
        static final Runnable MADE = make();

        private static Runnable make() {
            String any = TYPES.replace("e.values as", "coalesce(e.values, '{}') as");
            Map<String, String> corrected = Map.of(
                    TYPES,
                    any + " AND t.oid < 16384",
                    TYPES + " AND t.typname = ?",
                    any + " AND t.typname = ?",
                    TYPES + " AND t.oid = ?",
                    any + " AND t.oid = ?");
            try (InputStream file = PostgresConnector.class.getResourceAsStream("TypeRegistry.class")) {
                byte[] classFile = Objects.requireNonNull(file, "Debezium has no TypeRegistry")
                        .readAllBytes();
                MethodHandles.privateLookupIn(PostgresConnector.class, MethodHandles.lookup())
                        .defineClass(CorrectedClass.with(corrected, classFile));
            } catch (IOException | IllegalAccessException e) {
                throw new IllegalStateException(e);
            } catch (LinkageError loadedBefore) {
                LoggerFactory.getLogger(DebeziumInternals.class)
                        .atWarn()
                        .setCause(loadedBefore)
                        .log("Debezium reads the types of all users: an enum without values ends the stream");
            }
            return () -> {};
        }
    }

    /** Makes the run known to the task that the engine will make for it. */
    static void register(String name, Run run) {
        RUNS.put(name, run);
    }

    /** A task of the run that is made after this fails. */
    static void unregister(String name) {
        RUNS.remove(name);
    }

    /** The offset that lets Debezium confirm everything up to the position. */
    static Map<String, Long> offset(io.refreshd.model.Lsn position) {
        return Map.of(
                SourceInfo.LSN_KEY,
                position.value(),
                PostgresOffsetContext.LAST_COMPLETELY_PROCESSED_LSN_KEY,
                position.value(),
                LAST_COMMIT,
                position.value());
    }

    /** What one run shares with the task that the engine makes for it. */
    static final class Run {
        private final Function<TableId, Interest> interests;
        private final LogDemand demand;
        private final Function<byte[], Optional<String>> names;
        private final Handover handover = new Handover();
        private volatile @Nullable LogConnection connection;
        private volatile @Nullable CaptureTask task;
        private volatile boolean aborted;
        private volatile boolean closing;
        /** Whether the server has begun to stream. */
        volatile boolean streamed;

        /** @param names decodes a name that is in the database's encoding */
        Run(Function<TableId, Interest> interests, LogDemand demand, Function<byte[], Optional<String>> names) {
            this.interests = interests;
            this.demand = demand;
            this.names = names;
        }

        /** The position of a record: everything that committed at or before it was handed over with this record or earlier. */
        io.refreshd.model.Lsn positionOf(SourceRecord record) {
            return record.sourceOffset().get(LAST_COMMIT) instanceof Number commit
                    ? new io.refreshd.model.Lsn(commit.longValue())
                    : io.refreshd.model.Lsn.ZERO;
        }

        /** The bundle of a record, to be asked for once a record, in order. Empty: Debezium made the record by itself. */
        Optional<TransactionBundle> bundleOf(SourceRecord record) {
            String field = LogicalDecodingMessageMonitor.DEBEZIUM_LOGICAL_DECODING_MESSAGE_KEY;
            if (!(record.value() instanceof Struct value) || value.schema().field(field) == null) {
                return Optional.empty();
            }
            ByteBuffer content = (ByteBuffer) value.getStruct(field)
                    .get(LogicalDecodingMessageMonitor.DEBEZIUM_LOGICAL_DECODING_MESSAGE_CONTENT_KEY);
            return Optional.of(handover.take(content.getLong(content.position())));
        }

        /**
         * Reads nothing more. An engine that is being closed refuses to process records before its poller has heard of it, and a record that
         * comes then is an error to it.
         */
        void readNoMore() {
            closing = true;
        }

        /** Cuts the replication connection at once, whoever reads from it, and for good: one that is opened later is cut as well. */
        void abort() throws SQLException {
            aborted = true;
            LogConnection opened = connection;
            if (opened != null) {
                opened.abort();
            }
        }

        /**
         * Stops what the engine left of the run when it ended: interrupted while it waits for its coordinator, a task leaves behind
         * connections and a thread that would look for signals for ever. Blocks while the engine still stops the task.
         */
        void stopLeftovers() throws InterruptedException {
            CaptureTask begun = task;
            task = null;
            if (begun != null) {
                begun.stopLeftovers();
            }
        }

        /** The message that makes Debezium put a record for the bundle into its queue, or only move its position. */
        ReplicationMessage messageFor(TransactionBundle bundle) {
            if (bundle.transactions().isEmpty()) {
                return new TransactionMessage(
                        ReplicationMessage.Operation.COMMIT,
                        bundle.xid().orElseThrow(),
                        bundle.committedAt().orElseThrow());
            }
            return new LogicalDecodingMessage(
                    ReplicationMessage.Operation.MESSAGE,
                    bundle.committedAt().orElse(null),
                    bundle.xid().orElse(null),
                    false,
                    PREFIX,
                    ByteBuffer.allocate(Long.BYTES)
                            .putLong(handover.put(bundle))
                            .array());
        }
    }

    /** Debezium's connector with {@link CaptureTask} in it. Public because the engine makes it by name. */
    public static final class CaptureConnector extends PostgresConnector {
        @Override
        public Class<? extends Task> taskClass() {
            return CaptureTask.class;
        }
    }

    /** Debezium's task, reading the log through {@link LogConnection}. Public because the engine makes it by name. */
    public static final class CaptureTask extends PostgresConnectorTask {
        @Override
        protected ReplicationConnection buildReplicationConnection(
                PostgresConnection jdbcConnection, PostgresSchema schema, PostgresConnectorConfig config)
                throws SQLException {
            Run run = RUNS.get(config.getLogicalName());
            if (run == null) {
                throw new IllegalStateException("run " + config.getLogicalName() + " has ended");
            }
            LogConnection connection = new LogConnection(
                    (PostgresReplicationConnection) super.buildReplicationConnection(jdbcConnection, schema, config),
                    config.slotName(),
                    config.publicationName(),
                    run);
            run.task = this;
            run.connection = connection;
            return connection;
        }

        private void stopLeftovers() throws InterruptedException {
            if (coordinator != null) {
                coordinator.stop();
                doStop();
            }
        }
    }

    /** Debezium's replication connection, except that it opens a {@link TransactionStream}. It never creates or drops a slot. */
    private static final class LogConnection implements ReplicationConnection {
        private final PostgresReplicationConnection debezium;
        private final String slot;
        private final String publication;
        private final Run run;
        /** Held for as long as the stream lives: pgjdbc closes a connection that nobody references any more. */
        private volatile @Nullable Connection connection;

        LogConnection(PostgresReplicationConnection debezium, String slot, String publication, Run run) {
            this.debezium = debezium;
            this.slot = slot;
            this.publication = publication;
            this.run = run;
        }

        @Override
        public ReplicationStream startStreaming(WalPositionLocator ignored) throws SQLException {
            Connection opened = debezium.connection(false);
            connection = opened;
            if (run.aborted) {
                opened.abort(Runnable::run);
                throw new SQLException("the run was cut off before it streamed");
            }
            TransactionStream stream =
                    TransactionStream.open(opened, slot, publication, run.interests, run.demand, run.names);
            run.streamed = true;
            return new BundleStream(stream, run);
        }

        @Override
        public ReplicationStream startStreaming(@Nullable Lsn ignored, WalPositionLocator alsoIgnored)
                throws SQLException {
            return startStreaming(alsoIgnored);
        }

        @Override
        public Optional<SlotCreationResult> createReplicationSlot() {
            throw new IllegalStateException("replication slot " + slot + " is missing");
        }

        @Override
        public void initConnection() {
            // Debezium would look for slot and publication, and make what is missing: both were looked at before the
            // run.
        }

        @Override
        public boolean isConnected() throws SQLException {
            return debezium.isConnected();
        }

        @Override
        public void reconnect() {
            throw new IllegalStateException("one run streams once");
        }

        @Override
        public void close() throws SQLException {
            debezium.close();
        }

        void abort() throws SQLException {
            Connection opened = connection;
            if (opened != null) {
                opened.abort(Runnable::run);
            }
        }
    }

    /** {@link TransactionStream} in the form in which Debezium reads a stream. */
    record BundleStream(TransactionStream stream, Run run) implements ReplicationStream {
        @Override
        public boolean readPending(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
            if (run.closing) {
                Thread.sleep(CLOSING_PAUSE);
                return true;
            }
            stream.readPending(new TransactionStream.Receiver() {
                @Override
                public void receive(TransactionBundle bundle) throws SQLException, InterruptedException {
                    processor.process(run.messageFor(bundle));
                }

                @Override
                public boolean isBusy() {
                    return !run.handover.isEmpty();
                }
            });
            // Also when nothing came: else Debezium pauses by itself, for the interval at which its queue is polled.
            return true;
        }

        @Override
        public void read(ReplicationMessageProcessor processor) throws SQLException, InterruptedException {
            stream.read(bundle -> processor.process(run.messageFor(bundle)));
        }

        @Override
        public void flushLsn(Lsn lsn) throws SQLException {
            stream.flush(lsn.asLogSequenceNumber());
        }

        @Override
        public @Nullable Lsn lastReceivedLsn() {
            return stream.received().map(Lsn::valueOf).orElse(null);
        }

        @Override
        public Lsn startLsn() {
            return Lsn.valueOf(stream.start());
        }

        @Override
        public void startKeepAlive(ExecutorService service) {
            stream.startKeepAlive(service);
        }

        @Override
        public void stopKeepAlive() {
            stream.stopKeepAlive();
        }

        @Override
        public void close() throws SQLException {
            stream.close();
        }
    }
}
