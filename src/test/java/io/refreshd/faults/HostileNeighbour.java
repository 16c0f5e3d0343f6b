package io.refreshd.faults;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A login role without privileges beside the application: it has a schema of its own, may read two tables of the application, and
 * does what such a role can do to a daemon that listens to the same log.
 *
 * <p>Invariant: what the neighbour leaves behind does not grow from one fault to the next.
 */
final class HostileNeighbour {
    private static final String ROLE = "neighbour";
    private static final int MESSAGES = 300;
    private static final int SUBTRANSACTIONS = 2_000;
    private static final List<String> PREFIXES =
            List.of("refreshd:heartbeat", "refreshd:mark", "refreshd:request", "refreshd:", "x");
    private static final List<String> BODIES = List.of(
            "''",
            "'boom'",
            "'-9000000000000000000'",
            "'9223372036854775807 1'",
            "repeat(E'\\x01\\x1b[31m\\n', 100)",
            "repeat('x', 3000000)");
    /** SQLSTATEs by which a server says that it is away, busy or stopping. */
    private static final List<String> STATES = List.of("08006", "57P01", "53300", "40001", "57P03", "XX000", "00001");

    private HostileNeighbour() {}

    /** The kinds of harm, in the order in which they were added. */
    static Map<String, Fault> all() {
        Map<String, Fault> all = new LinkedHashMap<>();
        all.put(
                "neighbour sends messages",
                context -> as(context, statement -> {
                    for (int i = 0; i < MESSAGES; i++) {
                        statement.execute("SELECT pg_logical_emit_message("
                                + context.random().nextBoolean() + ", '"
                                + PREFIXES.get(context.random().nextInt(PREFIXES.size())) + "', "
                                + BODIES.get(context.random().nextInt(BODIES.size())) + ")");
                    }
                    statement.execute("SELECT count(pg_logical_emit_message(true, 'refreshd:request', i::text))"
                            + " FROM generate_series(1, 50000) i");
                }));
        all.put(
                "neighbour locks",
                context -> as(context, statement -> {
                    statement.execute("BEGIN");
                    statement.execute("LOCK TABLE neighbour.own IN ACCESS EXCLUSIVE MODE");
                    statement.execute("LOCK TABLE neighbour.unpublished IN SHARE MODE");
                    // Reading takes ACCESS SHARE, which waits for nothing here and keeps others from altering the
                    // tables.
                    statement.execute("SELECT count(*) FROM public.main, neighbour.seen WHERE false");
                    context.hold(20_000);
                    statement.execute("ROLLBACK");
                }));
        all.put(
                "neighbour defines",
                context -> as(context, statement -> {
                    String deep = IntStream.range(0, 800).mapToObj(i -> "1").collect(Collectors.joining(" + "));
                    String wide = IntStream.range(0, 20_000)
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(","));
                    try {
                        statement.execute("CREATE MATERIALIZED VIEW neighbour.deep AS SELECT id, id + " + deep
                                + " AS n FROM neighbour.own");
                        statement.execute(
                                "CREATE MATERIALIZED VIEW neighbour.wide AS SELECT id FROM neighbour.own WHERE id IN ("
                                        + wide + ") WITH NO DATA");
                        statement.execute(
                                "CREATE MATERIALIZED VIEW neighbour.\"forged\nline\" AS SELECT id FROM neighbour.own");
                        statement.execute(
                                "CREATE MATERIALIZED VIEW neighbour.early AS SELECT id FROM neighbour.unpublished");
                        context.hold(10_000);
                    } finally {
                        statement.execute("DROP MATERIALIZED VIEW IF EXISTS neighbour.deep, neighbour.wide,"
                                + " neighbour.\"forged\nline\", neighbour.early");
                    }
                }));
        all.put(
                "neighbour is slow",
                context -> as(context, statement -> {
                    try {
                        for (int i = 1; i <= 3; i++) {
                            statement.execute("CREATE MATERIALIZED VIEW neighbour.slow" + i
                                    + " AS SELECT id FROM public.main WHERE id <> 1 OR pg_sleep(5) IS NOT NULL");
                            statement.execute("CREATE UNIQUE INDEX ON neighbour.slow" + i + " (id)");
                        }
                        context.hold(20_000);
                    } finally {
                        statement.execute(
                                "DROP MATERIALIZED VIEW IF EXISTS neighbour.slow1, neighbour.slow2, neighbour.slow3");
                    }
                }));
        all.put(
                "neighbour raises",
                context -> as(context, statement -> {
                    String state = STATES.get(context.random().nextInt(STATES.size()));
                    statement.execute("UPDATE neighbour.mood SET state = '" + state + "'");
                    statement.execute("INSERT INTO neighbour.own SELECT max(id) + 1, 'x' FROM neighbour.own");
                    try {
                        context.hold(15_000);
                    } finally {
                        statement.execute("UPDATE neighbour.mood SET state = ''");
                    }
                }));
        all.put(
                "neighbour writes much",
                context -> as(context, statement -> {
                    statement.execute("UPDATE neighbour.own SET v = repeat('ä', 8000000) WHERE id = 1");
                    statement.execute("BEGIN");
                    for (int i = 0; i < SUBTRANSACTIONS; i++) {
                        statement.execute(
                                "SAVEPOINT s; UPDATE neighbour.own SET v = 'x' WHERE id = 2; RELEASE SAVEPOINT s");
                    }
                    statement.execute("COMMIT");
                    statement.execute("UPDATE neighbour.own SET v = '' WHERE id = 1");
                    statement.execute("DELETE FROM neighbour.own WHERE id > 100");
                }));
        all.put(
                "neighbour alters",
                context -> as(context, statement -> {
                    for (int i = 0; i < 5; i++) {
                        statement.execute("ALTER TYPE neighbour.kind RENAME VALUE 'a' TO 'b'");
                        statement.execute("ALTER TABLE neighbour.own ADD COLUMN more int, REPLICA IDENTITY FULL");
                        statement.execute("ALTER TABLE neighbour.own ENABLE ROW LEVEL SECURITY");
                        context.hold(1_500);
                        statement.execute("ALTER TABLE neighbour.own DISABLE ROW LEVEL SECURITY, DROP COLUMN more,"
                                + " REPLICA IDENTITY DEFAULT");
                        statement.execute("ALTER TYPE neighbour.kind RENAME VALUE 'b' TO 'a'");
                        statement.execute("TRUNCATE neighbour.own");
                        statement.execute("INSERT INTO neighbour.own SELECT i, 'x' FROM generate_series(1, 100) i");
                    }
                }));
        return all;
    }

    /** The role and its schema. To be created by a superuser. */
    static List<String> role(boolean refreshdIsMember) {
        return List.of(
                "CREATE ROLE " + ROLE + " LOGIN",
                "CREATE SCHEMA neighbour AUTHORIZATION " + ROLE,
                refreshdIsMember ? "GRANT " + ROLE + " TO refreshd" : "SELECT 1");
    }

    /** What the neighbour has from the beginning. The application's tables exist already. */
    static void settle(DatabaseServer server) throws SQLException {
        server.execute("GRANT SELECT ON main, items TO " + ROLE);
        try (Connection connection = server.connect("neighbour", ROLE);
                Statement statement = connection.createStatement()) {
            for (String sql : List.of(
                    "CREATE TYPE neighbour.kind AS ENUM ('a')",
                    "CREATE TABLE neighbour.own (id bigint PRIMARY KEY, v text, k neighbour.kind DEFAULT 'a')",
                    "CREATE TABLE neighbour.unpublished (id bigint PRIMARY KEY)",
                    "INSERT INTO neighbour.own SELECT i, 'x' FROM generate_series(1, 100) i",
                    "CREATE TABLE neighbour.mood (state text PRIMARY KEY)",
                    "INSERT INTO neighbour.mood VALUES ('')",
                    "CREATE FUNCTION neighbour.act(v text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$"
                            + " DECLARE s text := (SELECT state FROM neighbour.mood); BEGIN"
                            + " IF s <> '' THEN RAISE EXCEPTION 'not now' USING ERRCODE = s; END IF; RETURN v; END $$",
                    "CREATE MATERIALIZED VIEW neighbour.seen AS SELECT id, neighbour.act(v) AS v, k::text AS k"
                            + " FROM neighbour.own",
                    "CREATE UNIQUE INDEX ON neighbour.seen (id)")) {
                statement.execute(sql);
            }
        }
    }

    private interface Harm {
        void by(Statement statement) throws SQLException;
    }

    private static void as(FaultContext context, Harm harm) throws SQLException {
        try (Connection connection = context.server().connect("neighbour", ROLE);
                Statement statement = connection.createStatement()) {
            harm.by(statement);
        }
    }
}
