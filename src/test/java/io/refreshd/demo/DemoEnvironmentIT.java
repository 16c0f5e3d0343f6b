package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.testing.OwnServer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DemoEnvironmentIT {
    private static final int ROWS = 400;

    private static final Teardown TEARDOWN = new Teardown();
    private static DemoEnvironment environment;
    private static DatabaseLogin daemon;

    @BeforeAll
    static void create() throws Exception {
        Path folder = DemoEnvironment.folder(TEARDOWN);
        environment = DemoEnvironment.create(folder, OwnServer.PROGRAM, ROWS, OptionalInt.of(9464), Set.of(), TEARDOWN);
        daemon = new DatabaseLogin(
                environment.application().url(),
                DemoSchema.DAEMON,
                Files.readString(environment.configuration().resolveSibling("refreshd.password")));
    }

    @AfterAll
    static void clear() throws Exception {
        TEARDOWN.close();
    }

    @Test
    void showsItsFilesToNobodyElse() throws Exception {
        Path folder = environment.configuration().getParent();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
    }

    @Test
    void listensOnAPortFromWhichNoConnectionGoesOut() {
        int port = URI.create(environment.application().url().substring("jdbc:".length()))
                .getPort();
        assertThat(port).as("by default they go out from 32768 on").isLessThan(32_768);
    }

    @Test
    void asksEverybodyForAPassword() {
        for (String user : List.of(LocalPostgres.USER, DemoSchema.APPLICATION, DemoSchema.DAEMON)) {
            assertThatThrownBy(new DatabaseLogin(environment.application().url(), user, "guess")::connect)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
        }
    }

    @Test
    void letsTheDaemonsRoleDoWhatItMustAndNoMore() throws Exception {
        try (Connection connection = daemon.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA refreshd");
            statement.execute("CREATE PUBLICATION p");
            statement.execute("ALTER PUBLICATION p ADD TABLE main, details, users, roles");
            statement.execute("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
            statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY materializeduserrole_b");
            assertThatThrownBy(() -> statement.execute("CREATE ROLE other")).hasMessageContaining("permission denied");
            statement.execute("SELECT pg_drop_replication_slot('s')");
            statement.execute("DROP PUBLICATION p");
            statement.execute("DROP SCHEMA refreshd");
        }
    }

    /** Each kind of write must return the roles of exactly those views that then differ from their definitions. */
    @ParameterizedTest
    @EnumSource(WriteKind.class)
    void knowsWhichViewsAWriteAffects(WriteKind kind) throws Exception {
        refresh();
        for (int key = 1; key <= 8; key++) {
            List<Integer> roles = write(kind, key + 40, 7_000 + key);
            List<String> changed = Oracle.compare(environment.application(), "public").stream()
                    .filter(comparison -> !comparison.equal())
                    .map(comparison -> comparison.view().name())
                    .toList();
            List<String> named = roles.stream()
                    .flatMap(role -> DemoSchema.READ_BY.getOrDefault(role, Set.of()).stream())
                    .filter(view -> !view.equals(DemoSchema.TOTALS))
                    .map(view -> view.name())
                    .distinct()
                    .sorted()
                    .toList();
            assertThat(named).as("%s of %d", kind, key).isEqualTo(changed);
            refresh();
        }
    }

    @Test
    void comparesInBothDirections() throws Exception {
        refresh();
        write(WriteKind.MOVE, 1, 0); // from role b to c
        List<Comparison> found = Oracle.compare(environment.application(), "public");
        assertThat(found)
                .filteredOn(comparison -> comparison.view().equals(DemoSchema.ROLE_B))
                .singleElement()
                .satisfies(b -> {
                    assertThat(b.onlyInView()).isEqualTo(1);
                    assertThat(b.onlyInDefinition()).isZero();
                });
        assertThat(found)
                .filteredOn(comparison -> comparison.view().equals(DemoSchema.ROLE_C))
                .singleElement()
                .satisfies(c -> {
                    assertThat(c.onlyInView()).isZero();
                    assertThat(c.onlyInDefinition()).isEqualTo(1);
                });
    }

    @Test
    void countsDuplicatesAndQuotesAwkwardNames() throws Exception {
        try (Connection app = environment.application().connect();
                Statement statement = app.createStatement()) {
            statement.execute("CREATE SCHEMA \"Odd \"\"one\"\"\"");
            statement.execute("CREATE TABLE twice (n int)");
            statement.execute("INSERT INTO twice VALUES (1)");
            statement.execute("CREATE MATERIALIZED VIEW \"Odd \"\"one\"\"\".\"my view\" AS SELECT n FROM twice");
            statement.execute("INSERT INTO twice VALUES (1)");
            assertThat(Oracle.compare(environment.application(), "Odd \"one\""))
                    .singleElement()
                    .satisfies(found -> assertThat(found.onlyInDefinition()).isEqualTo(1));
            statement.execute("DROP TABLE twice CASCADE");
        }
    }

    @Test
    void writesAtItsRateUntilItIsClosed() throws Exception {
        CommitLog log = new CommitLog();
        AtomicReference<SQLException> failure = new AtomicReference<>();
        Workload workload = new Workload(environment.application(), log, ROWS, 3, failure::set);
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor()) {
            workload.start(clock, 500);
            Awaitility.await().until(() -> log.commits() > 200);
            workload.close();
            long atClose = log.commits();
            workload.close();
            assertThat(log.commits()).isEqualTo(atClose);
        }
        assertThat(failure).hasNullValue();
        assertThat(DemoSchema.VIEWS)
                .allSatisfy(view -> assertThat(log.affecting(view)).isPositive());
    }

    @Test
    void mayCloseWritesThatNeverStarted() throws Exception {
        new Workload(environment.application(), new CommitLog(), 1, 1, e -> {}).close();
    }

    @Test
    void reportsAWriteThatFails() throws Exception {
        AtomicReference<SQLException> failure = new AtomicReference<>();
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
                Workload workload = new Workload(environment.application(), new CommitLog(), ROWS, 3, failure::set);
                Connection app = environment.application().connect();
                Statement statement = app.createStatement()) {
            workload.start(clock, 20);
            statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE usename = current_user AND pid <> pg_backend_pid()");
            Awaitility.await().until(() -> failure.get() != null);
        }
    }

    private static List<Integer> write(WriteKind kind, long key, int number) throws SQLException {
        List<Integer> roles = new java.util.ArrayList<>();
        try (Connection app = environment.application().connect();
                PreparedStatement statement = app.prepareStatement(kind.sql())) {
            statement.setLong(1, key);
            statement.setInt(2, number);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    roles.add(rows.getInt(1));
                }
            }
        }
        return roles;
    }

    private static void refresh() throws SQLException {
        try (Connection connection = daemon.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("REFRESH MATERIALIZED VIEW materializeduserrole_a");
            statement.execute("REFRESH MATERIALIZED VIEW materializeduserrole_b");
            statement.execute("REFRESH MATERIALIZED VIEW materializeduserrole_c");
            statement.execute("REFRESH MATERIALIZED VIEW role_totals");
        }
    }
}
