package io.refreshd.refresh;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.Xid;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One random schema with incremental views, random transactions, and rounds. After each round the store is compared with what the
 * definition gave at the round's snapshot. Triggers collect the keys of changed rows, as capture would.
 */
final class IncrementalRounds {
    private static final int VIEWS = 4;
    private static final int STEPS = 40;

    private final long seed;
    private final Random random;
    private final RandomJoins grammar;
    private final IncrementalFixture fixture;
    private final Connection writer;
    private final Connection slowWriter;
    private final Tally tally;
    private final List<View> views = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private boolean open;

    /** Counts of many rounds. */
    static final class Tally {
        long rounds;
        long byKeys;
        long everything;
        long changed;
        long withLater;

        @Override
        public String toString() {
            return rounds + " rounds: " + byKeys + " by keys, " + everything + " of everything; " + changed
                    + " changed rows, " + withLater + " had transactions between snapshot and log position";
        }
    }

    private record Change(Xid xid, String table, List<String> key) {}

    private static final class View {
        final String name;
        final RandomJoins.Query query;
        final List<Change> pending = new ArrayList<>();

        View(String name, RandomJoins.Query query) {
            this.name = name;
            this.query = query;
        }
    }

    IncrementalRounds(
            long seed,
            IncrementalFixture fixture,
            Connection writer,
            Connection slowWriter,
            boolean careless,
            Tally tally) {
        this.seed = seed;
        this.random = new Random(seed);
        this.grammar = new RandomJoins(random, careless);
        this.fixture = fixture;
        this.writer = writer;
        this.slowWriter = slowWriter;
        this.tally = tally;
    }

    void play() throws Exception {
        setUp();
        for (int step = 0; step < STEPS; step++) {
            for (int i = random.nextInt(3); i > 0; i--) {
                commit();
            }
            if (random.nextInt(4) == 0) {
                slowly();
            }
            collect();
            if (random.nextInt(3) == 0) {
                commit(); // visible in the next rounds, and not read yet
            }
            for (View view : views) {
                if (random.nextInt(3) > 0) {
                    round(view);
                }
            }
        }
        if (open) {
            slowWriter.rollback();
            open = false;
        }
    }

    private void setUp() throws Exception {
        try (Statement statement = writer.createStatement()) {
            statement.execute("DELETE FROM refreshd.incremental_view");
            for (String sql : grammar.schema()) {
                statement.execute(sql);
            }
        }
        fixture.forget();
        while (views.size() < VIEWS) {
            String name = "v" + views.size();
            RandomJoins.Query query = grammar.query();
            try {
                fixture.view(
                        name, query.sql(), query.hidden(), query.positions().get(query.anchor()));
            } catch (SQLException notAView) {
                fixture.database.execute("DROP VIEW IF EXISTS refreshd_store." + name + "_definition CASCADE");
                continue;
            }
            views.add(new View(name, query));
            if (random.nextInt(3) == 0 && query.uses().stream().allMatch(use -> use.shown)) {
                fixture.database.execute("CREATE UNIQUE INDEX ON refreshd_store." + name + " ("
                        + IntStream.rangeClosed(1, query.hidden())
                                .mapToObj(i -> "c" + i)
                                .collect(Collectors.joining(", "))
                        + ")");
            }
        }
        collect();
        views.forEach(view -> view.pending.clear());
    }

    private void commit() throws SQLException {
        transaction(writer, grammar.transaction());
        writer.commit();
        writer.setAutoCommit(true);
    }

    /** Another transaction begins or ends, so that its changes are not visible in rounds meanwhile. */
    private void slowly() throws SQLException {
        if (open) {
            slowWriter.commit();
        } else {
            // Rounds wait for a TRUNCATE that has not ended, and nobody else would end it.
            transaction(
                    slowWriter,
                    grammar.transaction().stream()
                            .filter(sql -> !sql.contains("TRUNCATE"))
                            .toList());
        }
        open = !open;
    }

    private void transaction(Connection connection, List<String> statements) throws SQLException {
        done.add((connection == writer ? "" : "slow ") + statements);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = '20ms'");
            for (String sql : statements) {
                if (sql.contains("SAVEPOINT") || sql.contains("ROLLBACK")) {
                    statement.execute(sql);
                    continue;
                }
                statement.execute("SAVEPOINT one");
                try {
                    statement.execute(sql);
                } catch (SQLException refused) {
                    // A key that is there, or a row that the other transaction has changed.
                    statement.execute("ROLLBACK TO one");
                }
            }
        }
    }

    /** Hands the changes of all transactions that have committed to the views. */
    private void collect() throws SQLException {
        try (Statement statement = writer.createStatement();
                ResultSet rows = statement.executeQuery("DELETE FROM harness.change RETURNING xid::text, name, key")) {
            while (rows.next()) {
                Array key = rows.getArray(3);
                Change change = new Change(
                        new Xid(Long.parseLong(rows.getString(1))),
                        rows.getString(2),
                        key == null ? List.of() : Arrays.asList((String[]) key.getArray()));
                views.forEach(view -> view.pending.add(change));
            }
        }
    }

    private Optional<List<KeyProbe>> probes(View view, List<Change> changes) {
        List<KeyProbe> probes = new ArrayList<>();
        for (int i = 0; i < view.query.uses().size(); i++) {
            RandomJoins.Use use = view.query.uses().get(i);
            Set<List<String>> keys = new HashSet<>();
            for (Change change : changes) {
                if (change.table().equals(use.table.name())) {
                    if (use.everything || change.key().isEmpty()) {
                        return Optional.empty();
                    }
                    keys.add(change.key().subList(0, use.table.key().size()));
                }
            }
            if (!keys.isEmpty()) {
                List<String> types =
                        use.table.composite() ? List.of(use.table.type(), "int") : List.of(use.table.type());
                probes.add(new KeyProbe(
                        new TableId("public", use.table.name()),
                        view.query.positions().get(i),
                        types,
                        keys));
            }
        }
        return Optional.of(probes);
    }

    private void round(View view) throws Exception {
        int known = view.pending.size();
        Optional<List<KeyProbe>> probes = probes(view, view.pending);
        if (probes.isPresent() && probes.get().isEmpty() && random.nextInt(20) > 0) {
            return;
        }
        String definition = "refreshd_store." + view.name + "_definition";
        Map<String, String> expected = new HashMap<>(Map.of("in", definition));
        RefreshOutcome outcome =
                fixture.refresher.refresh(fixture.task(view.name, Set.of(), probes.orElse(List.of())), position -> {
                    try {
                        return later(view, known, expected);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
        String where = "seed " + seed + ", " + view.name + ": " + RandomJoins.describe(view.query) + "\n after "
                + done.subList(Math.max(0, done.size() - 12), done.size()) + "\n probes " + probes + "\n ";
        if (!(outcome instanceof RefreshOutcome.Refreshed refreshed)) {
            throw new AssertionError(where + outcome);
        }
        if (fixture.differs(view.name, expected.get("in"))) {
            throw new AssertionError(where + "differs from its definition");
        }
        Snapshot snapshot = refreshed.snapshot();
        view.pending.removeIf(change -> snapshot.sees(change.xid()));
        tally.rounds++;
        tally.changed += refreshed.rowsChanged().orElseThrow();
        if (fixture.lastDetail(view.name).contains("everything")) {
            tally.everything++;
        } else {
            tally.byKeys++;
        }
    }

    /** The round's snapshot is taken, and nothing has committed since. */
    private Optional<List<KeyProbe>> later(View view, int known, Map<String, String> expected) throws Exception {
        if (random.nextInt(3) == 0) {
            fixture.database.execute(
                    "DROP TABLE IF EXISTS harness.expected",
                    "CREATE TABLE harness.expected AS SELECT * FROM refreshd_store." + view.name + "_definition");
            expected.put("in", "harness.expected");
            tally.withLater++;
            if (open && random.nextBoolean()) {
                slowly();
            }
            commit();
        }
        collect();
        return random.nextInt(60) == 0
                ? Optional.empty()
                : probes(view, view.pending.subList(known, view.pending.size()));
    }

    /** Plays seeds one after the other. Arguments: the first seed, how many rounds, and "careless" to see it fail. */
    static Tally play(long seed, long rounds, boolean careless) throws Exception {
        Tally tally = new Tally();
        long next = seed;
        while (tally.rounds < rounds) {
            try (IncrementalFixture fixture = new IncrementalFixture();
                    Connection writer = fixture.database.connect();
                    Connection slowWriter = fixture.database.connect()) {
                for (int i = 0; i < 20 && tally.rounds < rounds; i++) {
                    new IncrementalRounds(next++, fixture, writer, slowWriter, careless, tally).play();
                }
            }
            System.out.println("seeds " + seed + " to " + (next - 1) + ": " + tally);
        }
        return tally;
    }

    public static void main(String[] args) throws Exception {
        play(Long.parseLong(args[0]), Long.parseLong(args[1]), args.length > 2);
        System.exit(0);
    }
}
