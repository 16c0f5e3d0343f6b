package io.refreshd.refresh;

import com.zaxxer.hikari.HikariDataSource;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.Connector;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.SessionKind;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.incremental.HiddenColumns;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** A database with a ledger, and incremental views made by hand: table, definition, public view and ledger rows. */
final class IncrementalFixture implements AutoCloseable {
    final TestDatabase database;
    final Handle handle;
    final Lease lease;
    /** As in the daemon: to open a connection costs the server more than a round. */
    private final HikariDataSource pool;

    private final Jdbi jdbi;
    private final Map<ViewId, Registration> registered = new LinkedHashMap<>();
    PostgresRefresher refresher;

    IncrementalFixture() throws Exception {
        this(TestDatabase.create());
    }

    IncrementalFixture(TestDatabase database) throws Exception {
        this.database = database;
        pool = new HikariDataSource();
        pool.setJdbcUrl(database.url());
        pool.setUsername(LocalPostgres.USER);
        pool.setMaximumPoolSize(6);
        pool.setMinimumIdle(0);
        jdbi = JdbiFactory.over(pool);
        handle = jdbi.open();
        LedgerSchema.migrate(handle);
        lease = Lease.tryTake(jdbi.open(), "test").orElseThrow();
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.ZERO));
        database.execute("CREATE SCHEMA refreshd_store");
        refresher = newRefresher();
    }

    /** A session with the settings of refreshd's own. */
    Handle connectAsRefreshd() throws Exception {
        return JdbiFactory.on(new Connector(
                        new DatabaseSettings(database.url(), LocalPostgres.USER, Secret.EMPTY),
                        SessionKind.TOOL,
                        "test")
                .open());
    }

    /** A refresher that knows nothing of earlier rounds, as after a restart. */
    PostgresRefresher newRefresher() {
        return new PostgresRefresher(
                jdbi,
                lease.token(),
                new RefreshLimits(TestTimeout.LIMIT, TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
    }

    /**
     * Makes an incremental view of the query and fills it.
     *
     * @param query its first columns are the hidden ones
     * @param hidden how many of them
     */
    void view(String name, String query, int hidden, List<Integer> recomputeKey) throws Exception {
        database.execute(
                "CREATE VIEW refreshd_store." + name + "_definition AS " + query,
                "CREATE TABLE refreshd_store." + name + " AS SELECT * FROM refreshd_store." + name + "_definition");
        List<String> columns = columns(name);
        for (int i = 0; i < hidden; i++) {
            database.execute("CREATE INDEX ON refreshd_store." + name + " (" + columns.get(i) + ")");
        }
        database.execute(
                "CREATE VIEW public." + name + " AS SELECT s."
                        + String.join(", s.", columns.subList(hidden, columns.size())) + " FROM refreshd_store." + name
                        + " AS s CROSS JOIN (SELECT) AS read_only",
                "INSERT INTO refreshd.incremental_view VALUES ('public." + name + "'::regclass, 'refreshd_store." + name
                        + "'::regclass, 'refreshd_store." + name + "_definition'::regclass, '{"
                        + recomputeKey.stream().map(String::valueOf).collect(Collectors.joining(","))
                        + "}', '')");
        adopt(name);
    }

    /** The materialized and incremental views that are there. */
    Set<ViewId> views() throws Exception {
        return database
                .query(
                        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')")
                .stream()
                .map(name -> new ViewId("public", String.valueOf(name)))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Has the ledger know a view that is there. */
    void adopt(String name) throws Exception {
        ViewId id = new ViewId("public", name);
        registered.put(id, new Registration(id, oid(name), "l", List.of(), Optional.empty(), Optional.empty()));
        register();
    }

    /** Makes a view as a conversion would. @param definition the query with the plan's hidden columns */
    void view(String name, String definition, IncrementalQuery plan) throws Exception {
        view(name, definition, plan.hidden().size(), plan.recomputeKey());
        Map<Integer, String> queries = new HashMap<>(Map.of(0, definition));
        for (int number = plan.maps().size(); number >= 1; number--) {
            IncrementalQuery.GroupMap map = plan.maps().get(number - 1);
            queries.put(number, map(name, queries.getOrDefault(map.of(), ""), map, number));
        }
    }

    /** @return the query without hidden columns */
    private String map(String name, String definition, IncrementalQuery.GroupMap map, int number) throws Exception {
        String table = "refreshd_store." + name + "_map" + number;
        String around = map.text().view().isPresent()
                ? query(String.valueOf(map.text().view().get()))
                : definition;
        database.execute("CREATE VIEW " + table + "_definition AS " + HiddenColumns.rowsOf(around, map));
        String bare = query("'" + table + "_definition'::regclass");
        String rows = HiddenColumns.before(bare, map.rows());
        database.execute(
                "DROP VIEW " + table + "_definition",
                "CREATE VIEW " + table + "_definition AS " + rows,
                "CREATE TABLE " + table + " AS SELECT * FROM " + table + "_definition",
                "INSERT INTO refreshd.incremental_map VALUES ('public." + name + "'::regclass, " + number + ", '"
                        + table
                        + "'::regclass, '" + table + "_definition'::regclass, '"
                        + array(map.rows().recomputeKey())
                        + "', '" + array(map.key()) + "', '" + array(map.positions()) + "', " + map.joined() + ", "
                        + map.of() + ", NULL, NULL, " + map.value().isPresent() + ")");
        return bare;
    }

    private String query(String view) throws Exception {
        return String.valueOf(database.query("SELECT rtrim(pg_get_viewdef(" + view + "::oid), ';')")
                .getFirst());
    }

    private static String array(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    void register() {
        ViewRows.register(handle, registered.values());
    }

    void forget() {
        registered.clear();
    }

    List<String> columns(String name) throws Exception {
        return database.query("SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = 'refreshd_store." + name
                + "'::regclass AND attnum > 0 ORDER BY attnum");
    }

    long oid(String view) throws Exception {
        return Long.parseLong(database.query("SELECT 'public." + view + "'::regclass::oid::text")
                .getFirst());
    }

    /** Keys of changed rows, found in these columns of the store. Each key has its parts separated by a blank. */
    KeyLookup lookup(String view, String columns, String... keys) throws Exception {
        List<Integer> positions =
                List.of(columns.split(",")).stream().map(Integer::valueOf).toList();
        List<String> types = new ArrayList<>();
        for (int position : positions) {
            types.add(database.query(
                            "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = 'refreshd_store."
                                    + view + "'::regclass AND attnum = " + position)
                    .getFirst());
        }
        Set<List<String>> all = new HashSet<>();
        for (String key : keys) {
            all.add(positions.size() == 1 ? List.of(key) : List.of(key.split(" ")));
        }
        return new KeyLookup(new TableId("public", "t"), positions, types, all);
    }

    RefreshTask task(String view, Set<ViewId> downstream, List<KeyLookup> lookups) throws Exception {
        long highest = ViewRows.highestMark(handle);
        return new TaskBuilder(new ViewId("public", view), oid(view), Method.INCREMENTAL)
                .covers(highest)
                .downstream(downstream, highest + 1)
                .lookups(lookups)
                .build();
    }

    /** A round without later changes. Without look-ups: of everything. */
    RefreshOutcome round(String view, KeyLookup... lookups) throws Exception {
        return refresher.refresh(task(view, Set.of(), List.of(lookups)), position -> Optional.of(List.of()));
    }

    /** How many rows the round changed. */
    long changed(String view, KeyLookup... lookups) throws Exception {
        RefreshOutcome outcome = round(view, lookups);
        if (outcome instanceof RefreshOutcome.Refreshed refreshed) {
            return refreshed.rowsChanged().orElseThrow();
        }
        throw new AssertionError(outcome.toString());
    }

    /** Whether store and definition hold other rows, by their binary image. */
    boolean differs(String view) throws Exception {
        return differs(view, "refreshd_store." + view + "_definition");
    }

    /** Whether table and definition of a converted view, or of a map of it, hold other rows. */
    boolean differs(StoreLayout layout) throws Exception {
        boolean differs = differs(layout, SqlNames.qualified(layout.names().definition()));
        for (StoreLayout.GroupMap map : layout.maps()) {
            differs |=
                    differs(map.store(), SqlNames.qualified(map.store().names().definition()));
            if (map.totals().isPresent()) {
                StoreLayout totals = map.totals().get().store();
                differs |= differs(totals, SqlNames.qualified(totals.names().definition()));
            }
        }
        return differs;
    }

    /** Whether the table holds other rows than another relation. */
    boolean differs(StoreLayout layout, String expected) throws Exception {
        String columns = IntStream.rangeClosed(1, layout.columns().size())
                .mapToObj(i -> "c" + i)
                .collect(Collectors.joining(", "));
        return database.query(DIFFERS.formatted(
                        columns, SqlNames.qualified(layout.names().store()), expected))
                .getFirst()
                .equals("t");
    }

    boolean differs(String view, String expected) throws Exception {
        String columns = IntStream.rangeClosed(1, columns(view).size())
                .mapToObj(i -> "c" + i)
                .collect(Collectors.joining(", "));
        return database.query(DIFFERS.formatted(columns, "refreshd_store." + view, expected))
                .getFirst()
                .equals("t");
    }

    /** Sorts both sides by image and compares them row by row. */
    static final String DIFFERS = """
            SELECT EXISTS (
              SELECT FROM (SELECT r, row_number() OVER (ORDER BY r USING *<) AS n FROM (SELECT ROW(%1$s) AS r FROM %2$s AS x(%1$s)) s) a
              FULL JOIN (SELECT r, row_number() OVER (ORDER BY r USING *<) AS n FROM (SELECT ROW(%1$s) AS r FROM %3$s AS x(%1$s)) d) b
                ON a.n = b.n
              WHERE a.n IS NULL OR b.n IS NULL OR NOT a.r *= b.r)
            """;

    List<String> history(String view) throws Exception {
        return database.query("SELECT method || ' ' || outcome || ' ' || coalesce(rows_changed::text, '?') || ' ' ||"
                + " coalesce(detail, '') FROM refreshd.refresh_history WHERE view_name = '" + view + "' ORDER BY id");
    }

    String lastDetail(String view) throws Exception {
        return String.valueOf(database.query(
                        "SELECT detail FROM refreshd.refresh_history WHERE (view_schema, view_name) = ('public', '"
                                + view + "') ORDER BY id DESC LIMIT 1")
                .getFirst());
    }

    @Override
    public void close() throws Exception {
        lease.close();
        handle.close();
        pool.close();
        database.close();
    }
}
