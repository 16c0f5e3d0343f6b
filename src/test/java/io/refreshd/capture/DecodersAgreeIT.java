package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * One log, read by pgoutput and by Debezium's own connector: every decision is compared. Debezium's events may show less, never
 * something else.
 */
class DecodersAgreeIT {
    private static final int TRANSACTIONS = 150;
    private static final int AT_ONCE = 10;

    /** Tables with the same rows: with the key of a former row in the log, or all of it; the last also has types that are not decided. */
    private static final List<String> TABLES = List.of("by_key", "whole", "mixed");

    @Test
    void everyDecisionIsTheSameOrCoarser() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (TestDatabase database = TestDatabase.create()) {
            schema(database);
            Router router = router(database);
            try (Recorded pgoutput = new Recorded(database, router, "a_" + database.slot(), false);
                    Recorded debezium = new Recorded(database, router, "b_" + database.slot(), true)) {
                // What is written before a source first sees a table counts for the whole table.
                for (String table : TABLES) {
                    database.execute("INSERT INTO " + table + " (id) VALUES (1000)");
                }
                database.execute("INSERT INTO filled VALUES (1000)");
                debezium.awaitTables();
                long first = xid(database);
                // JSON shows the default in place of NULL.
                database.execute(
                        "INSERT INTO filled VALUES (1, NULL)", "UPDATE filled SET role = 'a'", "DELETE FROM filled");
                for (int i = 1; i <= TRANSACTIONS; i++) {
                    database.execute(transaction(random));
                    if (i % AT_ONCE == 0) {
                        // So that no source has so many to hand over that it carries some of them as one.
                        database.execute("INSERT INTO mark VALUES (" + i + ")");
                        pgoutput.awaitMarks(i / AT_ONCE);
                        debezium.awaitMarks(i / AT_ONCE);
                    }
                }
                compare(pgoutput, debezium, router, first, xid(database), "seed " + seed + ", transaction ");
            }
        }
    }

    private static void compare(
            Recorded pgoutput, Recorded debezium, Router router, long first, long last, String what) {
        int exact = 0;
        int all = 0;
        for (long xid = first; xid < last; xid++) {
            Map<ViewId, Set<KeyLookup>> fine = pgoutput.decision(router, new Xid(xid));
            Map<ViewId, Set<KeyLookup>> coarse = debezium.decision(router, new Xid(xid));
            assertThat(coarse.keySet()).as(what + xid).containsAll(fine.keySet());
            fine.forEach((view, rows) -> assertThat(coarse.get(view))
                    .as("no look-up, or that of " + rows)
                    .satisfiesAnyOf(
                            found -> assertThat(found).isEmpty(),
                            found -> assertThat(found).isEqualTo(rows)));
            exact += fine.equals(coarse) ? 1 : 0;
            all += fine.isEmpty() && coarse.isEmpty() ? 0 : 1;
        }
        assertThat(all).as(what + "decisions").isGreaterThan(TRANSACTIONS / 2);
        assertThat(exact).as(what + "equal decisions").isGreaterThan(all / 2);
    }

    private static long xid(TestDatabase database) throws Exception {
        return Long.parseLong(String.valueOf(
                database.query("SELECT pg_snapshot_xmax(pg_current_snapshot())").getFirst()));
    }

    private static void schema(TestDatabase database) throws Exception {
        for (String table : TABLES) {
            database.execute(
                    "CREATE TABLE %s (id int PRIMARY KEY, role text, n numeric(9,2), on_day date, flag boolean, at timestamptz, shape point)"
                            .formatted(table),
                    "CREATE MATERIALIZED VIEW %1$s_a AS SELECT id, n FROM %1$s WHERE role = 'a'".formatted(table),
                    "CREATE MATERIALIZED VIEW %1$s_days AS SELECT on_day, count(*) FROM %1$s GROUP BY 1"
                            .formatted(table),
                    "CREATE MATERIALIZED VIEW %1$s_at AS SELECT id, at, flag FROM %1$s".formatted(table));
            if (!table.equals("by_key")) {
                database.execute("ALTER TABLE " + table + " REPLICA IDENTITY FULL");
            }
        }
        database.execute(
                "CREATE TABLE filled (id int PRIMARY KEY, role text DEFAULT 'a')",
                "ALTER TABLE filled REPLICA IDENTITY FULL",
                "CREATE MATERIALIZED VIEW filled_roles AS SELECT id, role FROM filled",
                "CREATE TABLE mark (id int PRIMARY KEY)",
                "CREATE PUBLICATION differential FOR TABLE mark, filled, " + String.join(", ", TABLES));
    }

    private static Router router(TestDatabase database) throws Exception {
        try (Connection connection = database.connect()) {
            return new Router(ViewGraph.of(CatalogReader.read(connection), view -> true));
        }
    }

    private static String transaction(Random random) {
        List<String> statements = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            statements.add(statement(TABLES.get(random.nextInt(TABLES.size())), random));
        }
        return "BEGIN; " + String.join("; ", statements) + "; COMMIT";
    }

    private static String statement(String table, Random random) {
        int id = random.nextInt(20);
        String role = List.of("'a'", "'b'", "'__debezium_unavailable_value'", "NULL", "''")
                .get(random.nextInt(5));
        String day =
                List.of("'2026-11-30'", "'infinity'", "'0044-03-15 BC'", "NULL").get(random.nextInt(4));
        String number = List.of("1.5", "0", "'NaN'", "-3.25", "NULL").get(random.nextInt(5));
        return switch (random.nextInt(9)) {
            case 0, 1, 2 ->
                ("INSERT INTO %s VALUES (%d, %s, %s, %s, true, now(), '(1,2)') ON CONFLICT (id) DO UPDATE SET role = %s")
                        .formatted(table, id, role, number, day, role);
            case 3 -> "UPDATE %s SET role = %s WHERE id = %d".formatted(table, role, id);
            case 4 -> "UPDATE %s SET on_day = %s, n = %s WHERE id = %d".formatted(table, day, number, id);
            case 5 -> "UPDATE %s SET at = clock_timestamp(), flag = NOT flag WHERE id = %d".formatted(table, id);
            case 6 ->
                "UPDATE %s SET id = id + 100 WHERE id = %d AND NOT EXISTS (SELECT FROM %1$s WHERE id = %2$d + 100)"
                        .formatted(table, id);
            case 7 -> "DELETE FROM %s WHERE id = %d".formatted(table, id);
            default ->
                random.nextInt(10) == 0
                        ? "TRUNCATE " + table
                        : "DELETE FROM %s WHERE id BETWEEN 100 AND 105".formatted(table);
        };
    }

    /** A source on a slot of its own, whose changes are kept. */
    private static final class Recorded implements AutoCloseable {
        private final RecordingHandler handler;
        private final ChangeSource source;

        Recorded(TestDatabase database, Router router, String slot, boolean unchanged) throws Exception {
            CaptureSettings settings = new CaptureSettings(
                    Server.of(database.url(), LocalPostgres.USER, ""), slot, "differential", Duration.ofMillis(100));
            try (Connection connection = database.connect()) {
                Slot.create(connection, slot, io.refreshd.testing.TestTimeout.LIMIT);
            }
            handler = new RecordingHandler(database.connect()) {
                @Override
                public Interest interestIn(TableId table) {
                    return router.interestIn(table);
                }
            };
            source = unchanged
                    ? new DebeziumChangeSource(settings, handler)
                    : new PgoutputChangeSource(settings, handler);
            source.start();
        }

        void awaitTables() {
            await("the tables were seen")
                    .until(() -> handler.changes().stream()
                                    .map(Change::table)
                                    .distinct()
                                    .count()
                            == TABLES.size() + 1);
        }

        void awaitMarks(long count) {
            await("the log was read")
                    .until(() -> handler.changes().stream()
                                    .filter(change -> change.table().name().equals("mark"))
                                    .count()
                            == count);
        }

        /** The views that a transaction affects, each with the rows to look up; none: it counts as altered. */
        Map<ViewId, Set<KeyLookup>> decision(Router router, Xid xid) {
            // What several batches hold of a transaction is decided for each; for the comparison it is put together.
            Map<TableId, Change> changes = new TreeMap<>();
            handler.changes().stream()
                    .filter(change -> change.xids().contains(xid))
                    .forEach(change -> changes.merge(change.table(), change, Recorded::together));
            Routing routing = router.route(List.copyOf(changes.values()));
            Map<ViewId, Set<KeyLookup>> decision = new TreeMap<>();
            Stream.concat(routing.impacts().stream(), routing.candidates().stream())
                    .forEach(impact -> decision.put(impact.view(), Set.copyOf(impact.lookups())));
            return decision;
        }

        private static Change together(Change one, Change other) {
            Map<Operation, Long> rows = new HashMap<>(one.rows());
            other.rows().forEach((operation, count) -> rows.merge(operation, count, Long::sum));
            return new Change(
                    one.table(),
                    one.xids(),
                    rows,
                    one.columns().union(other.columns()),
                    together(one.touched(), other.touched()),
                    one.committedAt());
        }

        private static ChangedRows together(ChangedRows one, ChangedRows other) {
            Map<String, Set<String>> values = new HashMap<>();
            Map<String, Set<String>> newValues = new HashMap<>();
            for (String column : List.of("id", "role", "on_day", "flag", "n", "at")) {
                if (one.values(column).isPresent() && other.values(column).isPresent()) {
                    values.put(
                            column,
                            union(one.values(column).get(), other.values(column).get()));
                } else {
                    Optional<Set<String>> first = one.values(column).or(() -> one.newValues(column));
                    Optional<Set<String>> second = other.values(column).or(() -> other.newValues(column));
                    if (first.isPresent() && second.isPresent()) {
                        newValues.put(column, union(first.get(), second.get()));
                    }
                }
            }
            return new ChangedRows(
                    one.key(),
                    one.keys().flatMap(keys -> other.keys().map(more -> union(keys, more))),
                    values,
                    newValues);
        }

        private static <T> Set<T> union(Set<T> one, Set<T> other) {
            Set<T> union = new HashSet<>(one);
            union.addAll(other);
            return union;
        }

        @Override
        public void close() throws Exception {
            source.close();
            handler.close();
        }
    }
}
