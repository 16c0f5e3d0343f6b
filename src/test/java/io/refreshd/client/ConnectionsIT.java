package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests connections without auto-commit: those of a pool with that setting, and those with an open transaction. */
class ConnectionsIT {
    record Row(int id) {}

    private static final Details<Row> DETAILS = new Details<>("details", "main_id", "id", Row.class);

    private TestDatabase database;
    private HikariDataSource pool;
    private RoleView<Row> a;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY)",
                "INSERT INTO main VALUES (1)",
                "CREATE TABLE details (id int PRIMARY KEY, main_id int)",
                "INSERT INTO details VALUES (7, 1)",
                "CREATE MATERIALIZED VIEW role_a AS SELECT id FROM main",
                "CREATE UNIQUE INDEX ON role_a (id)");
        HikariConfig settings = new HikariConfig();
        settings.setJdbcUrl(database.url());
        settings.setUsername("postgres");
        settings.setAutoCommit(false);
        settings.setMaximumPoolSize(1);
        pool = new HikariDataSource(settings);
        a = RoleViews.of(pool, "role_{role}", Row.class).forRole("a");
    }

    @AfterEach
    void drop() throws Exception {
        pool.close();
        database.close();
    }

    @Test
    void aPoolWithoutAutoCommitIsReadAndRequestsAreCommitted() throws Exception {
        List<Row> one = List.of(new Row(1));
        assertThat(a.all()).isEqualTo(one);
        assertThat(a.all(DETAILS)).containsExactly(new WithDetails<>(new Row(1), List.of(new Row(7))));
        assertThat(a.<List<Row>>stream(Stream::toList)).isEqualTo(one);
        assertThat(a.firstPage(10).rows()).isEqualTo(one);
        database.execute(
                "DROP MATERIALIZED VIEW role_a; CREATE MATERIALIZED VIEW role_a AS SELECT id AS \"ID\" FROM main;"
                        + " CREATE UNIQUE INDEX ON role_a (\"ID\")");
        assertThat(a.all()).as("swapped").isEqualTo(one);
        database.execute("INSERT INTO main VALUES (2)");
        assertThat(a.refresh(true)).isEqualTo(RefreshResult.DONE);
        assertThat(database.query("SELECT count(*) FROM role_a")).containsExactly("2");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(a.refresh(true, TestTimeout.LIMIT)).isEqualTo(RefreshResult.DONE);
        }
        try (Connection connection = pool.getConnection()) {
            assertThat(connection.getAutoCommit())
                    .as("returned in the mode it had")
                    .isFalse();
        }
    }

    @Test
    void anOpenTransactionIsNeitherCommittedNorRolledBack() throws Exception {
        try (Connection outer = pool.getConnection();
                var statement = outer.createStatement()) {
            statement.execute("INSERT INTO details VALUES (8, 1)");
            RoleView<Row> inner =
                    RoleViews.of(always(outer), "role_{role}", Row.class).forRole("a");
            assertThat(inner.all()).hasSize(1);
            assertThat(inner.<Long>stream(Stream::count)).isEqualTo(1);
            assertThat(inner.all(DETAILS))
                    .as("sees what the transaction has written")
                    .containsExactly(new WithDetails<>(new Row(1), List.of(new Row(7), new Row(8))));
            assertThat(database.query("SELECT count(*) FROM details"))
                    .as("not committed")
                    .containsExactly("1");
            outer.commit();
            assertThat(database.query("SELECT count(*) FROM details")).containsExactly("2");
            statement.execute("INSERT INTO details VALUES (9, 1)");
            inner.all();
            outer.rollback();
            assertThat(database.query("SELECT count(*) FROM details")).containsExactly("2");
        }
    }

    @Test
    void aRequestOfATransactionCanBeAwaitedOnlyAfterItsCommit() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database);
                Connection outer = pool.getConnection();
                var statement = outer.createStatement()) {
            daemon.awaitFresh();
            RoleView<Row> inner =
                    RoleViews.of(always(outer), "role_{role}", Row.class).forRole("a");
            statement.execute("INSERT INTO main VALUES (2)");
            assertThatThrownBy(() -> inner.refresh(true, TestTimeout.LIMIT))
                    .hasMessageContaining("Call it after COMMIT");
            outer.rollback();
        }
    }

    /** A data source that always returns the connection of one transaction, as transaction managers do. */
    private static DataSource always(Connection connection) {
        Connection lent = proxy(Connection.class, connection);
        return (DataSource) Proxy.newProxyInstance(
                ConnectionsIT.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (self, method, arguments) -> lent);
    }

    private static <T> T proxy(Class<T> type, T target) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        return switch (method.getName()) {
                            case "close" -> null;
                            case "hashCode" -> System.identityHashCode(self);
                            case "equals" -> self == arguments[0];
                            default -> method.invoke(target, arguments);
                        };
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
