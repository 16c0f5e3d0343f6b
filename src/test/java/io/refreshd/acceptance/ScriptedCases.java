package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.incremental.Conversion;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import io.refreshd.testing.FreshnessWait;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Cases written as scripts, which share one database and one daemon. After each of them, a view that counts as fresh is as its definition
 * says, every other view is kept, and nothing has stopped. At the end no function of others has run with the rights of refreshd's role.
 *
 * <p>Each case has a schema of its own. Beside each view {@code v} stands a plain view {@code is_v} with the same query.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked // Set before all tests.
abstract class ScriptedCases {
    static final String JOINED = "incremental joined SELECT a.id, a.v, b.v AS other FROM a LEFT JOIN b USING (id)\n";
    static final String COUNTED = "incremental counted SELECT v, count(*) AS n, min(id) AS least FROM a GROUP BY v\n";

    /**
     * Functions of others, IMMUTABLE on paper. {@code one} and {@code act} call {@code reported} when they run as refreshd's role, or in a
     * session of it in which they can take that role; in a REFRESH they cannot. The server counts the calls.
     */
    static final String CODE = """
            CREATE FUNCTION reported() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'
            CREATE FUNCTION act() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF current_user = '{refreshd}' THEN PERFORM {schema}.reported(); ELSIF session_user = '{refreshd}' THEN PERFORM set_config('role', 'none', true); PERFORM {schema}.reported(); END IF; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$
            CREATE FUNCTION one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM {schema}.act(); RETURN 1; END'
            """;

    private static final List<String> ROLES =
            List.of("refreshd", "app", "owner", "other", "mover", "leaver", "stranger");

    private final List<Case> cases;
    private final boolean leastPrivileges;
    private final Map<String, Connection> sessions = new HashMap<>();
    private TestDatabase database;
    private RunningDaemon daemon;

    /**
     * A case.
     *
     * @param setup before the daemon starts, in the schema of the case: statements, and {@code view} or {@code incremental} with a name and
     *     a query
     * @param script one step a line. A number and a colon before it choose a session of whoever owns the tables; {@code super:} that of a
     *     superuser; {@code owner:}, {@code stranger:} and the like that of another role without privileges. {@code !} marks a statement that
     *     fails, {@code ?} one that may, {@code retry} one that is repeated until it succeeds. {@code check} compares the named views, or all;
     *     {@code suspended} and {@code unclaimed} wait until that is said of the named view, with a reason
     */
    record Case(String name, String setup, String script) {
        String schema() {
            return name.replaceAll("\\W", "_").toLowerCase(Locale.ROOT);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** @param leastPrivileges whether the role of the daemon is no superuser, and nor is the owner of the tables */
    ScriptedCases(Stream<Case> cases, boolean leastPrivileges) {
        this.cases = cases.toList();
        this.leastPrivileges = leastPrivileges;
    }

    static Case of(String name, String script) {
        return of(name, "", script);
    }

    static Case of(String name, String setup, String script) {
        return new Case(name, """
                CREATE TABLE a (id int PRIMARY KEY, v text, w text DEFAULT 'w', k serial UNIQUE NOT NULL)
                CREATE TABLE b (id int PRIMARY KEY, v text, w text DEFAULT 'w', k serial UNIQUE NOT NULL)
                INSERT INTO a VALUES (1, 'a1', 'w', 201), (2, 'a2', 'w', 202)
                INSERT INTO b VALUES (1, 'b1', 'w', 201), (3, 'b3', 'w', 202)
                view of_a SELECT id, v FROM a
                view of_b SELECT id, v FROM b
                """ + setup, script);
    }

    @BeforeAll
    void start() throws Exception {
        database = TestDatabase.create();
        for (String role : ROLES) {
            database.execute(
                    "CREATE ROLE " + inDatabase(role) + " LOGIN" + (role.equals("refreshd") ? " REPLICATION" : ""));
        }
        database.execute(
                Stream.of("app", "owner", "other", "mover", "leaver")
                        .map(this::inDatabase)
                        .collect(Collectors.joining(", ", "GRANT ", " TO " + role("refreshd"))),
                "GRANT CREATE ON DATABASE " + database.name() + " TO " + role("refreshd") + ", " + inDatabase("app"),
                "GRANT CREATE ON SCHEMA public TO " + role("app"),
                "ALTER DATABASE " + database.name() + " SET track_functions = 'pl'");
        run(
                "public",
                "CREATE TABLE free (id int PRIMARY KEY)",
                "view bystander SELECT id FROM free",
                "CREATE TABLE roles (id name PRIMARY KEY)",
                "view by_role SELECT id, current_user AS who FROM roles");
        List<ViewId> incremental = new ArrayList<>();
        for (Case each : cases) {
            String schema = each.schema();
            database.execute("CREATE SCHEMA " + schema + " AUTHORIZATION " + role("app"));
            List<String> setup =
                    each.setup().lines().map(line -> filled(schema, line)).toList();
            run(schema, setup.toArray(String[]::new));
            setup.stream()
                    .filter(line -> line.startsWith("incremental "))
                    .forEach(line -> incremental.add(new ViewId(schema, line.split(" ", 3)[1])));
        }
        String yaml = RunningDaemon.configuration(
                database.url(),
                database.slot(),
                "views: { quiet-period: 10ms, notify: true }\n" + (leastPrivileges ? "audit: { interval: 1s }" : ""));
        daemon = RunningDaemon.start(yaml.replace("user: postgres", "user: " + role("refreshd")));
        List<String> refused = new ArrayList<>();
        try (Handle handle = database.open(role("refreshd"))) {
            for (ViewId view : incremental) {
                try {
                    Conversion.forward(handle, view);
                } catch (PrerequisitesMissingException e) {
                    refused.add(e.getMessage());
                }
            }
        }
        assertThat(refused).isEmpty();
        daemon.awaitFresh();
    }

    private void run(String schema, String... lines) throws Exception {
        for (String line : lines) {
            step(schema, line);
        }
        closeSessions();
    }

    @AfterEach
    void endSessions() throws Exception {
        closeSessions();
        for (String left : database.query("SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts"
                + " WHERE database = current_database()")) {
            database.execute(left);
        }
    }

    private void closeSessions() throws SQLException {
        for (Connection session : sessions.values()) {
            session.close();
        }
        sessions.clear();
    }

    @AfterAll
    void stop() throws Exception {
        daemon.close();
        List<String> ran = ranAsRefreshd();
        database.close();
        try (Connection admin =
                        DriverManager.getConnection(TestDatabase.server().url("postgres"), "postgres", "");
                Statement statement = admin.createStatement()) {
            statement.execute(
                    "DROP ROLE " + ROLES.stream().map(this::inDatabase).collect(Collectors.joining(", ")));
        }
        assertThat(ran)
                .as("functions of others that ran as refreshd, by their schemas")
                .isEmpty();
    }

    /** Each session tells its counts at its end. */
    private List<String> ranAsRefreshd() throws Exception {
        if (!leastPrivileges) {
            return List.of();
        }
        await("no session of refreshd")
                .until(() -> database.query(
                                "SELECT pid FROM pg_stat_activity WHERE usename = '" + role("refreshd") + "'")
                        .isEmpty());
        return database.query("SELECT schemaname FROM pg_stat_user_functions WHERE funcname = 'reported'").stream()
                .map(String::valueOf)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatCountsAsFreshIsSo(Case each) throws Exception {
        String schema = each.schema();
        for (String line : each.script().lines().toList()) {
            step(schema, filled(schema, line));
        }
        check(schema, List.of());
        assertThat(daemon.notices())
                .noneMatch(notice -> notice instanceof Notice.ErrorCaught
                        || (notice instanceof Notice.GapFound gap
                                && gap.toString().contains("poison")));
    }

    private String filled(String schema, String line) {
        String filled = line.replace("{schema}", schema)
                .replace("{space}", "space_" + database.name())
                .replace("{database}", database.name());
        for (String role : ROLES) {
            filled = filled.replace("{" + role + "}", role(role));
        }
        return filled;
    }

    private void step(String schema, String line) throws Exception {
        String[] words = line.split(" ");
        switch (words[0]) {
            case "check" -> check(schema, List.of(words).subList(1, words.length));
            case "unclaimed" -> awaitReason(schema, words[1], "watermark IS NULL", rest(line, words[0], words[1]));
            case "suspended" -> awaitReason(schema, words[1], "state = 'suspended'", rest(line, words[0], words[1]));
            case "view", "incremental" -> define(schema, "1", line);
            case "retry" ->
                await(line).until(() -> {
                    try {
                        session(schema, "1").execute(line.substring("retry ".length()));
                        return true;
                    } catch (SQLException e) {
                        return false;
                    }
                });
            default -> {
                boolean named = words[0].endsWith(":");
                String sql = named ? line.substring(words[0].length() + 1) : line;
                String session = named ? words[0].substring(0, words[0].length() - 1) : "1";
                if (sql.startsWith("view ")) {
                    define(schema, session, sql);
                } else {
                    execute(schema, session, sql);
                }
            }
        }
    }

    private static String rest(String line, String... words) {
        return line.substring(String.join(" ", words).length()).strip();
    }

    private void awaitReason(String schema, String view, String state, String pattern) {
        await(view + ": " + pattern)
                .until(() -> database.query("SELECT reason FROM refreshd.freshness WHERE " + state
                                + " AND view_schema = '" + schema + "' AND view_name = '" + view + "'")
                        .toString()
                        .matches(".*(" + pattern + ").*"));
    }

    private void define(String schema, String session, String line) throws Exception {
        String[] words = line.split(" ", 3);
        Statement statement = session(schema, session);
        statement.execute("CREATE MATERIALIZED VIEW " + words[1] + " AS " + words[2]);
        statement.execute("CREATE VIEW is_" + words[1] + " AS " + words[2]);
        if (words[0].equals("view")) {
            statement.execute("CREATE UNIQUE INDEX ON " + words[1] + " (id)");
        }
    }

    private void execute(String schema, String session, String line) throws Exception {
        boolean fails = line.startsWith("!");
        boolean mayFail = line.startsWith("?");
        try {
            session(schema, session).execute(fails || mayFail ? line.substring(1) : line);
            assertThat(fails).as("fails: " + line).isFalse();
        } catch (SQLException e) {
            if (!fails && !mayFail) {
                throw new SQLException(line + ": " + e.getMessage(), e);
            }
        }
    }

    private Statement session(String schema, String name) throws Exception {
        Connection session = sessions.get(name);
        if (session == null) {
            String role = name.matches("\\d+") ? role("app") : name.equals("super") ? "postgres" : inDatabase(name);
            session = DriverManager.getConnection(database.url(), role, "");
            sessions.put(name, session);
            try (Statement statement = session.createStatement()) {
                statement.execute("SET search_path = " + schema + ", public");
            }
        }
        return session.createStatement();
    }

    /** A role that has few privileges, or the superuser in its place. */
    private String role(String name) {
        boolean privileged = !leastPrivileges && (name.equals("refreshd") || name.equals("app"));
        return privileged ? "postgres" : inDatabase(name);
    }

    private String inDatabase(String role) {
        return role + "_" + database.name();
    }

    /** @param views of the schema; all of them if there are none */
    private void check(String schema, List<String> views) throws Exception {
        database.execute(
                "INSERT INTO public.free SELECT coalesce(max(id), 0) + 1 FROM public.free",
                "INSERT INTO public.roles SELECT 'r' || count(*) FROM public.roles");
        for (String view : List.of("public.bystander", "public.by_role")) {
            FreshnessWait.await(view, database::query);
        }
        assertThat(database.query("SELECT count(*) FROM bystander"))
                .isEqualTo(database.query("SELECT count(*) FROM free"));
        String inSchema =
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname LIKE '" + schema + "%'";
        await("the catalog has been read")
                .until(() -> database.query("SELECT c.oid" + inSchema
                                + " WHERE c.relkind = 'm' AND c.oid NOT IN (SELECT view_oid FROM refreshd.freshness)")
                        .isEmpty());
        List<String> there = database.query("SELECT format(E'%I\\t%I\\t%I', n.nspname, c.relname, 'is_' || c.relname)"
                + inSchema + " JOIN refreshd.freshness f ON f.view_oid = c.oid");
        for (String view : there) {
            String[] name = view.split("\t");
            if (views.isEmpty() || views.contains(name[1])) {
                awaitEqual(name[0] + "." + name[1], name[0] + "." + name[2]);
            }
        }
    }

    private void awaitEqual(String view, String definition) throws Exception {
        // A view of which nothing is claimed for a moment, or that waits for a person, counts as soon as something is.
        await(view + " is claimed").until(() -> {
            try {
                return database.query("SELECT refreshd.wait_until_fresh('" + view.replace("'", "''") + "')")
                                .size()
                        == 1;
            } catch (SQLException e) {
                return false;
            }
        });
        assertThat(database.query("(SELECT x::text FROM " + view + " x EXCEPT ALL SELECT x::text FROM " + definition
                        + " x) UNION ALL (SELECT 'lacks ' || x::text FROM " + definition
                        + " x EXCEPT ALL SELECT 'lacks ' || x::text FROM " + view + " x)"))
                .as(view)
                .isEmpty();
    }
}
