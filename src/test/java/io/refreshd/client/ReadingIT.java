package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.testing.CountingDataSource;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests the number of queries that reading costs, and reading while a view is swapped. */
class ReadingIT {
    record UserRow(int id, String name) {}

    record DetailRow(long id, int mainId) {}

    private static final Details<DetailRow> DETAILS = new Details<>("details", "main_id", "id", DetailRow.class);

    private TestDatabase database;
    private CountingDataSource counted;
    private RoleViews<UserRow> views;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, name text)",
                "INSERT INTO main SELECT i, 'user ' || i FROM generate_series(1, 1000) i",
                "CREATE TABLE details (id bigint PRIMARY KEY, main_id int)",
                "INSERT INTO details SELECT i, i % 1000 FROM generate_series(1, 3000) i",
                "CREATE MATERIALIZED VIEW role_a AS SELECT id, name FROM main",
                "CREATE UNIQUE INDEX ON role_a (id)");
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.url());
        dataSource.setUser("postgres");
        counted = new CountingDataSource(dataSource);
        views = RoleViews.of(counted.dataSource(), "public.role_{role}", UserRow.class);
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void onceAViewIsKnownRowsCostOneQueryAndRowsWithDetailsTwo() {
        RoleView<UserRow> a = views.forRole("a");
        assertThat(counted.take()).as("a look-up in the registry runs no query").isEmpty();
        a.all(DETAILS);
        assertThat(counted.take()).as("the first read also queries the catalog").hasSizeGreaterThan(2);
        assertThat(views.forRole("a").all(DETAILS)).hasSize(1000);
        assertThat(counted.take()).hasSize(2);
        assertThat(a.all()).hasSize(1000);
        assertThat(counted.take()).hasSize(1);
        assertThat(a.byKey(7)).isPresent();
        assertThat(a.firstPage(10).rows()).hasSize(10);
        assertThat(counted.take()).hasSize(2);
    }

    @Test
    void aDetailsTableCreatedOrAlteredLaterIsNoticed() throws Exception {
        RoleView<UserRow> a = views.forRole("a");
        database.execute("ALTER TABLE details RENAME TO other");
        assertThatThrownBy(() -> a.all(DETAILS))
                .isInstanceOf(NoSuchRoleViewException.class)
                .hasMessageContaining("details");
        database.execute("ALTER TABLE other RENAME TO details");
        assertThat(a.all(DETAILS)).hasSize(1000);
        database.execute("ALTER TABLE details RENAME id TO number");
        assertThatThrownBy(() -> a.all(DETAILS))
                .isInstanceOf(RoleViewMismatchException.class)
                .hasMessage(
                        "public.details does not fit DetailRow: there is no column for id (there are number, main_id)");
    }

    @Test
    void aSwappedViewIsReadAndRefreshedUnderItsNewOid() throws Exception {
        RoleView<UserRow> a = views.forRole("a");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            assertThat(a.refresh(true)).isEqualTo(RefreshResult.REQUESTED);
            assertThat(a.awaitFresh(views.token(), TestTimeout.LIMIT)).isTrue();
            String old = String.valueOf(
                    database.query("SELECT 'role_a'::regclass::oid").getFirst());
            database.execute("CREATE MATERIALIZED VIEW beside AS SELECT id, name, 1 AS more FROM main;"
                    + " CREATE UNIQUE INDEX ON beside (id); DROP MATERIALIZED VIEW role_a;"
                    + " ALTER MATERIALIZED VIEW beside RENAME TO role_a");
            assertThat(a.all()).hasSize(1000);
            await().until(() -> database.query(
                            "SELECT count(*) FROM refreshd.view_state WHERE view_name = 'role_a' AND view_oid <> "
                                    + old)
                    .equals(List.of("1")));
            assertThat(a.refresh(true)).isEqualTo(RefreshResult.REQUESTED);
            database.execute("INSERT INTO main VALUES (2000, 'new')");
            assertThat(a.awaitFresh(views.token(), TestTimeout.LIMIT)).isTrue();
            assertThat(a.byKey(2000)).isEqualTo(Optional.of(new UserRow(2000, "new")));
        }
    }

    @Test
    void manyRequestsAreOneRefresh() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database, "refresh: { lock-timeout: 10m }\n");
                Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            daemon.awaitFresh();
            RoleView<UserRow> a = views.forRole("a");
            long before = daemon.refreshes("public.role_a");
            holder.setAutoCommit(false);
            // A lock that conflicts with a refresh, but not with readers.
            statement.execute("COMMENT ON MATERIALIZED VIEW role_a IS 'held'");
            a.refresh(true);
            await().until(() -> database.query(
                            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation =" + " 'role_a'::regclass")
                    .equals(List.of("1")));
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                clients.add(Thread.ofVirtual().start(() -> IntStream.range(0, 5).forEach(n -> a.refresh(true))));
            }
            for (Thread client : clients) {
                client.join();
            }
            await().until(() ->
                    database.query("SELECT count(*) FROM refreshd.request").equals(List.of("0")));
            holder.rollback();
            // The refresh that had begun, and one for the forty requests that came after its beginning.
            await().until(() -> daemon.refreshes("public.role_a") >= before + 2);
            daemon.awaitFresh();
            a.refresh(true);
            await().until(() -> daemon.refreshes("public.role_a") >= before + 3);
            assertThat(daemon.refreshes("public.role_a")).isEqualTo(before + 3);
        }
    }

    @Test
    void aRowWithANullInItsKeyIsOnNoPage() throws Exception {
        record Two(int b) {}
        database.execute(
                "CREATE MATERIALIZED VIEW role_two AS SELECT a, b FROM (VALUES (1, 2), (1, 3), (2, 1), (NULL, 9)) t (a, b)",
                "CREATE UNIQUE INDEX ON role_two (a, b)");
        RoleView<Two> view = RoleViews.of(counted.dataSource(), "public.role_{role}", Two.class)
                .forRole("two");
        assertThat(view.firstPage(100).rows()).containsExactly(new Two(2), new Two(3), new Two(1));
        Page<Two> page = view.firstPage(2);
        assertThat(page.rows()).containsExactly(new Two(2), new Two(3));
        assertThat(view.pageAfter(page.next().orElseThrow(), 2).rows()).containsExactly(new Two(1));
    }

    @Test
    void aPageSizeIsAtLeastOne() {
        assertThatThrownBy(() -> views.forRole("a").firstPage(0))
                .hasMessage("a page holds at least one row, and not 0");
    }
}
