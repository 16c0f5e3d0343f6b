package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.ViewId;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which views count as altered after DDL that changes what their definition means, or whose rows their owner may read.
 *
 * <p>Each case runs in a transaction that is rolled back. Each statement has a subtransaction of its own, and so an xmin of its own.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class ContentLineageIT {
    private static final String DATABASE = "content_lineage";
    private static final String[] ROLES = {"cl_owner", "cl_definer", "cl_group", "cl_middle", "cl_stranger"};

    private static final String OF_OWNER = "of_plain, of_policied, of_secured";
    private static final String ALL =
            "beside_generated, by_aggregate, by_atomic, by_cast, by_collation, by_composite, by_config_column,"
                    + " by_default_text_search, by_domain, by_enum, by_enum_of_a_view, by_generated, by_opaque, by_operator,"
                    + " by_order, by_row, by_text_search, by_word, of_enum, of_plain, of_policied, of_secured, plainly, superuser_secured";

    private static @Nullable VersionedServer server;

    /** What the tests start from. Each test ends in a rollback, so that one reading serves them all. */
    private record Start(ViewGraph graph, Fingerprint fingerprint) {}

    private static @Nullable Start start;

    /** One for all tests, which keeps prepared statements at DDL: the server plans each long query of the catalog a few times. */
    private static Connection connection;

    @Parameter
    private int version;

    /**
     * @param since the first major version that has the statement
     * @param before statements that are no part of the change
     * @param ddl the change
     * @param altered the views that it alters: these and no others
     */
    private record Case(int since, List<String> before, String ddl, String altered) {
        @Override
        public String toString() {
            return ddl + (before.isEmpty() ? "" : " after " + String.join("; ", before));
        }
    }

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        server = VersionedServer.start(version);
        dropAll();
        StrictServer.run(url("postgres"), "", "CREATE DATABASE " + DATABASE);
        for (String role : ROLES) {
            StrictServer.run(url("postgres"), "", "CREATE ROLE " + role);
        }
        StrictServer.run(
                url(DATABASE),
                "",
                "CREATE TYPE st AS ENUM ('a', 'b')",
                "CREATE TYPE unread AS ENUM ('a', 'b')",
                "CREATE FUNCTION in_domain(text) RETURNS boolean LANGUAGE sql IMMUTABLE"
                        + " BEGIN ATOMIC SELECT length($1) < 100; END",
                "CREATE DOMAIN dom AS text CHECK (in_domain(value))",
                "CREATE TYPE comp AS (s st, n int)",
                "CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple)",
                "CREATE TEXT SEARCH CONFIGURATION c (COPY = english)",
                "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH dict",
                "CREATE COLLATION coll FROM \"C\"",
                "CREATE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
                        + " AS 'BEGIN RETURN public.INNER_ONE($1); END'",
                "CREATE FUNCTION atomic_one(int) RETURNS int LANGUAGE sql IMMUTABLE"
                        + " BEGIN ATOMIC SELECT inner_one($1); END",
                "CREATE FUNCTION by_name(text) RETURNS text LANGUAGE plpgsql IMMUTABLE"
                        + " AS $$ BEGIN RETURN $1::public.st || to_tsvector('public.c', $1)::text; END $$",
                "CREATE FUNCTION unrelated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE FUNCTION operated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE OPERATOR ~~~ (rightarg = int, function = operated)",
                "CREATE FUNCTION added(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'",
                "CREATE AGGREGATE agg(int) (sfunc = added, stype = int, initcond = '0')",
                "CREATE FUNCTION casted(int) RETURNS comp LANGUAGE sql IMMUTABLE AS $$ SELECT ROW('a', $1)::public.comp $$",
                "CREATE CAST (int AS comp) WITH FUNCTION casted(int)",
                "CREATE TYPE ordered AS RANGE (subtype = int)",
                "CREATE TABLE t (id int PRIMARY KEY, s st, u unread, n int, d dom, k comp, body text, collated text COLLATE coll,"
                        + " cfg regconfig, o ordered)",
                "CREATE TABLE h (id int PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n + 1) STORED)",
                "CREATE MATERIALIZED VIEW beside_generated AS SELECT id, n FROM h",
                "CREATE TABLE w (id int PRIMARY KEY, v text)",
                "CREATE MATERIALIZED VIEW plainly AS SELECT id, n FROM t",
                "CREATE MATERIALIZED VIEW by_enum AS SELECT id, s::text AS s FROM t",
                "CREATE MATERIALIZED VIEW of_enum AS SELECT id, s FROM t",
                "CREATE MATERIALIZED VIEW by_enum_of_a_view AS SELECT id, s::text AS s FROM of_enum",
                "CREATE MATERIALIZED VIEW by_domain AS SELECT id, d FROM t",
                "CREATE MATERIALIZED VIEW by_composite AS SELECT id, to_jsonb(k) AS k FROM t",
                "CREATE MATERIALIZED VIEW by_text_search AS SELECT id, to_tsvector('c', body) AS b FROM t",
                "CREATE MATERIALIZED VIEW by_default_text_search AS SELECT id, to_tsvector(body) AS b FROM t",
                "CREATE MATERIALIZED VIEW by_config_column AS SELECT id, to_tsvector(cfg, body) AS b FROM t",
                "CREATE MATERIALIZED VIEW by_generated AS SELECT id, g FROM h",
                "CREATE MATERIALIZED VIEW by_opaque AS SELECT id, outer_one(n) AS o FROM t",
                "CREATE MATERIALIZED VIEW by_word AS SELECT id, by_name(body) AS o FROM t",
                "CREATE MATERIALIZED VIEW by_atomic AS SELECT id, atomic_one(n) AS o FROM t",
                "CREATE MATERIALIZED VIEW by_operator AS SELECT id, ~~~ n AS o FROM t",
                "CREATE MATERIALIZED VIEW by_aggregate AS SELECT agg(n) AS o FROM t",
                "CREATE MATERIALIZED VIEW by_cast AS SELECT id, (n::comp).n AS c FROM t",
                "CREATE MATERIALIZED VIEW by_collation AS SELECT max(collated) AS c FROM t",
                "CREATE MATERIALIZED VIEW by_order AS SELECT DISTINCT o FROM t",
                "CREATE MATERIALIZED VIEW by_row AS SELECT id, to_jsonb(w) AS w FROM w",
                "CREATE TABLE secured (id int PRIMARY KEY, n int)",
                "CREATE TABLE policied (id int PRIMARY KEY, n int)",
                "CREATE FUNCTION visible(int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT $1 > 0; END",
                "ALTER TABLE policied ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY to_group ON policied FOR SELECT TO cl_group USING (visible(n))",
                "CREATE VIEW plain AS SELECT id, n FROM secured",
                "ALTER VIEW plain OWNER TO cl_definer",
                "GRANT SELECT ON secured, policied, plain TO cl_owner, cl_definer",
                "CREATE MATERIALIZED VIEW of_secured AS SELECT id, n FROM secured",
                "CREATE MATERIALIZED VIEW of_plain AS SELECT id, n FROM plain",
                "CREATE MATERIALIZED VIEW of_policied AS SELECT id, n FROM policied",
                "CREATE MATERIALIZED VIEW superuser_secured AS SELECT id, n FROM secured",
                "GRANT CREATE ON SCHEMA public TO cl_owner",
                "ALTER MATERIALIZED VIEW of_secured OWNER TO cl_owner",
                "ALTER MATERIALIZED VIEW of_plain OWNER TO cl_owner",
                "ALTER MATERIALIZED VIEW of_policied OWNER TO cl_owner");
        connection = DriverManager.getConnection(url(DATABASE) + "?flushCacheOnDdl=false", LocalPostgres.USER, "");
        connection.setAutoCommit(false);
        start = new Start(graph(), CatalogReader.fingerprint(connection));
        connection.rollback();
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        connection.close();
        dropAll();
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void rollback() throws Exception {
        connection.rollback();
    }

    static Stream<Case> meanings() {
        return Stream.of(
                one(
                        "ALTER TYPE st RENAME VALUE 'a' TO 'x'",
                        "by_cast, by_composite, by_enum, by_enum_of_a_view, by_word, of_enum"),
                one(
                        "ALTER TYPE st ADD VALUE 'z' BEFORE 'a'",
                        "by_cast, by_composite, by_enum, by_enum_of_a_view, by_word, of_enum"),
                one("ALTER TYPE unread RENAME VALUE 'a' TO 'x'", ""),
                one("ALTER DOMAIN dom ADD CONSTRAINT short CHECK (length(value) < 50)", "by_domain"),
                one("ALTER DOMAIN dom DROP CONSTRAINT dom_check", "by_domain"),
                one("ALTER DOMAIN dom SET NOT NULL", "by_domain"),
                one(
                        "CREATE OR REPLACE FUNCTION in_domain(text) RETURNS boolean LANGUAGE sql IMMUTABLE"
                                + " BEGIN ATOMIC SELECT length($1) < 10; END",
                        "by_domain"),
                one("ALTER TYPE comp RENAME ATTRIBUTE n TO m", "by_cast, by_composite"),
                one("ALTER TYPE comp ADD ATTRIBUTE m int", "by_cast, by_composite"),
                one(
                        "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH simple",
                        "by_config_column, by_default_text_search, by_text_search, by_word"),
                one(
                        "ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word",
                        "by_config_column, by_default_text_search, by_text_search, by_word"),
                one(
                        "ALTER TEXT SEARCH DICTIONARY dict (accept = false)",
                        "by_config_column, by_default_text_search, by_text_search, by_word"),
                one(
                        "ALTER TEXT SEARCH CONFIGURATION english ALTER MAPPING FOR asciiword WITH simple",
                        "by_config_column, by_default_text_search"),
                one(17, "ALTER TABLE h ALTER COLUMN g SET EXPRESSION AS (n + 2)", "by_generated"),
                one("ALTER TABLE h ALTER COLUMN g DROP EXPRESSION", "beside_generated, by_generated"),
                one(
                        "CREATE OR REPLACE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                        "by_atomic, by_opaque"),
                one("ALTER FUNCTION inner_one(int) RENAME TO another", "by_atomic, by_opaque"),
                one(
                        "CREATE OR REPLACE FUNCTION outer_one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE"
                                + " AS 'BEGIN RETURN $1; END'",
                        "by_opaque"),
                one(
                        "CREATE OR REPLACE FUNCTION unrelated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                        ""),
                one(
                        "CREATE OR REPLACE FUNCTION operated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                        "by_operator"),
                one(
                        "CREATE OR REPLACE FUNCTION added(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                        "by_aggregate"),
                one(
                        "CREATE OR REPLACE AGGREGATE agg(int) (sfunc = added, stype = int, initcond = '1')",
                        "by_aggregate"),
                one(
                        "CREATE OR REPLACE FUNCTION casted(int) RETURNS comp LANGUAGE sql IMMUTABLE"
                                + " AS $$ SELECT ROW('b', 0)::public.comp $$",
                        "by_cast"),
                one("UPDATE pg_collation SET collversion = 'old' WHERE collname = 'coll'", "by_collation"),
                new Case(
                        15,
                        List.of("DO $$ BEGIN FOR i IN 1..500 LOOP EXECUTE 'CREATE FUNCTION many_' || i"
                                + " || '(int) RETURNS int LANGUAGE sql IMMUTABLE AS ''SELECT $1'''; END LOOP; END $$"),
                        "CREATE OR REPLACE FUNCTION unrelated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
                        "by_aggregate, by_atomic, by_cast, by_opaque, by_operator, by_word"),
                after(
                        "CREATE FUNCTION hashed(ordered) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
                                + " CREATE OPERATOR CLASS of_ordered FOR TYPE ordered USING hash AS FUNCTION 1 hashed(ordered)",
                        "CREATE OR REPLACE FUNCTION hashed(ordered) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2'",
                        "by_order"),
                one("ALTER TABLE w ALTER COLUMN v TYPE text USING upper(v)", "by_row"),
                new Case(
                        18,
                        List.of(
                                "CREATE TABLE x (id int PRIMARY KEY, n int, g int GENERATED ALWAYS AS (n + 1) VIRTUAL)",
                                "CREATE MATERIALIZED VIEW by_virtual AS SELECT id, g FROM x"),
                        "ALTER TABLE x ALTER COLUMN g SET EXPRESSION AS (n + 2)",
                        "by_virtual"));
    }

    static Stream<Case> rights() {
        return Stream.of(
                one("ALTER TABLE secured ENABLE ROW LEVEL SECURITY", "of_plain, of_secured"),
                after(
                        "ALTER TABLE secured ENABLE ROW LEVEL SECURITY",
                        "ALTER TABLE secured DISABLE ROW LEVEL SECURITY",
                        "of_plain, of_secured"),
                one("ALTER TABLE policied DISABLE ROW LEVEL SECURITY", "of_policied"),
                one("ALTER TABLE policied FORCE ROW LEVEL SECURITY", ""),
                after(
                        "ALTER TABLE policied OWNER TO cl_owner",
                        "ALTER TABLE policied FORCE ROW LEVEL SECURITY",
                        "of_policied"),
                one("ALTER TABLE policied OWNER TO cl_owner", "of_policied"),
                one("ALTER MATERIALIZED VIEW of_secured OWNER TO cl_definer", "of_secured"),
                one("ALTER VIEW plain SET (security_invoker = true)", "of_plain"),
                one("ALTER VIEW plain SET (security_barrier = true)", "of_plain"),
                one("ALTER VIEW plain OWNER TO cl_owner", "of_plain"),
                one("GRANT cl_group TO cl_owner", "of_policied"),
                after("GRANT cl_group TO cl_owner", "REVOKE cl_group FROM cl_owner", "of_policied"),
                after("GRANT cl_middle TO cl_owner", "GRANT cl_group TO cl_middle", "of_policied"),
                one("GRANT cl_group TO cl_stranger", ""),
                one("ALTER ROLE cl_owner BYPASSRLS", "of_policied"),
                one("ALTER ROLE cl_owner SUPERUSER", "of_policied"),
                one("ALTER ROLE cl_stranger BYPASSRLS", ""),
                one("CREATE POLICY more ON policied FOR SELECT TO cl_owner USING (n = 0)", "of_policied"),
                one("CREATE POLICY writing ON policied FOR INSERT TO cl_owner WITH CHECK (n = 0)", ""),
                one("ALTER POLICY to_group ON policied TO cl_owner", "of_policied"),
                one("ALTER POLICY to_group ON policied USING (n = 3)", "of_policied"),
                one("DROP POLICY to_group ON policied", "of_policied"),
                one(
                        "CREATE OR REPLACE FUNCTION visible(int) RETURNS boolean LANGUAGE sql IMMUTABLE"
                                + " BEGIN ATOMIC SELECT $1 > 1; END",
                        "of_policied"),
                one("REVOKE SELECT ON secured FROM cl_owner", "of_secured"),
                one("REVOKE SELECT ON secured FROM cl_definer", "of_plain"),
                one("REVOKE SELECT ON plain FROM cl_owner", "of_plain"),
                one("GRANT SELECT ON secured TO cl_stranger", ""),
                one("ALTER ROLE cl_owner SET timezone = 'Asia/Tokyo'", OF_OWNER),
                one("ALTER ROLE cl_owner IN DATABASE " + DATABASE + " SET timezone = 'Asia/Tokyo'", OF_OWNER),
                one("ALTER ROLE cl_owner IN DATABASE postgres SET timezone = 'Asia/Tokyo'", ""),
                one("ALTER ROLE cl_owner SET work_mem = '5MB'", ""),
                one("ALTER ROLE cl_owner SET statement_timeout = '5min'", ""),
                one("ALTER ROLE cl_stranger SET timezone = 'Asia/Tokyo'", ""),
                one("ALTER ROLE ALL SET timezone = 'Asia/Tokyo'", ALL),
                one("ALTER DATABASE " + DATABASE + " SET timezone = 'Asia/Tokyo'", ALL),
                one("ALTER ROLE cl_owner RENAME TO cl_other", OF_OWNER));
    }

    @ParameterizedTest
    @MethodSource("meanings")
    void altersTheViewsThatMeanSomethingElse(Case change) throws Exception {
        verify(change);
    }

    @ParameterizedTest
    @MethodSource("rights")
    void altersTheViewsWhoseOwnerReadsOtherRows(Case change) throws Exception {
        verify(change);
    }

    private void verify(Case change) throws Exception {
        Assumptions.assumeTrue(version >= change.since());
        change.before().forEach(this::execute);
        Start before = change.before().isEmpty()
                ? Objects.requireNonNull(start)
                : new Start(graph(), CatalogReader.fingerprint(connection));
        execute(change.ddl());
        ViewGraph after = graph();
        Set<String> altered = new TreeSet<>();
        for (ViewId view : before.graph().views().keySet()) {
            if (!after.lineageOf(view).equals(before.graph().lineageOf(view))) {
                altered.add(view.name());
            }
        }
        assertThat(String.join(", ", altered)).isEqualTo(change.altered());
        if (!altered.isEmpty()) {
            assertThat(before.fingerprint().isCurrent(connection)).isFalse();
        }
    }

    /** What others do all day must not have the whole catalog read each time. */
    @Test
    void theFingerprintIgnoresTemporaryTablesAndUnrelatedRoles() throws Exception {
        Fingerprint before = CatalogReader.fingerprint(connection);
        execute("CREATE TEMPORARY TABLE fleeting (id int PRIMARY KEY, s st, v text DEFAULT 'x')");
        execute("CREATE ROLE cl_passer_by IN ROLE cl_group");
        execute("ALTER ROLE cl_passer_by SET timezone = 'Asia/Tokyo'");
        execute("ALTER ROLE cl_passer_by BYPASSRLS");
        execute("GRANT cl_middle TO cl_passer_by");
        execute("REFRESH MATERIALIZED VIEW by_enum");
        execute("ANALYZE");
        assertThat(before.isCurrent(connection)).isTrue();
    }

    @Test
    void saysWhatABodyHides() throws Exception {
        ViewGraph graph = graph();
        assertThat(graph.remarksOn(new ViewId("public", "by_opaque")))
                .extracting(remark -> remark.what())
                .satisfiesExactly(
                        inner -> assertThat(inner).startsWith("depends on public.inner_one(integer)"),
                        outer -> assertThat(outer).startsWith("depends on public.outer_one(integer)"));
        assertThat(graph.remarksOn(new ViewId("public", "of_policied"))).isEmpty();
        assertThat(graph.view(new ViewId("public", "by_opaque")).orElseThrow().untrackedSources())
                .as("the view claims to be fresh nevertheless")
                .isEmpty();
    }

    private static Case one(String ddl, String altered) {
        return one(15, ddl, altered);
    }

    private static Case one(int since, String ddl, String altered) {
        return new Case(since, List.of(), ddl, altered);
    }

    private static Case after(String before, String ddl, String altered) {
        return new Case(15, Arrays.asList(before.split("; ")), ddl, altered);
    }

    private static ViewGraph graph() throws Exception {
        return ViewGraph.of(CatalogReader.read(connection), view -> true);
    }

    private void execute(String sql) {
        try (Statement statement = connection.createStatement()) {
            connection.setSavepoint();
            statement.execute(sql);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private static String url(String database) {
        return Objects.requireNonNull(server).url(database);
    }

    private static void dropAll() throws Exception {
        StrictServer.run(url("postgres"), "", "DROP DATABASE IF EXISTS " + DATABASE + " WITH (FORCE)");
        List<String> drops = new ArrayList<>();
        for (String role : ROLES) {
            drops.add("DROP ROLE IF EXISTS " + role);
        }
        StrictServer.run(url("postgres"), "", drops.toArray(String[]::new));
    }
}
