package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.incremental.ClockSql;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.ClockBound;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import io.refreshd.testing.TaskBuilder;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Views whose queries compare columns with the clock: rows come by the log, and come and go by time. Each view is converted. The server's
 * clock cannot be set: rows lie shortly before or behind a bound, or the kept bound is moved and the table with it, as if the last round
 * had been at another time.
 *
 * <p>{@code -Drefreshd.rounds=…} and {@code -Drefreshd.seed=…} set the number of random rounds and repeat a run.
 */
@NullUnmarked // Set before the first test.
class ClockCasesIT {
    /** Each twice, by chance with the column as first and as second argument. */
    private static final List<String> OPERATORS =
            List.of("lt", "le", "gt", "ge", "eq", "ne", "lt", "le", "gt", "ge", "eq", "ne");

    private static final int ROUNDS = Integer.getInteger("refreshd.rounds", 12);
    private static final Map<String, List<ClockBound>> CLOCKS = new HashMap<>();
    private static IncrementalFixture fixture;
    private static Connection connection;

    @BeforeAll
    static void create() throws Exception {
        fixture = new IncrementalFixture();
        execute("ALTER DATABASE " + fixture.database.name() + " SET timezone = 'UTC'");
        connection = fixture.database.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET TIME ZONE 'UTC'");
        }
        execute(
                "CREATE PUBLICATION cases FOR TABLES IN SCHEMA public",
                "SELECT pg_create_logical_replication_slot('" + fixture.database.slot() + "', 'pgoutput')");
    }

    @AfterAll
    static void drop() throws Exception {
        connection.close();
        fixture.close();
    }

    private static void execute(String... sql) throws Exception {
        fixture.database.execute(sql);
    }

    private static String one(String sql) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    private static List<String> rows(String view) throws Exception {
        return fixture.database.query("SELECT shown::text FROM public." + view + " shown ORDER BY 1");
    }

    private static StoreLayout layout(String name) throws Exception {
        return StoreLayout.read(fixture.handle, fixture.oid(name)).orElseThrow();
    }

    private static String store(String name) throws Exception {
        return SqlNames.qualified(layout(name).names().store());
    }

    /** Converts a view with this query. Its first round recomputes everything, since it is not known where its bounds were. */
    private static void view(String name, String query) throws Exception {
        execute("CREATE MATERIALIZED VIEW " + name + " AS " + query);
        try (Handle own = fixture.connectAsRefreshd()) {
            Conversion.forward(own, new ViewId("public", name));
        }
        fixture.adopt(name);
        List<ClockBound> bounds = ViewGraph.of(CatalogReader.read(connection), view -> true)
                .view(new ViewId("public", name))
                .orElseThrow()
                .clock();
        assertThat(bounds).as("bounds in time of %s", name).isNotEmpty();
        CLOCKS.put(name, bounds);
        routed();
        round(name, List.of());
        assertThat(fixture.lastDetail(name)).startsWith("everything recomputed: it is not known where its bounds");
    }

    private static Map<String, List<KeyLookup>> routed() throws Exception {
        Router router = new Router(ViewGraph.of(CatalogReader.read(connection), name -> true));
        Routing routing =
                router.route(new DecodedChanges(router::interestIn).take(connection, fixture.database.slot(), "cases"));
        Map<String, List<KeyLookup>> lookups = new HashMap<>();
        for (Impact impact : Stream.concat(routing.impacts().stream(), routing.candidates().stream())
                .toList()) {
            lookups.computeIfAbsent(impact.view().name(), view -> new ArrayList<>())
                    .addAll(impact.lookups());
        }
        return lookups;
    }

    /** A round by a refresher that knows nothing of the former ones, as after a restart. @return how many rows changed */
    private static long round(String name, List<KeyLookup> lookups) throws Exception {
        fixture.refresher = fixture.newRefresher();
        RefreshTask task = fixture.task(name, Set.of(), lookups);
        RefreshTask byKeys = TaskBuilder.like(task)
                .lookups(lookups)
                .basis(new RoundBasis("", "", FullRecompute.ALLOW, CLOCKS.get(name), RoundBasis.Stack.NONE))
                .build();
        RefreshOutcome outcome = fixture.refresher.refresh(byKeys, position -> Optional.of(List.of()));
        assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
        return ((RefreshOutcome.Refreshed) outcome).rowsChanged().orElseThrow();
    }

    /** A round by time alone. */
    private static long tick(String name) throws Exception {
        long changed = round(name, List.of());
        assertThat(fixture.lastDetail(name)).doesNotContain("everything");
        return changed;
    }

    private static void awaitTrue(String condition) {
        await().pollInterval(Duration.ofMillis(20))
                .until(() -> one("SELECT " + condition).equals("t"));
    }

    private static List<Obstacle> refused(String query) throws Exception {
        execute("CREATE MATERIALIZED VIEW made AS " + query);
        IncrementalQuery plan = new RecomputeKeys(CatalogReader.read(connection)).of(fixture.oid("made"));
        execute("DROP MATERIALIZED VIEW made");
        return plan.obstacles();
    }

    private static String kept(String name) throws Exception {
        return String.join(
                ", ",
                fixture.database.query("SELECT concat(bound_timestamptz, bound_timestamp, bound_date)"
                        + " FROM refreshd.incremental_clock WHERE view_oid = " + fixture.oid(name)
                        + " ORDER BY expression"));
    }

    @Test
    void rowsLeaveByTimeAndRowsThatPassNoBoundWriteNothing() throws Exception {
        execute(
                "CREATE TABLE le (id int PRIMARY KEY, at timestamptz)",
                "CREATE INDEX ON le (at)",
                "INSERT INTO le VALUES (1, now()), (2, now() - interval '40 days')");
        view("leaving", "SELECT id FROM le WHERE at > now() - interval '30 days'");
        assertThat(rows("leaving")).containsExactly("(1)");
        String before = kept("leaving");
        assertThat(tick("leaving")).isZero();
        assertThat(kept("leaving")).as("no row has passed").isEqualTo(before);
        execute("INSERT INTO le VALUES (3, clock_timestamp() - interval '30 days' + interval '1500 ms')");
        round("leaving", routed().get("leaving"));
        awaitTrue("clock_timestamp() - interval '30 days' > (SELECT at FROM le WHERE id = 3)");
        tick("leaving");
        assertThat(rows("leaving")).containsExactly("(1)");
        assertThat(kept("leaving")).isNotEqualTo(before);
    }

    @Test
    void rowsEnterByTimeAndLeaveAgain() throws Exception {
        execute(
                "CREATE TABLE en (id int PRIMARY KEY, vf timestamptz, vt timestamptz)",
                "CREATE INDEX ON en (vf)",
                "CREATE INDEX ON en (vt)",
                "INSERT INTO en VALUES (1, '-infinity', 'infinity'), (2, NULL, 'infinity')");
        view("entering", "SELECT id FROM en WHERE CURRENT_TIMESTAMP BETWEEN vf AND vt");
        execute("INSERT INTO en VALUES (3, now() + interval '1 day', now() + interval '2 days')");
        assertThat(round("entering", routed().get("entering"))).isZero();
        execute("UPDATE en SET vf = clock_timestamp() + interval '1500 ms' WHERE id = 3");
        round("entering", routed().get("entering"));
        awaitTrue("clock_timestamp() > (SELECT vf FROM en WHERE id = 3)");
        tick("entering");
        assertThat(rows("entering")).containsExactly("(1)", "(3)");
        execute("UPDATE en SET vt = clock_timestamp() + interval '1500 ms' WHERE id = 3");
        round("entering", routed().get("entering"));
        awaitTrue("clock_timestamp() > (SELECT vt FROM en WHERE id = 3)");
        tick("entering");
        assertThat(rows("entering")).containsExactly("(1)");
    }

    @Test
    void daysPassInTheZoneOfTheOwnerAndAClockThatIsSetBackBringsRowsBack() throws Exception {
        execute(
                "CREATE TABLE da (id int PRIMARY KEY, day date, at timestamp, g text)",
                "CREATE INDEX ON da (day)",
                "CREATE INDEX ON da (at)",
                "INSERT INTO da SELECT i, current_date - 10 + i, now() AT TIME ZONE 'Asia/Tokyo' - i * interval '1 hour', 'g' || i % 3"
                        + " FROM generate_series(-100, 100) i");
        view("today", "SELECT id FROM da WHERE day >= CURRENT_DATE - 7 AND at < now() AT TIME ZONE 'Asia/Tokyo'");
        view("weekly", "SELECT g, count(*) FROM da WHERE day >= date_trunc('week', now())::date - 14 GROUP BY g");
        for (int days : List.of(-3, 5)) {
            asOf(
                    "today",
                    "id",
                    "day >= CURRENT_DATE - 7 + " + days
                            + " AND at < now() AT TIME ZONE 'Asia/Tokyo' + interval '1 day' * " + days);
            execute("UPDATE refreshd.incremental_clock SET bound_date = bound_date + " + days
                    + ", bound_timestamp = bound_timestamp + interval '1 day' * " + days);
            assertThat(fixture.differs(layout("today"))).isTrue();
            tick("today");
            assertThat(fixture.differs(layout("today")))
                    .as("last round %d days from now", days)
                    .isFalse();
        }
        String maps = fixture.database
                .query("SELECT store_oid::regclass FROM refreshd.incremental_map WHERE view_oid = "
                        + fixture.oid("weekly"))
                .getFirst();
        execute(
                "UPDATE " + store("weekly") + " SET count = count - 7",
                "DELETE FROM " + maps + " WHERE false",
                "UPDATE refreshd.incremental_clock SET bound_date = bound_date + 14 WHERE view_oid = "
                        + fixture.oid("weekly"));
        tick("weekly");
        assertThat(fixture.differs(layout("weekly"))).isFalse();
    }

    /** Gives a view the rows that it would have had at another time. */
    private static void asOf(String view, String columns, String condition) throws Exception {
        execute(
                "TRUNCATE " + store(view),
                "INSERT INTO " + store(view) + " SELECT " + columns + " FROM da WHERE " + condition);
    }

    @Test
    void withoutAnIndexEverythingIsRecomputedAndTheIndexIsNamed() throws Exception {
        execute(
                "CREATE TABLE no_index (id int PRIMARY KEY, at timestamptz, wide text)",
                "INSERT INTO no_index SELECT i, now() - i * interval '1 hour', repeat('x', 400) FROM generate_series(1, 25000) i");
        view("unindexed", "SELECT id FROM no_index WHERE at > now() - interval '30 days'");
        assertThat(round("unindexed", List.of())).isLessThanOrEqualTo(1);
        assertThat(fixture.lastDetail("unindexed"))
                .contains("everything recomputed: no index of public.no_index begins with at");
        assertThat(fixture.refresher
                        .missingIndex(fixture.oid("unindexed"))
                        .orElseThrow()
                        .remedy()
                        .sql())
                .containsExactly("CREATE INDEX ON \"public\".\"no_index\" (\"at\")");
        execute("CREATE INDEX ON no_index (at)");
        tick("unindexed");
        assertThat(fixture.refresher.missingIndex(fixture.oid("unindexed"))).isEmpty();
    }

    @Test
    void theClockElsewhereIsRefusedWithTheReason() throws Exception {
        execute(
                "CREATE TABLE el (id int PRIMARY KEY, at timestamptz, ttl interval, r tstzrange)",
                "CREATE FUNCTION el_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'");
        Map<String, String> cases = Map.of(
                "SELECT id, now() - at AS age FROM el", "elsewhere than in a comparison with a column",
                "SELECT id FROM el WHERE at + interval '1 day' > now()", "something else than a column",
                "SELECT id FROM el WHERE at > now() - ttl", "by other means",
                "SELECT id FROM el WHERE r @> now()", "elsewhere than in a comparison",
                "SELECT id FROM el WHERE at > statement_timestamp()", "statement_timestamp",
                "SELECT id FROM el WHERE at > el_now()", "el_now",
                "SELECT id FROM el WHERE at > ('yesterday'::text)::timestamptz", "'yesterday'",
                "SELECT id FROM el WHERE at IN (now(), now() - interval '1 day')", "elsewhere than in a comparison",
                "SELECT at, max(id) FROM el GROUP BY at HAVING max(at) > now()", "something else than a column",
                "SELECT id FROM el WHERE at > least(now(), '2030-01-01')", "by other means");
        for (Map.Entry<String, String> one : cases.entrySet()) {
            assertThat(refused(one.getKey()))
                    .as(one.getKey())
                    .anySatisfy(obstacle -> assertThat(obstacle.what()).contains(one.getValue()));
        }
    }

    @Test
    void isAMaterializedViewAgainWithoutAnyRemains() throws Exception {
        execute("CREATE TABLE ba (id int PRIMARY KEY, at timestamptz)", "INSERT INTO ba VALUES (1, now())");
        view("back", "SELECT id FROM ba WHERE at > now() - interval '1 day'");
        assertThat(kept("back")).isNotEmpty();
        long oid = fixture.oid("back");
        try (Handle own = fixture.connectAsRefreshd()) {
            ReverseConversion.back(own, new ViewId("public", "back"));
        }
        assertThat(one("SELECT count(*) FROM refreshd.incremental_clock WHERE view_oid = " + oid))
                .isEqualTo("0");
        assertThat(rows("back")).containsExactly("(1)");
    }

    /** For each pair of types and each comparison, about the days on which the clocks of two zones change, and with infinite values. */
    @Test
    void theRowsBetweenTwoBoundsAreThoseForWhichTheComparisonDiffers() throws Exception {
        execute(
                "CREATE TABLE tw (id int PRIMARY KEY, c_timestamptz timestamptz, c_timestamp timestamp, c_date date)",
                "INSERT INTO tw SELECT i, t, t AT TIME ZONE 'UTC', (t AT TIME ZONE 'UTC')::date FROM (SELECT i, CASE WHEN i % 2 = 0"
                        + " THEN timestamptz '2026-03-28 18:00+00' ELSE '2026-10-24 18:00+00' END + i * interval '150 s' AS t"
                        + " FROM generate_series(1, 1000) i) s",
                "INSERT INTO tw VALUES (-1, NULL, NULL, NULL), (-2, 'infinity', 'infinity', 'infinity'),"
                        + " (-3, '-infinity', '-infinity', '-infinity')",
                "CREATE TABLE bounds_kept (LIKE refreshd.incremental_clock)");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> times = List.of("timestamptz", "timestamp", "date");
        try (Statement statement = connection.createStatement()) {
            for (String zone : List.of("Europe/Berlin", "Europe/London")) {
                statement.execute("SET TIME ZONE '" + zone + "'");
                for (String column : times) {
                    for (String type : times) {
                        for (String operator : OPERATORS) {
                            boolean first = random.nextBoolean();
                            String function = first ? column + "_" + operator : type + "_" + operator;
                            function += column.equals(type) ? "" : "_" + (first ? type : column);
                            String change = random.nextBoolean() ? "2026-03-29 00:00+00" : "2026-10-25 00:00+00";
                            String before = moment(random, type, change);
                            ClockBound bound = new ClockBound(
                                    new TableId("public", "tw"),
                                    "c_" + column,
                                    column,
                                    moment(random, type, change),
                                    type,
                                    function,
                                    first,
                                    List.of(),
                                    List.of());
                            statement.execute(
                                    "TRUNCATE bounds_kept; INSERT INTO bounds_kept (view_oid, expression, bound_" + type
                                            + ") VALUES (1, " + "'"
                                            + bound.bound().replace("'", "''") + "'" + ", " + before + ")");
                            String compared =
                                    first ? function + "(c_" + column + ", %s)" : function + "(%s, c_" + column + ")";
                            String all = "SELECT coalesce(string_agg(id, ',' ORDER BY id), '') FROM (%s) AS found (id)";
                            assertThat(one(all.formatted(new ClockSql(1)
                                            .passed(bound, List.of("id"), 5000)
                                            .replace("refreshd.incremental_clock", "bounds_kept"))))
                                    .as("%s %s, from %s to %s, seed %d", zone, function, before, bound.bound(), seed)
                                    .isEqualTo(one(
                                            all.formatted("SELECT id::text FROM tw WHERE " + compared.formatted(before)
                                                    + " IS DISTINCT FROM " + compared.formatted(bound.bound()))));
                        }
                    }
                }
            }
            statement.execute("SET TIME ZONE 'UTC'");
        }
    }

    /** Mostly within the two hours about the change of the clocks, when local times are left out or come twice. */
    private static String moment(Random random, String type, String change) {
        return switch (random.nextInt(12)) {
            case 0 -> "'infinity'::" + type;
            case 1, 2 ->
                "(timestamptz '" + change + "' - interval '2 h' + interval '1 s' * " + random.nextInt(40_000) + ")::"
                        + type;
            default -> "(timestamptz '" + change + "' + interval '1 s' * " + random.nextInt(7_200) + ")::" + type;
        };
    }

    /** All bounds of a view are kept at once, and one of them is now() itself: so it is known at which time the rows were computed. */
    private static final List<String> QUERIES = List.of(
            "SELECT id, n FROM ra WHERE now() BETWEEN vf AND vt",
            "SELECT a.id, b.id AS b, b.n FROM ra a LEFT JOIN rb b ON b.a_id = a.id AND b.at > now() - interval '500 ms'"
                    + " WHERE a.vf <= now()",
            "SELECT a.id, a.n FROM ra a LEFT JOIN rb b ON b.a_id = a.id AND b.at > now() WHERE b.id IS NULL",
            "SELECT g, count(*) AS c, sum(n) FILTER (WHERE vt > now()) AS s FROM ra WHERE vf <= now() + interval '200 ms' GROUP BY g",
            "SELECT a.id FROM ra a WHERE EXISTS (SELECT FROM rb b WHERE b.a_id = a.id AND b.at <= now())",
            "SELECT a.id FROM ra a WHERE NOT EXISTS (SELECT FROM rb b WHERE b.a_id = a.id AND b.at <= now()) AND a.vf < now()",
            "SELECT DISTINCT ON (g) g, id, n FROM ra WHERE vf <= now() ORDER BY g, vf DESC, id",
            "SELECT id, vt > now() AS valid, CASE WHEN vf <= now() - interval '300 ms' THEN n END AS m FROM ra",
            "WITH r AS (SELECT a_id, n, at FROM rb) SELECT a.id, r.n FROM ra a JOIN r ON r.a_id = a.id"
                    + " WHERE a.vf <= now() AND r.at <= now() AT TIME ZONE 'UTC'",
            "SELECT id, n FROM ra WHERE vf <= now() UNION SELECT id, n FROM rb WHERE at <= now()",
            "SELECT a.g, count(b.id) AS c FROM ra a JOIN rb b ON b.a_id = a.id WHERE b.at <= now() GROUP BY a.g",
            "SELECT g, vt > now() AS valid, count(*) AS c FROM ra GROUP BY g, vt > now()",
            "SELECT a.id, p.c FROM ra a LEFT JOIN (SELECT a_id, count(*) AS c FROM rb WHERE at > now() GROUP BY a_id) p"
                    + " ON p.a_id = a.id",
            "SELECT g, id, n, row_number() OVER (PARTITION BY g ORDER BY vf DESC, id) AS r FROM ra WHERE vf < now()",
            "SELECT id, n FROM rp WHERE at <= now()");

    @Test
    void randomRoundsGiveWhatTheDefinitionGaveAtTheirTime() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime());
        Random random = new Random(seed);
        execute(
                "CREATE TABLE ra (id int PRIMARY KEY, g int, n int, vf timestamptz, vt timestamptz)",
                "CREATE TABLE rb (id int PRIMARY KEY, a_id int, n int, at timestamp)",
                "CREATE TABLE rp (id int, n int, at timestamptz, PRIMARY KEY (id, n)) PARTITION BY LIST (n)",
                "CREATE TABLE rp0 PARTITION OF rp FOR VALUES IN (0, 1)",
                "CREATE TABLE rp1 PARTITION OF rp DEFAULT",
                "ALTER TABLE rb REPLICA IDENTITY FULL");
        for (int i = 0; i < 40; i++) {
            execute(change(random));
        }
        List<String> views =
                IntStream.range(0, QUERIES.size()).mapToObj(i -> "r" + i).toList();
        for (int i = 0; i < views.size(); i++) {
            view(views.get(i), QUERIES.get(i));
        }
        int byKeys = 0;
        long changed = 0;
        for (int i = 0; i < ROUNDS; i++) {
            for (int j = random.nextInt(4); j > 0; j--) {
                execute(change(random));
            }
            Map<String, List<KeyLookup>> lookups = routed();
            for (String view : views) {
                // Rounds of some views only, so that the others have more than one time behind them.
                List<KeyLookup> own = lookups.getOrDefault(view, List.of());
                if (own.isEmpty() && random.nextInt(3) == 0) {
                    continue;
                }
                changed += round(view, own);
                byKeys += fixture.lastDetail(view).contains("everything") ? 0 : 1;
                assertThat(differs(view))
                        .as("seed %d, round %d, %s: %s", seed, i, view, QUERIES.get(views.indexOf(view)))
                        .isEmpty();
            }
        }
        System.out.println(
                "ClockCasesIT: seed " + seed + ", " + byKeys + " rounds by keys, " + changed + " rows changed");
        assertThat(byKeys).isGreaterThan(ROUNDS * QUERIES.size() / 2);
        assertThat(changed).isGreaterThan(ROUNDS);
    }

    private static String change(Random random) {
        int id = random.nextInt(30);
        String time = "clock_timestamp() + interval '1 ms' * " + (random.nextInt(1600) - 400);
        String local = "(" + time + ") AT TIME ZONE 'UTC'";
        int n = random.nextInt(5);
        return switch (random.nextInt(6)) {
            case 0, 1 ->
                "INSERT INTO ra VALUES (" + id + ", " + random.nextInt(4) + ", " + n + ", " + time + ", " + time
                        + " + interval '300 ms') ON CONFLICT (id) DO UPDATE SET vf = excluded.vf, vt = excluded.vt";
            case 2 -> "UPDATE ra SET g = " + random.nextInt(4) + ", n = " + n + " WHERE id % 7 = " + id % 7;
            case 3 ->
                "INSERT INTO rb VALUES (" + id + ", " + random.nextInt(30) + ", " + n + ", " + local
                        + ") ON CONFLICT (id) DO UPDATE SET at = excluded.at, a_id = excluded.a_id";
            case 4 ->
                "INSERT INTO rp VALUES (" + id + ", " + n + ", " + time
                        + ") ON CONFLICT (id, n) DO UPDATE SET at = excluded.at";
            default -> "DELETE FROM " + List.of("ra", "rb", "rp").get(random.nextInt(3)) + " WHERE id = " + id;
        };
    }

    /** Compares the view and its maps with their definitions at the time for which the rows were computed. @return which differ */
    private static List<String> differs(String view) throws Exception {
        String time = one("SELECT bound_timestamptz FROM refreshd.incremental_clock WHERE view_oid = "
                + fixture.oid(view) + " AND replace(expression, '\"', '') = 'pg_catalog.now()'");
        List<StoreLayout> all = new ArrayList<>(List.of(layout(view)));
        all.addAll(layout(view).maps().stream().map(StoreLayout.GroupMap::store).toList());
        List<String> different = new ArrayList<>();
        for (StoreLayout layout : all) {
            String definition = one("SELECT rtrim(pg_get_viewdef(" + layout.definitionOid() + "), ';')")
                    .replace("now()", "'" + time + "'::timestamptz");
            String columns = String.join(
                    ", ",
                    IntStream.rangeClosed(1, layout.columns().size())
                            .mapToObj(i -> "c" + i)
                            .toList());
            if (one(IncrementalFixture.DIFFERS.formatted(
                            columns, SqlNames.qualified(layout.names().store()), "(" + definition + ")"))
                    .equals("t")) {
                different.add(layout.names().store().name());
            }
        }
        return different;
    }
}
