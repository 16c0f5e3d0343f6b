package io.refreshd.bench;

import io.refreshd.client.Details;
import io.refreshd.client.RoleView;
import io.refreshd.client.RoleViews;
import io.refreshd.client.WithDetails;
import io.refreshd.testing.CountingDataSource;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/** The cost of the reading API against plain JDBC: finding one view among many, and reading rows with details. */
final class ReadingFigures {
    record Item(int id, String title, BigDecimal amount) {}

    record Note(long id, int mainId, String body) {}

    private static final int REGISTERED = 10_000;
    private static final int BATCH = 1_000;
    private static final int READ = 100_000;
    private static final int REPEATS = 9;
    private static final double SECONDS = 3;

    private final BenchDatabase database;
    private final Map<String, Object> results;

    ReadingFigures(BenchDatabase database, Map<String, Object> results) {
        this.database = database;
        this.results = results;
    }

    void run() throws Exception {
        try (Connection connection = database.connect()) {
            lookUps(connection);
            details(connection);
        }
    }

    private void lookUps(Connection connection) throws Exception {
        database.execute("CREATE SCHEMA looked");
        for (int batch = 0; batch < REGISTERED / BATCH; batch++) {
            database.execute("""
                    DO $$ BEGIN FOR i IN %d .. %d LOOP
                      EXECUTE format('CREATE VIEW looked.up_%%s AS SELECT 1 AS id', i);
                    END LOOP; END $$""".formatted(batch * BATCH, (batch + 1) * BATCH - 1));
        }
        record One(int id) {}
        RoleViews<One> views = RoleViews.of(SingleConnection.of(connection), "looked.up_{role}", One.class);
        String[] roles = new String[REGISTERED];
        for (int i = 0; i < REGISTERED; i++) {
            // A new object, and not the one that the registry holds.
            roles[i] = Integer.toString(i);
            views.forRole(Integer.toString(i)).all();
        }
        if (views.registered() != REGISTERED) {
            throw new IllegalStateException(views.registered() + " are registered");
        }
        perSecond(views, roles);
        note(
                "forRole, " + REGISTERED + " registered, one thread",
                String.format(Locale.ROOT, "%,.0f look-ups/s", perSecond(views, roles)));
    }

    private static double perSecond(RoleViews<?> views, String[] roles) {
        SplittableRandom random = new SplittableRandom(42);
        long begin = System.nanoTime();
        long count = 0;
        int known = 0;
        while (System.nanoTime() - begin < SECONDS * 1e9) {
            for (int i = 0; i < BATCH; i++) {
                known += views.forRole(roles[random.nextInt(roles.length)])
                        .role()
                        .length();
            }
            count += BATCH;
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        if (known < count) {
            throw new IllegalStateException("each has a name");
        }
        return count / seconds;
    }

    private void details(Connection connection) throws Exception {
        database.execute(
                "CREATE SCHEMA read",
                "CREATE MATERIALIZED VIEW read.role_a AS SELECT id, title, amount FROM main ORDER BY id LIMIT " + READ,
                "CREATE UNIQUE INDEX ON read.role_a (id)",
                "CREATE TABLE read.notes (id bigint PRIMARY KEY, main_id int NOT NULL, body text NOT NULL)",
                "INSERT INTO read.notes SELECT 3 * id + n, id, 'note ' || n FROM read.role_a, generate_series(0, 2) n",
                "CREATE INDEX ON read.notes (main_id)",
                "VACUUM ANALYZE read.role_a, read.notes");
        CountingDataSource counted = new CountingDataSource(SingleConnection.of(connection));
        RoleView<Item> view = RoleViews.of(counted.dataSource(), "read.role_{role}", Item.class)
                .forRole("a");
        Details<Note> notes = new Details<>("read.notes", "main_id", "id", Note.class);
        List<Double> api = new ArrayList<>();
        List<Double> plain = new ArrayList<>();
        int queries = 0;
        for (int i = 0; i <= REPEATS; i++) {
            long begin = System.nanoTime();
            List<WithDetails<Item, Note>> mapped = view.all(notes);
            double seconds = (System.nanoTime() - begin) / 1e9;
            queries = counted.take().size();
            begin = System.nanoTime();
            List<WithDetails<Item, Note>> same = byHand(connection);
            double bySelf = (System.nanoTime() - begin) / 1e9;
            if (i == 0) {
                if (mapped.size() != READ || !Map.of().equals(difference(mapped, same))) {
                    throw new IllegalStateException("the two have not read the same");
                }
            } else {
                api.add(seconds);
                plain.add(bySelf);
            }
        }
        note(READ + " rows with " + 3 * READ + " details: statements sent", Integer.toString(queries));
        note(READ + " rows with details, RoleView", Sample.of(api));
        note(READ + " rows with details, plain JDBC", Sample.of(plain));
        note(
                "... ratio of the medians",
                String.format(
                        Locale.ROOT,
                        "%.2f",
                        Sample.of(api).median() / Sample.of(plain).median()));
    }

    private static Map<Item, List<Note>> difference(
            List<WithDetails<Item, Note>> some, List<WithDetails<Item, Note>> others) {
        Map<Item, List<Note>> left = new HashMap<>();
        some.forEach(row -> left.put(row.row(), row.details()));
        others.forEach(row -> left.remove(row.row(), row.details()));
        return left;
    }

    /** The same two queries in the same kind of transaction in plain JDBC. */
    private static List<WithDetails<Item, Note>> byHand(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        List<Item> items = new ArrayList<>();
        Map<Integer, List<Note>> notes = new HashMap<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT id, title, amount FROM read.role_a")) {
                while (row.next()) {
                    items.add(new Item(row.getInt(1), row.getString(2), row.getBigDecimal(3)));
                }
            }
            try (ResultSet row = statement.executeQuery(
                    "SELECT id, main_id, body FROM read.notes" + " WHERE main_id IN (SELECT id FROM read.role_a)")) {
                while (row.next()) {
                    notes.computeIfAbsent(row.getInt(2), id -> new ArrayList<>())
                            .add(new Note(row.getLong(1), row.getInt(2), row.getString(3)));
                }
            }
        }
        connection.commit();
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        connection.setAutoCommit(true);
        List<WithDetails<Item, Note>> rows = new ArrayList<>();
        for (Item item : items) {
            rows.add(new WithDetails<>(item, notes.getOrDefault(item.id(), List.of())));
        }
        return rows;
    }

    private void note(String name, Object value) {
        System.out.printf("role views: %s: %s%n", name, value instanceof Sample sample ? sample.millis() : value);
        results.put("role views: " + name, value);
    }
}
