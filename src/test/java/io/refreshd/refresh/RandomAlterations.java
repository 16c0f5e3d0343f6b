package io.refreshd.refresh;

import java.util.List;
import java.util.Random;

/**
 * The part of the grammar that alters what views mean, without a change of a row: types, functions, expressions, policies, roles,
 * partitions, plain views, and the settings of roles and of the database.
 */
final class RandomAlterations {
    /** Owners of the views: no superusers, so that policies apply to them. */
    static final String OWNER = "owner_of_random_views";

    static final String OTHER_OWNER = "other_owner_of_random_views";
    static final String GROUP = "readers_of_random_views";

    private static final String OF_AL = "SELECT id, x, role, at, m, g FROM al";

    private final Random random;
    private boolean renamed;
    private boolean secured;
    private boolean other;
    private boolean attached = true;
    private boolean inherits = true;

    RandomAlterations(Random random) {
        this.random = random;
    }

    private <T> T any(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** What outlives a database. */
    static List<String> roles() {
        return List.of(
                "DROP ROLE IF EXISTS " + OWNER,
                "DROP ROLE IF EXISTS " + OTHER_OWNER,
                "DROP ROLE IF EXISTS " + GROUP,
                "CREATE ROLE " + OWNER,
                "CREATE ROLE " + OTHER_OWNER,
                "CREATE ROLE " + GROUP);
    }

    List<String> schema() {
        return List.of(
                "ALTER ROLE " + OWNER + " RESET ALL",
                "ALTER ROLE " + OWNER + " NOBYPASSRLS",
                "REVOKE " + GROUP + " FROM " + OWNER,
                inDatabase("ALTER ROLE " + OWNER + " IN DATABASE %I RESET ALL"),
                inDatabase("ALTER DATABASE %I RESET ALL"),
                "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)",
                "CREATE TYPE shade AS ENUM ('s0', 's1', 's2')",
                innerFunction(1),
                "CREATE FUNCTION outer_f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN public.inner_f($1); END'",
                "CREATE TABLE al (id int PRIMARY KEY, x int, role text, at timestamptz, m shade, g int GENERATED ALWAYS AS (x + 1) STORED)",
                "INSERT INTO al SELECT n, n % 4, 'r' || n % 3, '2024-03-30 22:30+00'::timestamptz + n * interval '7 h',"
                        + " (enum_range(NULL::shade))[1 + n % 3] FROM generate_series(0, 7) n",
                "CREATE TABLE secret (id int PRIMARY KEY, x int, role text)",
                "INSERT INTO secret SELECT n, n % 4, 'r' || n % 3 FROM generate_series(0, 7) n",
                "CREATE POLICY for_readers ON secret TO " + GROUP + " USING (x > 1)",
                "CREATE VIEW plain_al AS " + OF_AL,
                "CREATE VIEW plain_secret AS SELECT role, id, x FROM secret");
    }

    String view() {
        return any(List.of(
                "SELECT id, m::text AS m, x FROM al",
                "SELECT x, count(*) AS n, max(m::text) AS m FROM al GROUP BY x",
                "SELECT id, to_tsvector('public.words', role || ' running') AS w FROM al",
                "SELECT id, public.outer_f(x) AS f FROM al WHERE role = 'r1'",
                "SELECT id, g FROM al",
                "SELECT id, at::date AS day, x FROM al",
                "SELECT at::date AS day, count(*) AS n FROM al GROUP BY 1",
                "SELECT id, at::text AS t, date_trunc('day', at) AS d FROM plain_al",
                "SELECT id, x, role FROM plain_al WHERE x > 1",
                "SELECT s.id, s.x FROM secret s",
                "SELECT id, x FROM plain_secret WHERE role = 'r1'",
                "SELECT a.id, a.x, a.role FROM al a WHERE EXISTS (SELECT FROM secret s WHERE s.id = a.x)",
                "SELECT a.id, p.px FROM al a JOIN plain_ta p ON p.px = a.x",
                "SELECT id, day, x FROM parted WHERE x < 4",
                "SELECT x, count(*) AS n FROM parted GROUP BY x",
                "SELECT id, x FROM parent WHERE x > 1"));
    }

    String change() {
        String id = Integer.toString(random.nextInt(8));
        return any(List.of(
                "UPDATE al SET x = " + random.nextInt(5) + " WHERE id = " + id,
                "UPDATE al SET m = (enum_range(NULL::shade))[" + (1 + random.nextInt(3)) + "] WHERE id = " + id,
                "UPDATE al SET at = at + interval '5 h' WHERE id = " + id,
                "UPDATE secret SET x = " + random.nextInt(5) + ", role = 'r" + random.nextInt(3) + "' WHERE id = " + id,
                "DELETE FROM secret WHERE id = " + id,
                "INSERT INTO secret VALUES (" + id + ", 2, 'r1') ON CONFLICT DO NOTHING"));
    }

    /** An alteration that the server accepts in the present state. */
    String next() {
        return switch (random.nextInt(18)) {
            case 0 -> {
                renamed = !renamed;
                yield "ALTER TYPE shade RENAME VALUE " + (renamed ? "'s1' TO 'renamed'" : "'renamed' TO 's1'");
            }
            case 1 ->
                "ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH "
                        + any(List.of("simple", "english_stem"));
            case 2 -> "ALTER TABLE al ALTER COLUMN g SET EXPRESSION AS (x + " + random.nextInt(3) + ")";
            case 3 -> innerFunction(random.nextInt(3));
            case 4 -> {
                secured = !secured;
                yield "ALTER TABLE secret " + (secured ? "ENABLE" : "DISABLE") + " ROW LEVEL SECURITY";
            }
            case 5 -> {
                other = !other;
                yield "ALTER MATERIALIZED VIEW IF EXISTS v" + random.nextInt(3) + " OWNER TO "
                        + (other ? OTHER_OWNER : OWNER);
            }
            case 6 -> "ALTER VIEW plain_secret SET (security_invoker = " + random.nextBoolean() + ")";
            case 7 -> any(List.of("GRANT " + GROUP + " TO " + OWNER, "REVOKE " + GROUP + " FROM " + OWNER));
            case 8 -> "CREATE OR REPLACE VIEW plain_al AS " + OF_AL + any(List.of("", " WHERE x > 1", " WHERE id < 5"));
            case 9 -> {
                attached = !attached;
                yield "ALTER TABLE parted "
                        + (attached ? "ATTACH PARTITION leaf2 FOR VALUES IN (2, 3)" : "DETACH PARTITION leaf2");
            }
            case 10 -> {
                inherits = !inherits;
                yield "ALTER TABLE child " + (inherits ? "" : "NO ") + "INHERIT parent";
            }
            case 11 -> "ALTER POLICY for_readers ON secret USING (x > " + random.nextInt(4) + ")";
            case 12 -> "ALTER ROLE " + OWNER + any(List.of(" BYPASSRLS", " NOBYPASSRLS"));
            case 13 -> "ALTER ROLE " + OWNER + setting();
            case 14 -> inDatabase("ALTER ROLE " + OWNER + " IN DATABASE %I" + setting());
            case 15 -> inDatabase("ALTER DATABASE %I" + setting());
            case 16 ->
                "ALTER TABLE " + any(List.of("ta", "li", "fl", "leaf", "secret")) + " REPLICA IDENTITY "
                        + any(List.of("FULL", "DEFAULT"));
            default ->
                // No view means anything else afterwards.
                any(List.of(
                        "COMMENT ON TABLE al IS 'altered'",
                        "CREATE INDEX ON secret (x)",
                        "ANALYZE",
                        "ALTER TABLE ta ADD COLUMN IF NOT EXISTS unread int DEFAULT 1",
                        "GRANT SELECT ON ta TO " + GROUP));
        };
    }

    private String setting() {
        return any(List.of(
                " SET timezone = 'Asia/Tokyo'",
                " SET timezone = 'America/New_York'",
                " RESET timezone",
                " SET datestyle = 'German'",
                " SET datestyle = 'ISO, DMY'",
                " RESET datestyle",
                " SET intervalstyle = 'iso_8601'",
                " SET work_mem = '1MB'"));
    }

    private static String innerFunction(int n) {
        return "CREATE OR REPLACE FUNCTION inner_f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + " + n + "'";
    }

    /** @param format of a statement that holds the name of the database */
    private static String inDatabase(String format) {
        return "DO $do$ BEGIN EXECUTE format($f$" + format + "$f$, current_database()); END $do$";
    }
}
