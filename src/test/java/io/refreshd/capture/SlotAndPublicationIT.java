package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Operation;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotAndPublicationIT {
    private static final TableId T = new TableId("public", "t");
    private CaptureFixture fixture;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        fixture = new CaptureFixture();
        connection = fixture.database.connect();
        fixture.database.execute("CREATE TABLE t (id int PRIMARY KEY, a int)");
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        fixture.close();
    }

    private void apply(String name, Set<TableId> wanted) throws SQLException {
        Publication.apply(connection, Publication.plan(name, wanted, Publication.inspect(connection, name)));
    }

    @Test
    void publishesWhatIsWantedAndNothingElse() throws Exception {
        fixture.database.execute(
                "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE \"p.\"\"1\" PARTITION OF p FOR VALUES FROM (0) TO (10)");
        TableId leaf = new TableId("public", "p.\"1");
        apply("pub x", Set.of());
        assertThat(Publication.inspect(connection, "pub x").orElseThrow().tables())
                .isEmpty();
        apply("pub x", Set.of(T, leaf));
        PublicationState both = Publication.inspect(connection, "pub x").orElseThrow();
        assertThat(both.captures(T)).isTrue();
        assertThat(both.captures(leaf)).isTrue();
        assertThat(both.tables()).hasSize(2);
        assertThat(Publication.plan("pub x", Set.of(T, leaf), Optional.of(both)))
                .isEmpty();
        apply("pub x", Set.of(leaf));
        apply("pub x", Set.of(T));
        PublicationState again = Publication.inspect(connection, "pub x").orElseThrow();
        assertThat(again.tables()).containsOnlyKeys(T);
        assertThat(again.tables().get(T))
                .as("it joined anew")
                .isNotEqualTo(both.tables().get(T));
    }

    /** Each table takes a lock to the end of the transaction, and the server has room for some thousands. */
    @Test
    void manyTablesArePublishedInPieces() throws Exception {
        Set<TableId> many = IntStream.range(0, 450)
                .mapToObj(i -> new TableId("public", "m" + i))
                .collect(Collectors.toSet());
        List<String> made = Publication.plan("pub", many, Optional.empty());
        assertThat(made).hasSize(3);
        assertThat(made.getFirst()).startsWith("CREATE PUBLICATION").endsWith("truncate')");
        assertThat(made.subList(1, 3)).allMatch(sql -> sql.startsWith("ALTER PUBLICATION \"pub\" ADD TABLE ONLY"));
        assertThat(made.stream().mapToInt(sql -> sql.split("ONLY ").length - 1)).containsExactly(200, 200, 50);
        PublicationState none = new PublicationState(true, false, false, Map.of());
        assertThat(Publication.plan("pub", many, Optional.of(none))).hasSize(3);
        assertThat(Publication.plan("pub", Set.of(), Optional.empty())).hasSize(1);
    }

    @Test
    void understandsWhatADbaMade() throws Exception {
        fixture.database.execute(
                "CREATE SCHEMA s",
                "CREATE TABLE s.u (id int PRIMARY KEY, a int)",
                "CREATE PUBLICATION everything FOR ALL TABLES",
                "CREATE PUBLICATION one_schema FOR TABLES IN SCHEMA s",
                "CREATE PUBLICATION some_rows FOR TABLE t WHERE (id > 5), TABLE s.u (id)",
                "CREATE PUBLICATION inserts FOR TABLE t WITH (publish = 'insert', publish_via_partition_root)");
        TableId u = new TableId("s", "u");
        PublicationState all = Publication.inspect(connection, "everything").orElseThrow();
        assertThat(all.captures(T) && all.captures(u) && all.allTables()).isTrue();
        assertThat(Publication.plan("everything", Set.of(T), Optional.of(all))).isEmpty();
        PublicationState schema = Publication.inspect(connection, "one_schema").orElseThrow();
        assertThat(schema.captures(u)).isTrue();
        assertThat(schema.captures(T)).isFalse();
        assertThat(Publication.plan("one_schema", Set.of(T), Optional.of(schema)))
                .containsExactly("ALTER PUBLICATION \"one_schema\" ADD TABLE ONLY \"public\".\"t\"");
        PublicationState partly = Publication.inspect(connection, "some_rows").orElseThrow();
        assertThat(partly.tables()).containsOnlyKeys(T, u);
        assertThat(partly.captures(T) || partly.captures(u)).isFalse();
        assertThat(Publication.inspect(connection, "inserts").orElseThrow().captures(T))
                .isFalse();
        apply("inserts", Set.of(T));
        assertThat(Publication.inspect(connection, "inserts").orElseThrow().captures(T))
                .isTrue();
        assertThat(Publication.inspect(connection, "none")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE PUBLICATION pub",
                "CREATE PUBLICATION pub FOR TABLE t",
                "ALTER PUBLICATION pub SET TABLE t WHERE (id > 5)",
                "ALTER PUBLICATION pub SET (publish = 'insert')",
                "ALTER PUBLICATION pub DROP TABLE t; ALTER PUBLICATION pub ADD TABLE t",
                "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
                "ALTER TABLE s.u SET SCHEMA public",
                "ALTER TABLE s.u RENAME TO v",
                "CREATE TABLE s.v (id int)",
                "DROP PUBLICATION pub"
            })
    void givesAnotherVersionWhenThePublicationChanged(String statement) throws Exception {
        fixture.database.execute(
                "CREATE SCHEMA s", "CREATE TABLE s.u (id int)", "CREATE TABLE p (id int) PARTITION BY RANGE (id)");
        if (!statement.startsWith("CREATE PUBLICATION")) {
            fixture.database.execute("CREATE PUBLICATION pub FOR TABLE t, p, TABLES IN SCHEMA s");
        }
        String before = Publication.version(connection, "pub");
        fixture.database.execute(
                "CREATE PUBLICATION another FOR ALL TABLES", "CREATE TABLE elsewhere AS SELECT 1 AS a", "ANALYZE");
        assertThat(Publication.version(connection, "pub")).isEqualTo(before);
        fixture.database.execute(statement);
        assertThat(Publication.version(connection, "pub")).isNotEqualTo(before);
    }

    @Test
    void seesTheSlotAsTheServerDoes() throws Exception {
        SlotState slot = fixture.slot();
        assertThat(slot.plugin()).isEqualTo("pgoutput");
        assertThat(slot.activePid()).isEmpty();
        assertThat(slot.confirmed()).isPresent();
        assertThat(slot.obstacle(fixture.database.name())).isEmpty();
        assertThat(slot.obstacle("another")).isPresent();
        assertThat(Slot.inspect(connection, "missing")).isEmpty();
        assertThat(fixture.database.query("SELECT failover FROM pg_replication_slots WHERE slot_name = '"
                        + fixture.settings.slot() + "'"))
                .containsExactly("t");
        Slot.drop(connection, fixture.settings.slot());
        Slot.drop(connection, fixture.settings.slot());
        assertThat(Slot.inspect(connection, fixture.settings.slot())).isEmpty();
    }

    @Test
    void namesTheTransactionsThatHoldUpTheCreationOfASlot() throws Exception {
        try (Connection open = fixture.database.connect();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            statement.execute("INSERT INTO t VALUES (1)");
            int pid = open.unwrap(org.postgresql.PGConnection.class).getBackendPID();
            assertThatThrownBy(() -> Slot.create(connection, "late_" + fixture.database.name(), Duration.ofSeconds(1)))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            assertThat(Slot.blockers(connection))
                    .extracting(Slot.Blocker::remedy)
                    .contains(Remedy.sql("SELECT pg_catalog.pg_terminate_backend(" + pid + ")"));
            assertThat(Slot.inspect(connection, "late_" + fixture.database.name()))
                    .isEmpty();
            open.rollback();
        }
    }

    /** Shows why {@link Enrolment} exists. Fails as soon as the server streams such a transaction. */
    @Test
    void missesWhatWasWrittenBeforeTheTableJoinedAndKnowsTheWriters() throws Exception {
        RecordingHandler handler = fixture.handler();
        fixture.start(handler);
        await().until(() -> handler.routed().isPresent());
        long oid = Long.parseLong(
                fixture.database.query("SELECT 't'::regclass::oid::text").getFirst());
        try (Connection early = fixture.database.connect();
                Statement statement = early.createStatement()) {
            early.setAutoCommit(false);
            statement.execute("INSERT INTO t VALUES (1)");
            fixture.publish("t");
            Set<Enrolment.Writer> writers = Enrolment.writersOf(connection, oid);
            assertThat(writers).hasSize(1);
            assertThat(Enrolment.stillRunning(connection, oid, writers)).isEqualTo(writers);
            early.commit();
            assertThat(Enrolment.stillRunning(connection, oid, writers)).isEmpty();
            statement.execute("INSERT INTO t VALUES (2)");
            early.commit();
        }
        Lsn now = Lsn.parse(fixture.database
                .query("SELECT pg_current_wal_insert_lsn()::text")
                .getFirst());
        await().until(() -> handler.routed().orElseThrow().compareTo(now) >= 0);
        assertThat(handler.rows(Operation.INSERT)).as("the second row only").isOne();
        assertThat(Enrolment.writersOf(connection, oid)).isEmpty();
    }

    @Test
    void findsNoObstacleForARoleThatMayDoEverything() throws Exception {
        assertThat(Prerequisites.check(connection, fixture.settings)).isEmpty();
        assertThat(Prerequisites.notMine(connection, Set.of(T))).isEmpty();
    }

    @Test
    void namesTheObstaclesOfAPoorRole() throws Exception {
        String role = "Poor \"role\" " + fixture.database.name();
        String quoted = '"' + role.replace("\"", "\"\"") + '"';
        fixture.database.execute("CREATE ROLE " + quoted + " LOGIN");
        try (Connection poor = DriverManager.getConnection(fixture.database.url(), role, "")) {
            CaptureSettings other = new CaptureSettings(
                    fixture.settings.server(), fixture.settings.slot(), "unmade", Duration.ofSeconds(1));
            assertThat(Prerequisites.check(poor, other))
                    .extracting(Obstacle::remedy)
                    .anyMatch(remedy -> remedy.toString().startsWith("ALTER ROLE " + quoted + " REPLICATION"))
                    .hasSize(1);
            assertThat(Prerequisites.notMine(poor, Set.of(T))).hasSize(1);
        }
        fixture.database.execute("DROP ROLE " + quoted);
    }

    @Test
    void readsTheUrlAsTheDriverDoes() {
        Server server = Server.of("jdbc:postgresql://h1:1234,h2/a%20b?sslmode=require", "u", "secret");
        assertThat(server).isEqualTo(new Server("h1", 1234, "a b", "u", "secret", Map.of("sslmode", "require")));
        assertThat(server.toString()).doesNotContain("secret");
    }
}
