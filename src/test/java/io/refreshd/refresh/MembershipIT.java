package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MembershipIT {
    private static final int VIEWS = 70;
    private static final TableId MAIN = new TableId("public", "main");

    private final List<Connection> opened = new ArrayList<>();
    private TestDatabase database;
    private Membership membership;

    @BeforeEach
    void prepare() throws Exception {
        database = TestDatabase.create();
        try (Handle handle = database.open()) {
            LedgerSchema.migrate(handle);
        }
        String url = database.url();
        membership = new Membership(() -> {
            Connection connection = DriverManager.getConnection(url, "postgres", "");
            opened.add(connection);
            return connection;
        });
    }

    @AfterEach
    void close() throws Exception {
        membership.close();
        database.close();
    }

    private static ViewId view(int number) {
        return new ViewId("public", "role \"" + number);
    }

    private static String quoted(int number) {
        return "\"role \"\"" + number + "\"";
    }

    /** Creates one view for each role; the rows are distributed evenly. */
    private void roleViews() throws Exception {
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, role int)",
                "INSERT INTO main SELECT i, i % " + VIEWS + " FROM generate_series(1, 1000) i");
        for (int i = 0; i < VIEWS; i++) {
            database.execute(
                    "CREATE MATERIALIZED VIEW " + quoted(i) + " AS SELECT role, id FROM main WHERE role = " + i,
                    "CREATE UNIQUE INDEX ON " + quoted(i) + " (id)");
        }
    }

    private static List<Impact> all(String... ids) {
        KeyLookup rows = new KeyLookup(MAIN, List.of(2), List.of("int4"), keys(ids));
        List<Impact> impacts = new ArrayList<>();
        for (int i = 0; i < VIEWS; i++) {
            impacts.add(new Impact(view(i), Xids.of(new Xid(3)), Instant.EPOCH, List.of(rows)));
        }
        return impacts;
    }

    private static Set<List<String>> keys(String... ids) {
        return Set.copyOf(java.util.Arrays.stream(ids).map(List::of).toList());
    }

    @Test
    void findsTheViewsThatHoldARow() throws Exception {
        roleViews();
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        assertThat(membership.showing(all("3", "145", "77"))).containsExactlyInAnyOrder(view(3), view(5), view(7));
        assertThat(membership.showing(all("100000"))).isEmpty();
        assertThat(opened).as("one connection for all queries").hasSize(1);
    }

    @Test
    void readsTheViewAndNotTheTable() throws Exception {
        roleViews();
        database.execute("UPDATE main SET role = 9 WHERE id = 3");
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        database.execute("REFRESH MATERIALIZED VIEW " + quoted(9));
        assertThat(membership.showing(all("3"))).containsExactlyInAnyOrder(view(3), view(9));
    }

    @Test
    void aQueryIsPlannedOnceAndUsesAnIndex() throws Exception {
        roleViews();
        // The query is planned while the view is empty, and executed when it is large.
        database.execute(
                "CREATE TABLE later (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW late AS SELECT id FROM later",
                "CREATE UNIQUE INDEX ON late (id)");
        List<Impact> late = List.of(new Impact(
                new ViewId("public", "late"),
                Xids.NONE,
                Instant.EPOCH,
                List.of(new KeyLookup(MAIN, List.of(1), List.of("int4"), keys("7")))));
        for (int i = 0; i < 3; i++) {
            membership.showing(all("3"));
            membership.showing(late);
        }
        try (Statement statement = opened.getFirst().createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*), min(generic_plans), max(custom_plans) FROM pg_prepared_statements"
                                + " WHERE statement LIKE 'SELECT EXISTS%'")) {
            row.next();
            assertThat(row.getInt(1)).as("seventy views by 32, and one").isEqualTo(4);
            assertThat(row.getInt(2)).isEqualTo(3);
            assertThat(row.getInt(3)).isZero();
        }
        String name;
        try (Statement statement = opened.getFirst().createStatement()) {
            try (ResultSet row = statement.executeQuery(
                    "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%late%' AND statement LIKE 'SELECT EX%'")) {
                row.next();
                name = row.getString(1);
            }
            List<String> plan = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("EXPLAIN EXECUTE \"" + name + "\" ('{7}')")) {
                while (rows.next()) {
                    plan.add(rows.getString(1));
                }
            }
            assertThat(String.join("\n", plan)).contains("late_id_idx").doesNotContain("Seq Scan");
        }
    }

    @Test
    void keysOfEveryKind() throws Exception {
        database.execute(
                "CREATE TYPE mood AS ENUM ('a', 'it''s, \"so\"')",
                "CREATE TABLE t (u uuid, m mood, n numeric, s text COLLATE \"und-x-icu\")",
                "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', 'it''s, \"so\"', 1.50, 'ä\\{},')",
                "CREATE MATERIALIZED VIEW v AS SELECT s, n, m, u FROM t",
                "CREATE UNIQUE INDEX ON v (u)",
                "CREATE UNIQUE INDEX ON v (m, n, s)");
        assertThat(asked(List.of(4), List.of("uuid"), "00000000-0000-0000-0000-000000000001"))
                .isTrue();
        assertThat(asked(List.of(4), List.of("uuid"), "00000000-0000-0000-0000-000000000002"))
                .isFalse();
        List<String> types = List.of("numeric", "public.mood", "text");
        assertThat(asked(List.of(2, 3, 1), types, "1.5", "it's, \"so\"", "ä\\{},"))
                .isTrue();
        assertThat(asked(List.of(2, 3, 1), types, "1.5", "a", "ä\\{},")).isFalse();
    }

    private boolean asked(List<Integer> positions, List<String> types, String... key) {
        KeyLookup rows = new KeyLookup(MAIN, positions, types, Set.of(List.of(key)));
        ViewId view = new ViewId("public", "v");
        return membership
                .showing(List.of(new Impact(view, Xids.NONE, Instant.EPOCH, List.of(rows))))
                .contains(view);
    }

    @Test
    void aViewThatCannotBeQueriedMayHoldTheRow() throws Exception {
        roleViews();
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("ALTER MATERIALIZED VIEW " + quoted(40) + " RENAME COLUMN role TO r");
            assertThat(membership.showing(all("3")))
                    .as("whoever is asked together with the locked one")
                    .contains(view(3), view(40))
                    .doesNotContain(view(4), view(VIEWS - 1));
            connection.rollback();
        }
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        database.execute("DROP MATERIALIZED VIEW " + quoted(40));
        assertThat(membership.showing(all("3"))).contains(view(3), view(40)).doesNotContain(view(4));
    }

    @Test
    void aViewIsReturnedWhileATransactionIsNotVisible() throws Exception {
        roleViews();
        String running;
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try (ResultSet row = statement.executeQuery("SELECT pg_current_xact_id()")) {
                row.next();
                running = row.getString(1);
            }
            KeyLookup rows = new KeyLookup(MAIN, List.of(2), List.of("int4"), keys("3"));
            List<Impact> candidates = List.of(
                    new Impact(view(5), Xids.of(new Xid(Long.parseLong(running))), Instant.EPOCH, List.of(rows)),
                    new Impact(view(6), Xids.NONE, Instant.EPOCH, List.of(rows)));
            assertThat(membership.showing(candidates)).containsExactly(view(5));
            connection.rollback();
            assertThat(membership.showing(candidates)).isEmpty();
        }
    }

    @Test
    void aLostConnectionIsReplaced() throws Exception {
        roleViews();
        membership.showing(all("3"));
        opened.getFirst().close();
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        assertThat(opened).hasSize(2);
        database.execute("SELECT pg_terminate_backend(pid, " + TestTimeout.LIMIT.toMillis()
                + ") FROM pg_stat_activity WHERE datname = current_database()"
                + " AND query LIKE '%pg_current_snapshot%' AND pid <> pg_backend_pid()");
        assertThat(membership.showing(all("3"))).containsExactly(view(3));
        assertThat(opened).hasSize(3);
    }
}
