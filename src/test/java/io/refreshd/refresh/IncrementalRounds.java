package io.refreshd.refresh;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.PlainSession;
import io.refreshd.incremental.ChangedKeys;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.HiddenColumns;
import io.refreshd.incremental.KeyedSql;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Interest;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Operation;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.Snapshot;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestDatabase;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One random schema with incremental views, random transactions, and rounds. After each round the store is compared with what the
 * definition gave at the round's snapshot.
 *
 * <p>Each view is planned as a conversion plans it, and the catalog is read and changes are routed as the daemon does. Capture is left
 * out: triggers collect the changed rows, of which as much is known as the log would hold. Most rounds leave out more, the proofs, locks
 * and ledger rows that take nine tenths of a round: they run its statements alone.
 */
final class IncrementalRounds {
    private static final int VIEWS = 5;

    /** In each schema; {@code -Drefreshd.steps} says how many others. */
    private static final int STEPS = Integer.getInteger("refreshd.steps", 100);

    /** After so many schemas another database is made, since the catalog of the old one has grown. */
    private static final int SEEDS = 30;

    /** One of so many rounds is a whole one. */
    private static final int WHOLE = 25;

    /** So many of a hundred queries group rows. */
    private static final int GROUPED = Integer.getInteger("refreshd.grouped", 50);

    /** So many of a hundred queries have few groups with totals. */
    private static final int TOTALS = Integer.getInteger("refreshd.totals", 15);

    /** So many of a hundred schemas have views that read views. */
    private static final int STACKED = Integer.getInteger("refreshd.stacked", 20);

    /** How many rounds may fail for a connection that broke. */
    private static final int MOST_OUTAGES = 20;

    /** The columns by which rows may be found. */
    private static final List<String> LOGGED = List.of("id", "k2", "a", "b", "v");

    private final long seed;
    private final Random random;
    private final RandomJoins grammar;
    private final RandomGroups groups;
    private final RandomTotals totals;
    private final IncrementalFixture fixture;
    private final Connection writer;
    private final Connection slowWriter;
    private final Connection rounds;
    private final Handle roundsHandle;
    private final Tally tally;
    private final List<View> views = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private final boolean careless;
    private final RandomStacks stacks;
    private final boolean stacked;
    /** In every other schema the first view has totals, so that a short run has some whatever its seed. */
    private final boolean beginsWithTotals;
    /** In the others the first view has a unique index on its key. */
    private final boolean beginsWithUniqueKey;

    private ViewGraph graph = ViewGraph.EMPTY;
    private Router router = new Router(ViewGraph.EMPTY);
    private boolean open;

    /** Counts of many rounds. */
    static final class Tally {
        long rounds;
        long outages;
        long byKeys;
        long ofGroups;
        long ofTotals;
        long everything;
        long changed;
        long withLater;
        long views;
        long throughOthers;
        long nested;
        long computed;
        long ofStacks;
        long ofUniqueKeys;
        long refused;

        @Override
        public String toString() {
            return rounds + " rounds: " + byKeys + " by keys (" + 100 * byKeys / Math.max(1, rounds) + " %, " + ofGroups
                    + " of groups, " + ofTotals + " by totals), "
                    + everything + " of everything; " + changed + " changed rows, " + withLater
                    + " had transactions between snapshot and log position; changes of " + throughOthers + " of "
                    + views
                    + " views led through other tables; " + nested + " had groups of groups, " + computed
                    + " LATERAL or the order of rows; "
                    + ofStacks + " rounds by keys of views that read views; " + ofUniqueKeys
                    + " with a unique index on the key, which refused " + refused + " more";
        }
    }

    /** A changed row. Values are those of {@link #LOGGED}; none of an old or a new row that there is not, and of TRUNCATE. */
    private record Row(Xid xid, RandomJoins.Table table, Operation operation, List<String> was, List<String> is) {}

    private record Waiting(Xid xid, List<KeyLookup> lookups) {}

    private static final class View {
        final String name;
        final long oid;
        final String query;
        final MapsOfRound maps;
        final List<Waiting> pending = new ArrayList<>();
        boolean needsAllRows;
        private StoreLayout layout;
        private RoundSql sql;
        private final PreparedStatement differs;

        View(String name, long oid, String query, StoreLayout layout, MapsOfRound maps, PreparedStatement differs) {
            this.name = name;
            this.oid = oid;
            this.maps = maps;
            this.query = query;
            this.layout = layout;
            this.sql = new RoundSql(layout);
            this.differs = differs;
        }
    }

    IncrementalRounds(
            long seed,
            IncrementalFixture fixture,
            Connection writer,
            Connection slowWriter,
            Connection rounds,
            boolean careless,
            Tally tally) {
        this.seed = seed;
        this.random = new Random(seed);
        this.careless = careless;
        this.grammar = new RandomJoins(random);
        this.groups = new RandomGroups(random, grammar);
        this.totals = new RandomTotals(random, grammar);
        this.stacks = new RandomStacks(random, grammar.tables());
        this.stacked = random.nextInt(100) < STACKED;
        this.beginsWithTotals = TOTALS > 0 && seed % 2 == 0;
        this.beginsWithUniqueKey = seed % 2 != 0;
        this.fixture = fixture;
        this.writer = writer;
        this.slowWriter = slowWriter;
        this.rounds = rounds;
        this.roundsHandle = JdbiFactory.over(rounds).open();
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
            if (stacked) {
                together();
                continue;
            }
            for (View view : views) {
                int kind = random.nextInt(WHOLE * 3 / 2);
                if (kind == 0) {
                    whole(view);
                } else if (kind < WHOLE) {
                    statements(view);
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
        if (beginsWithUniqueKey) {
            add(create("v0", grammar.oneTable()));
        }
        for (int tries = 0; views.size() < VIEWS && tries < 200; tries++) {
            boolean onViews = stacked && views.size() > 1 && !stacks.isEmpty();
            String name = "v" + views.size();
            boolean withTotals = random.nextInt(100) < TOTALS || beginsWithTotals && views.isEmpty();
            add(
                    onViews
                            ? withTotals ? convert(name, stacks.query()) : create(name, stacks.query())
                            : withTotals
                                    ? convertWithTotals(name, totals.query())
                                    : create(name, random.nextInt(100) < GROUPED ? groups.query() : grammar.query()));
        }
        try (Statement statement = writer.createStatement()) {
            // Without statistics the planner would read whole tables to see how large they are.
            statement.execute("ANALYZE");
        }
        graph = ViewGraph.of(CatalogReader.read(writer), name -> true);
        router = new Router(graph);
        collect();
        views.forEach(view -> view.pending.clear());
    }

    private void add(Optional<View> made) throws Exception {
        if (made.isPresent()) {
            views.add(made.get());
            source(made.get());
        }
    }

    private Optional<View> convertWithTotals(String name, String query) throws Exception {
        Optional<View> made = convert(name, query);
        if (made.isPresent() && !made.get().maps.haveTotals()) {
            throw new AssertionError("seed " + seed + ": no totals are kept of " + query);
        }
        return made;
    }

    /** Converts a view as an operator does, with totals if it can have them. @return empty if the query cannot be kept by keys */
    private Optional<View> convert(String name, String query) throws Exception {
        fixture.database.execute("CREATE MATERIALIZED VIEW " + name + " AS " + query);
        try (Handle own = fixture.connectAsRefreshd()) {
            Conversion.forward(own, new ViewId("public", name));
        } catch (PrerequisitesMissingException notIncremental) {
            fixture.database.execute("DROP MATERIALIZED VIEW " + name);
            return Optional.empty();
        }
        fixture.adopt(name);
        tally.views++;
        return Optional.of(view(name, query));
    }

    private View view(String name, String query) throws Exception {
        if (beginsWithUniqueKey && views.isEmpty() || random.nextInt(3) > 0) {
            addUniqueIndex(layout(name));
        }
        StoreLayout layout = layout(name);
        return new View(
                name,
                fixture.oid(name),
                query,
                layout,
                new MapsOfRound(roundsHandle, layout),
                rounds.prepareStatement(IncrementalFixture.DIFFERS.formatted(
                        IntStream.rangeClosed(1, layout.columns().size())
                                .mapToObj(i -> "c" + i)
                                .collect(Collectors.joining(", ")),
                        SqlNames.qualified(layout.names().store()),
                        SqlNames.qualified(layout.names().definition()))));
    }

    private StoreLayout layout(String name) throws Exception {
        return StoreLayout.read(fixture.handle, fixture.oid(name)).orElseThrow();
    }

    /** As a user may have one on the key. Where the definition gives a key twice now, there can be none. */
    private void addUniqueIndex(StoreLayout layout) throws SQLException {
        try (Statement statement = writer.createStatement()) {
            statement.execute("CREATE UNIQUE INDEX ON "
                    + SqlNames.qualified(layout.names().store()) + " ("
                    + layout.names().recomputeKey().stream()
                            .map(i -> SqlNames.identifier(
                                    layout.columns().get(i - 1).name()))
                            .collect(Collectors.joining(", "))
                    + ")");
        } catch (SQLException twice) {
            done.add("no unique index: " + twice.getSQLState());
        }
    }

    /** The definition gives a key twice from now on. The owner of the view takes the index away, and the next round goes on. */
    private boolean refused(View view, String sqlState) throws Exception {
        if (!sqlState.equals("23505") || !view.layout.keyIsUnique()) {
            return false;
        }
        fixture.database.execute("DO $$ DECLARE i text; BEGIN FOR i IN SELECT indexrelid::regclass::text FROM pg_index"
                + " WHERE indisunique AND indrelid = '"
                + SqlNames.qualified(view.layout.names().store())
                + "'::regclass LOOP EXECUTE 'DROP INDEX ' || i; END LOOP; END $$");
        view.layout = layout(view.name);
        view.sql = new RoundSql(view.layout);
        tally.refused++;
        return true;
    }

    /** Has later views read this one. */
    private void source(View view) throws Exception {
        String columns = "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'public." + view.name
                + "'::regclass AND attnum > 0";
        List<String> numbers = fixture.database.query(columns + " AND atttypid IN ('int4'::regtype, 'int8'::regtype)");
        if (!numbers.isEmpty()) {
            stacks.add(new RandomStacks.Source(view.name, numbers, fixture.database.query(columns)));
        }
    }

    private static ViewId id(View view) {
        return new ViewId("public", view.name);
    }

    /** A round of some of the views, that reads what they lack of each other. */
    private void together() throws Exception {
        collect();
        List<View> members = new ArrayList<>(views);
        members.removeIf(view -> random.nextInt(4) == 0);
        if (members.isEmpty()) {
            return;
        }
        Optional<View> alone = members.stream()
                .filter(view -> view.needsAllRows || lookups(view.pending).isEmpty())
                .findFirst();
        alone.ifPresent(view -> members.retainAll(List.of(view)));
        Map<ViewId, Integer> known = new HashMap<>();
        List<RefreshTask> tasks = new ArrayList<>();
        for (View view : members) {
            known.put(id(view), view.pending.size());
            tasks.add(task(view, alone.isPresent()));
        }
        boolean[] moved = {false};
        Map<ViewId, RefreshOutcome> outcomes = fixture.refresher.round(tasks, (ids, position) -> {
            try {
                if (random.nextInt(4) == 0) {
                    moved[0] = true;
                    tally.withLater++;
                    if (open && random.nextBoolean()) {
                        slowly();
                    }
                    commit();
                }
                collect();
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
            Map<ViewId, Optional<List<KeyLookup>>> later = new HashMap<>();
            views.stream()
                    .filter(view -> ids.contains(id(view)))
                    .forEach(view -> later.put(
                            id(view),
                            random.nextInt(100) == 0
                                    ? Optional.empty()
                                    : lookups(view.pending.subList(
                                            known.getOrDefault(id(view), 0), view.pending.size()))));
            return later;
        });
        for (View view : members) {
            ended(view, Optional.ofNullable(outcomes.get(id(view))).orElseThrow(), moved[0]);
        }
    }

    private RefreshTask task(View view, boolean everything) throws Exception {
        RefreshTask task = fixture.task(
                view.name, Set.of(), lookups(List.copyOf(view.pending)).orElse(List.of()));
        List<UpstreamRows.Reader> readers = new ArrayList<>();
        for (View reader : views) {
            graph.stackOf(id(reader)).stream()
                    .filter(rows -> rows.view().equals(id(view)))
                    .forEach(rows -> readers.add(rows.reader(id(reader), reader.oid, random.nextBoolean())));
        }
        return TaskBuilder.like(task)
                .basis(new RoundBasis(
                        "",
                        everything ? "rows changed" : "",
                        FullRecompute.ALLOW,
                        List.of(),
                        new RoundBasis.Stack(graph.stackOf(id(view)), readers, view.pending.isEmpty() && !everything)))
                .build();
    }

    private void ended(View view, RefreshOutcome outcome, boolean moved) throws Exception {
        switch (outcome) {
            case RefreshOutcome.Refreshed refreshed -> {
                if (!moved && fixture.differs(view.layout)) {
                    throw new AssertionError(
                            where(view, Optional.empty()) + refreshed + " differs from its definition");
                }
                view.needsAllRows = false;
                view.pending.removeIf(change -> refreshed.snapshot().sees(change.xid()));
                tally.rounds++;
                tally.changed += refreshed.rowsChanged().orElseThrow();
                if (refreshed.recomputed().orElseThrow().everything().isPresent()) {
                    tally.everything++;
                    fixture.refresher = fixture.newRefresher();
                } else {
                    tally.byKeys++;
                    tally.ofGroups += view.layout.maps().isEmpty() ? 0 : 1;
                    tally.ofTotals += view.maps.haveTotals() ? 1 : 0;
                    tally.ofStacks += graph.stackOf(id(view)).isEmpty() ? 0 : 1;
                }
            }
            case RefreshOutcome.NeedsAllRows all -> view.needsAllRows = true;
            case RefreshOutcome.Deferred deferred -> {
                if (!moved
                        && view.pending.isEmpty()
                        && graph.stackOf(id(view)).isEmpty()
                        && fixture.differs(view.layout)) {
                    throw new AssertionError(where(view, Optional.empty()) + "differs, and nothing was pending");
                }
            }
            case RefreshOutcome.Failed failed
            when failed.failure().isOutage() && tally.outages < MOST_OUTAGES -> {
                // A connection broke, as on a busy machine. Whether the round has committed is not known.
                tally.outages++;
                view.needsAllRows = true;
            }
            case RefreshOutcome.Failed failed
            when refused(view, failed.failure().sqlState()) -> done.add("refused " + view.name);
            default -> throw new AssertionError(where(view, Optional.empty()) + outcome);
        }
    }

    /** @return empty if the query cannot be kept by keys, or if it is one of too many that recompute everything */
    private Optional<View> create(String name, String query) throws Exception {
        try (Statement statement = writer.createStatement()) {
            statement.execute("CREATE MATERIALIZED VIEW made AS " + query);
        } catch (SQLException notAView) {
            // A scalar sub-query with several rows.
            return Optional.empty();
        }
        long oid = fixture.oid("made");
        IncrementalQuery plan = new RecomputeKeys(CatalogReader.read(writer)).of(oid);
        String text = fixture.database
                .query("SELECT rtrim(pg_get_viewdef('made'::regclass), ';')")
                .getFirst();
        fixture.database.execute("DROP MATERIALIZED VIEW made");
        boolean everything =
                plan.tables().stream().anyMatch(table -> table.everything().isPresent());
        if (!plan.possible() || (everything && random.nextInt(8) > 0)) {
            return Optional.empty();
        }
        tally.views++;
        tally.throughOthers +=
                plan.tables().stream().anyMatch(table -> !table.through().isEmpty()) ? 1 : 0;
        tally.nested += plan.maps().stream().anyMatch(map -> map.of() > 0) ? 1 : 0;
        tally.computed += query.matches("(?s).*(LATERAL|ARRAY|LIMIT| ALL \\(SELECT).*") ? 1 : 0;
        fixture.view(name, HiddenColumns.before(String.valueOf(text), plan), plan);
        return Optional.of(view(name, query));
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

    /** One statement, since each way to the server costs more than what it does there. What is refused is left out. */
    private void transaction(Connection connection, List<String> statements) throws SQLException {
        done.add((connection == writer ? "" : "slow ") + statements);
        StringBuilder block = new StringBuilder("DO $do$ BEGIN PERFORM set_config('lock_timeout', '20ms', true);");
        for (String sql : statements) {
            block.append(
                    switch (sql.split(" ", 2)[0]) {
                        case "SAVEPOINT" -> "BEGIN ";
                        case "ROLLBACK" -> "RAISE 'undone'; EXCEPTION WHEN OTHERS THEN NULL; END; ";
                        // A key that is there, or a row that the other transaction has changed.
                        default -> "BEGIN " + sql + "; EXCEPTION WHEN OTHERS THEN NULL; END; ";
                    });
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute(block + "END $do$");
        }
    }

    /** Routes the changes of all transactions that have committed. */
    private void collect() throws SQLException {
        Map<Xid, Map<String, List<Row>>> transactions = new LinkedHashMap<>();
        try (Statement statement = writer.createStatement();
                ResultSet rows = statement.executeQuery(
                        "DELETE FROM harness.change RETURNING xid::text, name, op, was, is_now")) {
            while (rows.next()) {
                Row row = new Row(
                        new Xid(Long.parseLong(rows.getString(1))),
                        table(rows.getString(2)),
                        Operation.valueOf(rows.getString(3)),
                        values(rows.getArray(4)),
                        values(rows.getArray(5)));
                // TRUNCATE of a partitioned table empties all partitions.
                List<String> leaves =
                        row.operation() == Operation.TRUNCATE ? row.table().leaves() : List.of(rows.getString(2));
                for (String leaf : leaves) {
                    transactions
                            .computeIfAbsent(row.xid(), xid -> new LinkedHashMap<>())
                            .computeIfAbsent(leaf, name -> new ArrayList<>())
                            .add(row);
                }
            }
        }
        transactions.forEach((xid, tables) -> {
            Routing routing = router.route(tables.entrySet().stream()
                    .map(table -> change(xid, table.getKey(), table.getValue()))
                    .toList());
            for (View view : views) {
                // A candidate is affected if the view shows the row; if it does not, its keys lead nowhere.
                Stream.concat(routing.impacts().stream(), routing.candidates().stream())
                        .filter(impact -> impact.view().name().equals(view.name))
                        .forEach(impact -> view.pending.add(new Waiting(xid, impact.lookups())));
            }
        });
    }

    private RandomJoins.Table table(String name) {
        return grammar.tables().stream()
                .filter(table -> table.name().equals(name) || table.leaves().contains(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> values(@Nullable Array array) throws SQLException {
        return array == null ? List.of() : Arrays.asList((String[]) array.getArray());
    }

    /** What capture would tell of one table in one transaction. */
    private Change change(Xid xid, String leaf, List<Row> rows) {
        RandomJoins.Table table = table(leaf);
        TableId id = new TableId("public", leaf);
        Interest interest = router.interestIn(id);
        Map<Operation, Long> operations =
                rows.stream().collect(Collectors.groupingBy(Row::operation, Collectors.counting()));
        boolean truncated = operations.containsKey(Operation.TRUNCATE);
        Set<List<String>> keys = new HashSet<>();
        Map<String, Set<String>> values = new HashMap<>();
        Map<String, Set<String>> newValues = new HashMap<>();
        for (Row row : rows) {
            for (List<String> side : List.of(row.was(), row.is())) {
                if (!side.isEmpty()) {
                    keys.add(interest.key().stream()
                            .map(column -> side.get(LOGGED.indexOf(column)))
                            .toList());
                }
            }
        }
        boolean inserted = operations.keySet().equals(Set.of(Operation.INSERT));
        for (String column : interest.discriminators()) {
            int at = LOGGED.indexOf(column);
            boolean logged = inserted || table.whole() || table.key().contains(column);
            (logged ? values : newValues)
                    .put(
                            column,
                            rows.stream()
                                    .flatMap(row -> logged ? Stream.of(row.was(), row.is()) : Stream.of(row.is()))
                                    .filter(side -> !side.isEmpty() && side.get(at) != null)
                                    .map(side -> side.get(at))
                                    .collect(Collectors.toSet()));
        }
        return new Change(
                id,
                xid,
                operations,
                ChangedColumns.ALL,
                truncated
                        ? ChangedRows.UNKNOWN
                        : new ChangedRows(
                                interest.key(),
                                interest.key().isEmpty() ? Optional.empty() : Optional.of(keys),
                                values,
                                newValues),
                Instant.EPOCH);
    }

    private Optional<List<KeyLookup>> lookups(List<Waiting> changes) {
        if (changes.stream().anyMatch(change -> change.lookups().isEmpty())) {
            return Optional.empty();
        }
        List<KeyLookup> all = changes.stream()
                .flatMap(change -> change.lookups().stream())
                .collect(Collectors.toCollection(ArrayList::new));
        if (careless && all.size() > 1) {
            all.remove(random.nextInt(all.size()));
        }
        return Optional.of(all);
    }

    private void whole(View view) throws Exception {
        int known = view.pending.size();
        Optional<List<KeyLookup>> lookups = lookups(List.copyOf(view.pending));
        if (lookups.isPresent() && lookups.get().isEmpty() && random.nextInt(50) > 0) {
            return;
        }
        Map<String, String> expected = new HashMap<>(
                Map.of("in", SqlNames.qualified(view.layout.names().definition())));
        RefreshOutcome outcome =
                fixture.refresher.refresh(fixture.task(view.name, Set.of(), lookups.orElse(List.of())), position -> {
                    try {
                        return later(view, known, expected);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
        String where = where(view, lookups);
        if (outcome instanceof RefreshOutcome.Failed failed
                && refused(view, failed.failure().sqlState())) {
            return;
        }
        if (!(outcome instanceof RefreshOutcome.Refreshed refreshed)) {
            throw new AssertionError(where + outcome);
        }
        if (fixture.differs(view.layout, String.valueOf(expected.get("in")))) {
            throw new AssertionError(where + "differs from its definition");
        }
        Snapshot snapshot = refreshed.snapshot();
        view.pending.removeIf(change -> snapshot.sees(change.xid()));
        tally.rounds++;
        tally.changed += refreshed.rowsChanged().orElseThrow();
        if (lookups.isEmpty()
                || lookups.get().isEmpty()
                || fixture.lastDetail(view.name).contains("everything")) {
            tally.everything++;
            // What everything took is forgotten: of tables so small it is always the cheaper way.
            fixture.refresher = fixture.newRefresher();
        } else {
            tally.byKeys++;
            tally.ofGroups += view.layout.maps().isEmpty() ? 0 : 1;
            tally.ofTotals += view.maps.haveTotals() ? 1 : 0;
        }
    }

    /** The statements of a round, for what has committed so far. */
    private void statements(View view) throws Exception {
        collect();
        Optional<List<KeyLookup>> lookups = lookups(List.copyOf(view.pending));
        if (lookups.isPresent() && lookups.get().isEmpty() && random.nextInt(50) > 0) {
            return;
        }
        boolean byKeys = lookups.isPresent() && !lookups.get().isEmpty();
        boolean differs;
        try (Statement statement = rounds.createStatement()) {
            if (!byKeys) {
                view.maps.correctAll(PlainSession.ofOwner(rounds, view.oid));
            }
            Optional<KeyedSql> correct =
                    byKeys ? correction(view, lookups.get()) : Optional.of(view.sql.differenceOfAll());
            if (correct.isPresent()) {
                try (PreparedStatement prepared = prepare(correct.get());
                        ResultSet row = prepared.executeQuery()) {
                    row.next();
                    tally.changed += row.getLong(1) + row.getLong(2) + row.getLong(3);
                }
            }
            try (ResultSet row = view.differs.executeQuery()) {
                row.next();
                differs = row.getBoolean(1);
            }
            rounds.commit();
        } catch (SQLException e) {
            rounds.rollback();
            if (refused(view, String.valueOf(e.getSQLState()))) {
                return;
            }
            throw e;
        }
        if (random.nextInt(10) == 0) {
            for (StoreLayout.GroupMap map : view.layout.maps()) {
                differs |= fixture.differs(map.store());
                if (map.totals().isPresent()) {
                    differs |= fixture.differs(map.totals().get().store());
                }
            }
        }
        if (differs) {
            throw new AssertionError(where(view, lookups) + "differs from its definition");
        }
        view.pending.clear();
        tally.rounds++;
        tally.ofUniqueKeys += view.layout.keyIsUnique() && view.layout.maps().isEmpty() ? 1 : 0;
        if (byKeys) {
            tally.byKeys++;
            tally.ofGroups += view.layout.maps().isEmpty() ? 0 : 1;
            tally.ofTotals += view.maps.haveTotals() ? 1 : 0;
        } else {
            tally.everything++;
        }
    }

    private Optional<KeyedSql> correction(View view, List<KeyLookup> all) throws SQLException {
        List<KeyLookup> lookups = all;
        if (!view.layout.maps().isEmpty()) {
            PlainSession session = PlainSession.ofOwner(rounds, view.oid);
            lookups = view.maps.inView(all, session).orElseThrow();
            view.maps.correct(session);
        }
        ChangedKeys changed = ChangedKeys.of(lookups, view.layout.names().recomputeKey(), view.layout.keyTypes());
        Set<List<String>> keys = new HashSet<>(changed.recompute());
        if (!changed.lookups().isEmpty()) {
            try (PreparedStatement prepared = prepare(view.sql.keys(changed.lookups(), 1000));
                    ResultSet row = prepared.executeQuery()) {
                while (row.next()) {
                    List<String> key = new ArrayList<>();
                    for (int i = 1; i <= view.layout.names().recomputeKey().size(); i++) {
                        key.add(row.getString(i));
                    }
                    keys.add(key);
                }
            }
        }
        return keys.isEmpty() ? Optional.empty() : Optional.of(view.maps.difference(view.sql, keys));
    }

    /** As a round of the daemon does, so that plans are kept while the schema alters. */
    private PreparedStatement prepare(KeyedSql sql) throws SQLException {
        PreparedStatement prepared = rounds.prepareStatement(sql.text());
        for (int i = 0; i < sql.parameters().size(); i++) {
            prepared.setObject(i + 1, sql.parameters().get(i), Types.OTHER);
        }
        return prepared;
    }

    private String where(View view, Optional<List<KeyLookup>> lookups) {
        return "seed " + seed + ", " + view.name + ": " + view.query + "\n after "
                + done.subList(Math.max(0, done.size() - 12), done.size()) + "\n lookups " + lookups + "\n ";
    }

    /** The round's snapshot is taken, and nothing has committed since. Called again if the round is repeated, with another snapshot. */
    private Optional<List<KeyLookup>> later(View view, int known, Map<String, String> expected) throws Exception {
        expected.put("in", SqlNames.qualified(view.layout.names().definition()));
        if (random.nextInt(3) == 0) {
            fixture.database.execute(
                    "DROP TABLE IF EXISTS harness.expected",
                    "CREATE TABLE harness.expected AS SELECT * FROM "
                            + SqlNames.qualified(view.layout.names().definition()));
            expected.put("in", "harness.expected");
            tally.withLater++;
            if (open && random.nextBoolean()) {
                slowly();
            }
            commit();
        }
        collect();
        return random.nextInt(100) == 0 ? Optional.empty() : lookups(view.pending.subList(known, view.pending.size()));
    }

    /** Plays seeds one after the other. Arguments: the first seed, how many rounds, and "careless" to see it fail. */
    static Tally play(UnaryOperator<String> urls, long seed, long rounds, boolean careless) throws Exception {
        Tally tally = new Tally();
        long next = seed;
        while (tally.rounds < rounds) {
            try (IncrementalFixture fixture = new IncrementalFixture(TestDatabase.create(urls));
                    Connection writer = fixture.database.connect();
                    Connection slowWriter = fixture.database.connect();
                    Connection reader = fixture.database.connect()) {
                reader.setAutoCommit(false);
                reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                for (int i = 0; i < SEEDS && tally.rounds < rounds; i++) {
                    new IncrementalRounds(next++, fixture, writer, slowWriter, reader, careless, tally).play();
                }
            }
            System.out.println("seeds " + seed + " to " + (next - 1) + ": " + tally);
        }
        return tally;
    }

    public static void main(String[] args) throws Exception {
        play(TestDatabase.server()::url, Long.parseLong(args[0]), Long.parseLong(args[1]), args.length > 2);
        System.exit(0);
    }
}
