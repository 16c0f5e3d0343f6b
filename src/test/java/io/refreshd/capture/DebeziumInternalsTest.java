package io.refreshd.capture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.debezium.config.Configuration;
import io.debezium.connector.postgresql.LogicalDecodingMessageMonitor;
import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresOffsetContext;
import io.debezium.connector.postgresql.PostgresPartition;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import io.debezium.connector.postgresql.connection.TransactionMessage;
import io.debezium.pipeline.source.spi.EventMetadataProvider;
import io.debezium.pipeline.txmetadata.TransactionMonitor;
import io.refreshd.model.Interest;
import io.refreshd.model.Lsn;
import io.refreshd.model.Signal;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.Test;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/**
 * Names what {@link DebeziumInternals} uses of Debezium that Debezium does not promise to keep, and what it relies on beyond signatures.
 * A new version of Debezium fails here. To take it: read what changed in the classes that are named here, run all tests of {@code
 * capture}, and then write the new version and the new names down.
 */
class DebeziumInternalsTest {
    /** The version of Debezium in which everything named here was read. */
    private static final String READ_AT = "3.6.1.Final";

    /** Members of Debezium's classes that are called, read, extended or overridden, each with what it is used for. */
    private static final Map<String, String> USED = used("""
            PostgresConnector.<init>                     the engine makes the connector by name; ours differs by its task
            PostgresConnector.taskClass                  names our task
            PostgresConnectorTask.<init>                 the engine makes the task
            PostgresConnectorTask.buildReplicationConnection  the hook: its connection is replaced by one that opens our stream
            PostgresConnectorTask.doStop                 closes the connections that a task leaves when the engine stops in disorder
            BaseSourceTask.coordinator                   owns the threads that such a task leaves
            ChangeEventSourceCoordinator.stop            ends them
            CommonConnectorConfig.getLogicalName         the topic prefix, by which the task finds its run
            PostgresConnectorConfig.slotName             the slot that is streamed
            PostgresConnectorConfig.publicationName      the publication that is streamed
            PostgresReplicationConnection.close          what buildReplicationConnection returns is cast to this class, and closed
            JdbcConnection.connection                    the JDBC connection in replication mode, opened if it was not
            JdbcConnection.isConnected                   of that connection
            ReplicationConnection.startStreaming         opens our stream
            ReplicationConnection.createReplicationSlot  forbidden
            ReplicationConnection.initConnection         does nothing: Debezium would make slot and publication
            ReplicationConnection.isConnected            delegated
            ReplicationConnection.reconnect              forbidden
            ReplicationStream.readPending                yields bundles; true keeps Debezium from pausing by itself
            ReplicationStream.read                       yields bundles
            ReplicationStream.flushLsn                   confirms a position to the server
            ReplicationStream.lastReceivedLsn            the position that Debezium stores with the message being processed
            ReplicationStream.startLsn                   where the stream began
            ReplicationStream.startKeepAlive             sends the status while the reader is blocked
            ReplicationStream.stopKeepAlive              ends that
            ReplicationStream.close                      closes the stream
            ReplicationMessageProcessor.process          takes one message, blocks while the queue is full
            ReplicationMessage                           what messages have in common
            Operation.COMMIT                             kind of a message that only moves the position
            Operation.MESSAGE                            kind of a message that becomes a record
            TransactionMessage.<init>                    the end of a transaction: moves the position, makes no record
            LogicalDecodingMessage.<init>                becomes one record that holds its prefix and content
            Lsn.valueOf                                  Debezium's own type of a position
            Lsn.asLogSequenceNumber                      the driver's type of it
            PostgresConnection                           parameter of the hook
            PostgresSchema                               parameter of the hook
            WalPositionLocator                           parameter of startStreaming, not used: the slot is the position
            SlotCreationResult                           result of createReplicationSlot
            """);

    private static final Set<String> PUBLISHED = Set.of("io.debezium.engine.", "io.debezium.embedded.Connect");

    private static final JavaClasses PROGRAM = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.refreshd");

    private static Map<String, String> used(String table) {
        return table.lines()
                .map(line -> line.split(" +", 2))
                .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1], (a, b) -> a, TreeMap::new));
    }

    private static boolean isInternal(JavaClass type) {
        return type.getName().startsWith("io.debezium.") && PUBLISHED.stream().noneMatch(type.getName()::startsWith);
    }

    private static boolean isOurs(JavaClass type) {
        return type.getName().split("\\$")[0].equals(DebeziumInternals.class.getName());
    }

    @Test
    void debeziumIsTheVersionThatWasRead() {
        assertThat(new PostgresConnector().version())
                .as(
                        "Version of Debezium. Its internals are used, see DebeziumInternals. Before another version is taken, read"
                                + " what changed in the classes that DebeziumInternalsTest names, then run the tests of io.refreshd.capture.")
                .isEqualTo(READ_AT);
    }

    @Test
    void oneClassUsesInternals() {
        noClasses()
                .that(DescribedPredicate.describe("are not DebeziumInternals", type -> !isOurs(type)))
                .should()
                .dependOnClassesThat(
                        DescribedPredicate.describe("are internal to Debezium", DebeziumInternalsTest::isInternal))
                .check(PROGRAM);
    }

    @Test
    void everyInternalIsNamedWithItsUse() {
        Set<String> members = new TreeSet<>();
        Set<String> types = new TreeSet<>();
        for (JavaClass ours : PROGRAM.that(DescribedPredicate.describe("are ours", DebeziumInternalsTest::isOurs))) {
            ours.getAccessesFromSelf().forEach(access -> accessed(access).ifPresent(members::add));
            overridden(ours).forEach(members::add);
            ours.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(DebeziumInternalsTest::isInternal)
                    .forEach(type -> types.add(type.getSimpleName()));
        }
        Set<String> owners = members.stream()
                .map(member -> member.substring(0, member.indexOf('.')))
                .collect(Collectors.toSet());
        types.removeAll(owners);
        Set<String> found = new TreeSet<>(members);
        found.addAll(types);
        assertThat(found)
                .as("what DebeziumInternals uses of Debezium; to be named here with its use")
                .isEqualTo(USED.keySet());
    }

    private static Optional<String> accessed(JavaAccess<?> access) {
        AccessTarget target = access.getTarget();
        JavaClass owner = target.resolveMember().map(JavaMember::getOwner).orElse(target.getOwner());
        return isInternal(owner) ? Optional.of(owner.getSimpleName() + "." + target.getName()) : Optional.empty();
    }

    private static Stream<String> overridden(JavaClass ours) {
        return Stream.concat(ours.getAllRawSuperclasses().stream(), ours.getAllRawInterfaces().stream())
                .filter(DebeziumInternalsTest::isInternal)
                .flatMap(above -> above.getMethods().stream()
                        .filter(method -> ours.getMethods().stream()
                                .anyMatch(own -> own.getName().equals(method.getName())
                                        && own.getParameters().size()
                                                == method.getParameters().size()))
                        .map(method -> above.getSimpleName() + "." + method.getName()));
    }

    /** A method that Debezium adds with a default body would be called on our stream without a word. */
    @Test
    void implementedInterfacesHaveNoOtherMethods() {
        assertThat(methods(ReplicationStream.class)).isEqualTo(namesOf("ReplicationStream"));
        assertThat(methods(ReplicationConnection.class)).isEqualTo(namesOf("ReplicationConnection"));
    }

    private static Set<String> methods(Class<?> type) {
        return Stream.of(type.getDeclaredMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()) && !method.isSynthetic())
                .map(Method::getName)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> namesOf(String type) {
        return USED.keySet().stream()
                .filter(name -> name.startsWith(type + "."))
                .map(name -> name.substring(type.length() + 1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Debezium reads an acknowledgement by these keys, and ignores keys that it does not know. */
    @Test
    void anOffsetIsUnderstood() {
        PostgresOffsetContext context = offsetAt(new Lsn(4711));
        assertThat(context.lastCommitLsn().asLong()).isEqualTo(4711);
        assertThat(context.lastCompletelyProcessedLsn().asLong()).isEqualTo(4711);
        assertThat(context.asOffsetState().lastSeenLsn().asLong()).isEqualTo(4711);
    }

    @Test
    void aBundleTravelsAsOneRecordAtItsPosition() throws Exception {
        DebeziumInternals.Run run =
                new DebeziumInternals.Run(table -> Interest.NONE, new LogDemand(), name -> Optional.empty());
        TransactionBundle bundle = new TransactionBundle(
                List.of(new Captured.Transaction(7, Instant.EPOCH, List.of(), List.of(new Signal("fence", "1")))),
                Optional.of(7L),
                Optional.of(Instant.EPOCH));
        ReplicationMessage message = run.messageFor(bundle);
        assertThat(message.isLastEventForLsn()).as("the position moves with it").isTrue();
        assertThat(message.isTransactionalMessage()).isFalse();
        List<SourceRecord> records = new ArrayList<>();
        new LogicalDecodingMessageMonitor(config(), records::add)
                .logicalDecodingMessageEvent(
                        new PostgresPartition("run", "db"),
                        offsetAt(new Lsn(42)),
                        0L,
                        (LogicalDecodingMessage) message,
                        transactionMonitor());
        assertThat(records).hasSize(1);
        assertThat(run.positionOf(records.getFirst())).isEqualTo(new Lsn(42));
        assertThat(run.bundleOf(records.getFirst()).orElseThrow()).isSameAs(bundle);
        assertThat(config().getMessageFilter().isIncluded(DebeziumInternals.PREFIX))
                .isTrue();
    }

    @Test
    void anEmptyBundleOnlyMovesThePosition() {
        DebeziumInternals.Run run =
                new DebeziumInternals.Run(table -> Interest.NONE, new LogDemand(), name -> Optional.empty());
        ReplicationMessage message = run.messageFor(
                TransactionBundle.endOf(new Captured.Transaction(7, Instant.EPOCH, List.of(), List.of())));
        assertThat(message).isInstanceOf(TransactionMessage.class);
        assertThat(message.isTransactionalMessage()).isTrue();
        assertThat(message.isLastEventForLsn()).isTrue();
    }

    /** With its own SQL it would read the types of all users at each start. */
    @Test
    void theRegistryOfTypesHasOtherSql() throws Exception {
        DebeziumInternals.correctTypeRegistry();
        Field types =
                Class.forName("io.debezium.connector.postgresql.TypeRegistry").getDeclaredField("SQL_TYPES");
        types.setAccessible(true);
        assertThat((String) types.get(null))
                .contains("coalesce(e.values, '{}')")
                .endsWith(" AND t.oid < 16384");
    }

    /** An engine that is being closed takes a record that comes then for an error. */
    @Test
    void aStreamThatIsBeingClosedReadsNothingMore() throws Exception {
        DebeziumInternals.Run run =
                new DebeziumInternals.Run(table -> Interest.NONE, new LogDemand(), name -> Optional.empty());
        int[] reads = {0};
        ReplicationStream stream = new DebeziumInternals.BundleStream(emptyStream(reads), run);
        assertThat(stream.readPending(message -> {})).isTrue();
        assertThat(reads[0]).isOne();
        run.readNoMore();
        for (int i = 0; i < 3; i++) {
            assertThat(stream.readPending(message -> {}))
                    .as("Debezium does not pause by itself")
                    .isTrue();
        }
        assertThat(reads[0]).as("reads of the server's stream").isOne();
    }

    /** A stream in which nothing has come yet. @param reads how often it was asked */
    private static TransactionStream emptyStream(int[] reads) {
        PGReplicationStream server = (PGReplicationStream) Proxy.newProxyInstance(
                DebeziumInternalsTest.class.getClassLoader(),
                new Class<?>[] {PGReplicationStream.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("readPending")) {
                        reads[0]++;
                    }
                    return null;
                });
        return new TransactionStream(
                server,
                pause -> {},
                LogSequenceNumber.valueOf(1),
                Duration.ofSeconds(1),
                table -> Interest.NONE,
                new LogDemand(),
                StreamEncoding.UTF8);
    }

    private static PostgresOffsetContext offsetAt(Lsn position) {
        return new PostgresOffsetContext.Loader(config()).load(DebeziumInternals.offset(position));
    }

    private static PostgresConnectorConfig config() {
        CaptureSettings settings = new CaptureSettings(
                new Server("localhost", 5432, "db", "user", "secret", Map.of()), "slot", "pub", Duration.ofSeconds(1));
        return new PostgresConnectorConfig(Configuration.from(EngineProperties.of(settings, "run", 18)));
    }

    private static TransactionMonitor transactionMonitor() {
        EventMetadataProvider none = (EventMetadataProvider) Proxy.newProxyInstance(
                DebeziumInternalsTest.class.getClassLoader(),
                new Class<?>[] {EventMetadataProvider.class},
                (proxy, method, arguments) -> {
                    throw new UnsupportedOperationException(method.getName());
                });
        return new TransactionMonitor(config(), none, config().schemaNameAdjuster(), record -> {}, "transactions");
    }
}
