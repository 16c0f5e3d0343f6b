package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class RoleViewsIT {
    record UserRow(long id, String displayName) {}

    record DetailRow(long id, long userId, String text) {}

    private static final Details<DetailRow> DETAILS = new Details<>("details", "user_id", "id", DetailRow.class);

    private TestDatabase database;
    private PGSimpleDataSource dataSource;
    private RoleViews<UserRow> views;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role text, display_name text)",
                "INSERT INTO main SELECT i, 'a', 'user ' || i FROM generate_series(1, 25) i",
                "CREATE TABLE details (id bigint PRIMARY KEY, user_id bigint, text text)",
                "INSERT INTO details SELECT i, i % 10, 'd' || i FROM generate_series(1, 30) i",
                "CREATE MATERIALIZED VIEW role_a AS SELECT * FROM main WHERE role = 'a'",
                "CREATE UNIQUE INDEX ON role_a (id)");
        dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.url());
        dataSource.setUser("postgres");
        views = RoleViews.of(dataSource, "role_{role}", UserRow.class);
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void readsAllByKeyAndFiltered() {
        RoleView<UserRow> a = views.forRole("a");
        assertThat(a.all()).hasSize(25).contains(new UserRow(7, "user 7"));
        assertThat(a.byKey(7)).contains(new UserRow(7, "user 7"));
        assertThat(a.byKey(700)).isEmpty();
        assertThat(a.where("id < :most AND display_name <> :name", Map.of("most", 3, "name", "x' OR true --")))
                .containsExactlyInAnyOrder(new UserRow(1, "user 1"), new UserRow(2, "user 2"));
        assertThatThrownBy(() -> a.byKey(1, 2)).hasMessageContaining("the key of public.role_a is id");
    }

    @Test
    void pagesByKey() {
        RoleView<UserRow> a = views.forRole("a");
        List<Long> seen = new ArrayList<>();
        int pages = 1;
        Page<UserRow> page = a.firstPage(10);
        page.rows().forEach(row -> seen.add(row.id()));
        while (page.next().isPresent()) {
            page = a.pageAfter(page.next().get(), 10);
            page.rows().forEach(row -> seen.add(row.id()));
            pages++;
        }
        assertThat(seen)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 25).mapToObj(Long::valueOf).toList());
        assertThat(pages).isEqualTo(3);
    }

    @Test
    void streamsInConstantMemory() throws Exception {
        long heap = Runtime.getRuntime().maxMemory();
        int rows = 200_000;
        assertThat(rows * 4_000L)
                .as("one-byte characters that do not fit into a heap of %d bytes", heap)
                .isGreaterThan(heap);
        // A plain view: storing and compressing these rows in a materialized view would take the server ten times as
        // long.
        database.execute("CREATE VIEW role_wide AS SELECT i AS id, repeat('x', 4000) AS display_name"
                + " FROM generate_series(1, " + rows + ") i");
        long characters = views.forRole("wide").stream(
                all -> all.mapToLong(row -> row.displayName().length()).sum());
        assertThat(characters).isEqualTo(rows * 4_000L);
        assertThat(views.forRole("a").<Long>stream(Stream::count)).isEqualTo(25);
    }

    /** A second run would repeat the effects that the first run already had. */
    @Test
    void aReaderThatFailsIsNotRunAgain() throws Exception {
        RoleView<UserRow> a = views.forRole("a");
        a.all();
        database.execute(
                "ALTER MATERIALIZED VIEW role_a RENAME TO before",
                "CREATE MATERIALIZED VIEW role_a AS SELECT * FROM before");
        AtomicInteger runs = new AtomicInteger();
        assertThatThrownBy(() -> a.stream(rows -> {
                    runs.incrementAndGet();
                    return Jdbi.create(dataSource).withHandle(own -> own.execute("SELECT * FROM nowhere"));
                }))
                .hasMessageContaining("nowhere");
        assertThat(runs).hasValue(1);
    }

    @Test
    void loadsTheDetailsOfAllRowsWithOneQuery() throws Exception {
        List<WithDetails<UserRow, DetailRow>> rows = views.forRole("a").all(DETAILS);
        assertThat(rows).hasSize(25);
        assertThat(rows)
                .filteredOn(row -> row.row().id() == 7)
                .singleElement()
                .satisfies(row -> assertThat(row.details())
                        .containsExactlyInAnyOrder(
                                new DetailRow(7, 7, "d7"), new DetailRow(17, 7, "d17"), new DetailRow(27, 7, "d27")));
        assertThat(rows)
                .filteredOn(row -> row.row().id() == 20)
                .allSatisfy(row -> assertThat(row.details()).isEmpty());
        assertThat(views.forRole("a").where("id = :id", Map.of("id", 1), DETAILS))
                .singleElement()
                .satisfies(row -> assertThat(row.details()).hasSize(3));
    }

    @Test
    void reportsAllMismatches() throws Exception {
        record Other(int id, int displayName, String missing) {}
        assertThatThrownBy(() -> RoleViews.of(dataSource, "public.role_{role}", Other.class)
                        .forRole("a")
                        .all())
                .isInstanceOf(RoleViewMismatchException.class)
                .hasMessage("public.role_a does not fit Other: column display_name is text, and displayName is int; "
                        + "there is no column for missing (there are id, role, display_name)");
    }

    @Test
    void findsAViewInTheRegistryAndEvictsItWhenItIsDropped() throws Exception {
        assertThatThrownBy(() -> views.forRole("none").all()).isInstanceOf(NoSuchRoleViewException.class);
        assertThat(views.registered()).isZero();
        RoleView<UserRow> a = views.forRole("a");
        assertThat(a.all()).hasSize(25);
        assertThat(views.forRole("a")).isSameAs(a);
        assertThat(a.refresh(true)).isEqualTo(RefreshResult.DONE);
        assertThat(views.forRole("a")).isSameAs(a);
        database.execute("DROP MATERIALIZED VIEW role_a");
        assertThatThrownBy(a::all).isInstanceOf(NoSuchRoleViewException.class);
        assertThat(views.registered()).isZero();
        database.execute("CREATE MATERIALIZED VIEW role_a AS SELECT id, 'x' || display_name AS display_name FROM main");
        assertThat(a.all()).hasSize(25);
        assertThat(views.forRole("a")).isSameAs(a);
    }

    @Test
    void droppedViewsDoNotFillTheRegistry() throws Exception {
        AtomicLong clock = new AtomicLong();
        RoleViews<UserRow> watched = RoleViews.of(dataSource, "role_{role}", UserRow.class, clock::get);
        RoleView<UserRow> a = watched.forRole("a");
        a.all();
        for (int i = 0; i < 10; i++) {
            database.execute("CREATE VIEW role_" + i + " AS SELECT id, display_name FROM main");
            watched.forRole(Integer.toString(i)).all();
            database.execute("DROP VIEW role_" + i);
        }
        assertThat(watched.registered()).isEqualTo(11);
        clock.addAndGet(Duration.ofSeconds(61).toNanos());
        database.execute("CREATE VIEW role_b AS SELECT id, display_name FROM main");
        watched.forRole("b").all();
        assertThat(watched.registered()).as("a and b").isEqualTo(2);
        assertThat(watched.forRole("a")).isSameAs(a);
    }

    @Test
    void aHostileRoleIsAName() throws Exception {
        String role = "x\"; DROP TABLE main; --";
        assertThatThrownBy(() -> views.forRole(role).all()).isInstanceOf(NoSuchRoleViewException.class);
        database.execute("CREATE VIEW \"role_x\"\"; DROP TABLE main; --\" AS SELECT * FROM main");
        assertThat(views.forRole(role).all()).hasSize(25);
    }

    @Test
    void aNullIsNotANumber() throws Exception {
        database.execute("CREATE VIEW role_null AS SELECT NULL::int AS id, 'x'::text AS display_name");
        assertThatThrownBy(() -> views.forRole("null").all()).isInstanceOf(RuntimeException.class);
    }

    @Test
    void refreshesByItselfWhereNoDaemonIs() throws Exception {
        RoleView<UserRow> a = views.forRole("a");
        database.execute("INSERT INTO main VALUES (100, 'a', 'new')");
        assertThat(a.byKey(100)).isEmpty();
        assertThat(a.refresh(true)).isEqualTo(RefreshResult.DONE);
        assertThat(a.byKey(100)).contains(new UserRow(100, "new"));
        assertThatThrownBy(() -> a.awaitFresh(views.token(), TestTimeout.LIMIT)).hasMessageContaining("no refreshd");
        // A ledger that nobody serves is no daemon.
        Jdbi.create(dataSource).useHandle(LedgerSchema::migrate);
        database.execute("DELETE FROM main WHERE id = 100");
        assertThat(a.refresh(false)).isEqualTo(RefreshResult.DONE);
        assertThat(a.byKey(100)).isEmpty();
    }
}
