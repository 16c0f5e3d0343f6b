package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.cli.Refreshd;
import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * A database with two roles: refreshd's, which is no superuser, and that of an attacker, whose member refreshd's is.
 *
 * <p>The attacker wants a function of hers to run with refreshd's rights. Her function is IMMUTABLE on paper. Whenever it runs in a session
 * of refreshd in which it can leave its role, which it cannot within a REFRESH, it calls another function. The server counts the calls of
 * that one, also in transactions that are read-only and rolled back.
 */
final class Attacker implements AutoCloseable {
    private final TestDatabase database;
    private final String refreshd;
    private final String name;
    private final Path folder;

    private Attacker(TestDatabase database, Path folder) {
        this.database = database;
        this.folder = folder;
        this.refreshd = "refreshd_" + database.name();
        this.name = "mallory_" + database.name();
    }

    /** @param folder for configuration files */
    static Attacker in(TestDatabase database, Path folder) throws Exception {
        Attacker attacker = new Attacker(database, folder);
        database.execute(
                "CREATE ROLE " + attacker.refreshd + " LOGIN REPLICATION",
                "CREATE ROLE " + attacker.name + " LOGIN",
                "GRANT " + attacker.name + " TO " + attacker.refreshd,
                "GRANT CREATE ON DATABASE " + database.name() + " TO " + attacker.refreshd,
                "ALTER DATABASE " + database.name() + " SET track_functions = 'pl'",
                "CREATE SCHEMA refreshd AUTHORIZATION " + attacker.refreshd);
        return attacker;
    }

    /** The role of the attacker. */
    String name() {
        return name;
    }

    /** The role of refreshd. */
    String refreshd() {
        return refreshd;
    }

    /** Makes a schema with her functions and a table. */
    void prepare(String schema) throws Exception {
        database.execute("CREATE SCHEMA " + schema + " AUTHORIZATION " + name);
        run(
                "CREATE FUNCTION SCHEMA.reported() RETURNS void LANGUAGE plpgsql AS 'BEGIN END'"
                        .replace("SCHEMA", schema),
                """
                CREATE FUNCTION SCHEMA.act() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
                BEGIN
                    IF session_user = '%1$s' THEN
                        PERFORM set_config('role', 'none', true);
                        PERFORM SCHEMA.reported();
                        PERFORM set_config('role', '%2$s', false);
                    END IF;
                    RETURN true;
                EXCEPTION WHEN OTHERS THEN
                    RETURN true;
                END $$
                """.formatted(refreshd, name).replace("SCHEMA", schema),
                "CREATE FUNCTION SCHEMA.one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM SCHEMA.act(); RETURN 1; END'"
                        .replace("SCHEMA", schema),
                "CREATE TABLE SCHEMA.t (id int PRIMARY KEY, v text NOT NULL, n int)".replace("SCHEMA", schema),
                "INSERT INTO SCHEMA.t SELECT i, 'v' || i, i FROM generate_series(1, 20) i".replace("SCHEMA", schema));
    }

    /** Runs statements as the attacker; colons and question marks in them are no parameters. */
    void run(String... statements) throws Exception {
        try (Handle handle = database.open(name);
                var statement = handle.getConnection().createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Waits until {@code mv} of the schema shows what its definition returns. */
    void awaitContent(String schema) throws Exception {
        String rows = "SELECT count(*) || ' ' || coalesce(bit_xor(hashtext(x::text)), 0) FROM ";
        String view = schema + ".mv";
        String definition = database.query("SELECT rtrim(pg_get_viewdef('" + view + "'::regclass), ';')")
                .getFirst();
        await(view)
                .until(() -> database.query(rows + view + " AS x")
                        .equals(database.query(rows + "(" + definition + ") AS x")));
    }

    /** Each session tells its counts at its end: no session of refreshd is left when this returns. */
    void awaitNoSession() {
        await().until(() -> ask("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + refreshd + "'")
                .equals(List.of("0")));
    }

    void assertNothingRan(String schema) throws Exception {
        awaitNoSession();
        assertThat(ask("SELECT coalesce(pg_stat_get_function_calls('" + schema + ".reported()'::regprocedure), 0)"))
                .containsExactly("0");
    }

    /** Asks on a connection of its own, in which names mean what the server says. */
    List<String> ask(String sql) throws Exception {
        try (Handle handle = database.open()) {
            handle.execute("SET search_path = pg_catalog");
            return handle.createQuery(sql).mapTo(String.class).list();
        }
    }

    /** @param more YAML at the top level */
    String yaml(String more) throws Exception {
        return """
                database: { url: "%s", user: %s }
                capture: { slot: %s, heartbeat-interval: 200ms, catalog-poll-interval: 200ms }
                audit: { interval: 100ms }
                http: { listen: "127.0.0.1:0" }
                """.formatted(database.url(), refreshd, database.slot()) + more;
    }

    /** What a verb prints, on both streams. */
    String verb(String yaml, String... arguments) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), yaml);
        StringWriter out = new StringWriter();
        String[] all = Stream.concat(Arrays.stream(arguments), Stream.of("--config", file.toString()))
                .toArray(String[]::new);
        Refreshd.commandLine(Map.of())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(all);
        return out.toString();
    }

    /** Drops the database and both roles. */
    @Override
    public void close() throws Exception {
        database.close();
        try (Handle admin = JdbiFactory.on(
                DriverManager.getConnection(TestDatabase.server().url("postgres"), LocalPostgres.USER, ""))) {
            admin.execute("DROP ROLE " + refreshd + ", " + name);
        }
    }
}
