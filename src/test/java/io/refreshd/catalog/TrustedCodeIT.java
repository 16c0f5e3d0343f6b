package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which code is found in reach of a view, on real servers of each version. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class TrustedCodeIT {
    /** What others made, here by a role that is no superuser, and what a superuser made. */
    private static final String[] SCHEMA = {
        "CREATE EXTENSION citext",
        "CREATE EXTENSION hstore",
        "CREATE EXTENSION pg_trgm",
        "CREATE EXTENSION tablefunc",
        "CREATE ROLE trusted_code_mallory",
        "CREATE SCHEMA mal AUTHORIZATION trusted_code_mallory",
        "GRANT CREATE ON SCHEMA public TO trusted_code_mallory",
        "CREATE FUNCTION native(int) RETURNS int IMMUTABLE LANGUAGE internal AS 'int4abs'",
        "CREATE FUNCTION parsed(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN $1 + 1",
        "CREATE FUNCTION text_body(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1'",
        "CREATE FOREIGN DATA WRAPPER none",
        "GRANT USAGE ON FOREIGN DATA WRAPPER none TO trusted_code_mallory",
        "CREATE SERVER safe FOREIGN DATA WRAPPER none",
        "CREATE FOREIGN TABLE public.safe (id int) SERVER safe",
        "GRANT SELECT ON public.safe TO trusted_code_mallory",
        "SET ROLE trusted_code_mallory",
        "CREATE SERVER hers FOREIGN DATA WRAPPER none",
        "CREATE FOREIGN TABLE mal.elsewhere (id int) SERVER hers",
        "CREATE VIEW mal.over_elsewhere AS SELECT id FROM mal.elsewhere",
        "CREATE TABLE mal.half (id int, k int) PARTITION BY RANGE (id)",
        "CREATE FOREIGN TABLE mal.half_elsewhere PARTITION OF mal.half DEFAULT SERVER hers",
        "CREATE FUNCTION mal.act() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
        "CREATE FUNCTION mal.one(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE FUNCTION mal.diff(int, int) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE FUNCTION mal.equal(text, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
        "CREATE OPERATOR mal.=== (FUNCTION = mal.equal, LEFTARG = text, RIGHTARG = int)",
        "CREATE FUNCTION mal.other(int, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
        "CREATE OPERATOR mal.=~= (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int, NEGATOR = OPERATOR(mal.!~=))",
        "CREATE OPERATOR mal.!~= (FUNCTION = mal.other, LEFTARG = int, RIGHTARG = int, NEGATOR = OPERATOR(mal.=~=))",
        "CREATE OPERATOR mal.<~ (FUNCTION = int4lt, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(mal.~>))",
        "CREATE OPERATOR mal.~> (FUNCTION = mal.other, LEFTARG = int, RIGHTARG = int, COMMUTATOR = OPERATOR(mal.<~))",
        "CREATE DOMAIN mal.dom AS text CHECK (mal.act())",
        "CREATE DOMAIN mal.outer_dom AS mal.dom",
        "CREATE TYPE mal.comp AS (x int, d mal.dom)",
        "CREATE TYPE mal.rng AS RANGE (subtype = int4, subtype_diff = mal.diff)",
        "CREATE DOMAIN mal.positive AS int CHECK (VALUE > 0)",
        "CREATE TYPE mal.mood AS ENUM ('good', 'bad')",
        "CREATE TYPE mal.cast_from AS ENUM ('a')",
        "CREATE TYPE mal.cast_to AS ENUM ('a')",
        "CREATE FUNCTION mal.make(text) RETURNS mal.cast_to IMMUTABLE LANGUAGE sql AS 'SELECT NULL::mal.cast_to'",
        "CREATE FUNCTION mal.show(mal.cast_from) RETURNS json IMMUTABLE LANGUAGE sql AS 'SELECT NULL::json'",
        "CREATE CAST (text AS mal.cast_to) WITH FUNCTION mal.make(text)",
        "CREATE CAST (mal.cast_from AS json) WITH FUNCTION mal.show(mal.cast_from)",
        "CREATE TABLE mal.t (id int PRIMARY KEY, v text, c public.citext, vc varchar(9), m mal.mood, p mal.positive,"
                + " h public.hstore, j jsonb)",
        "CREATE TABLE mal.casting (id int PRIMARY KEY, f mal.cast_from)",
        "CREATE VIEW mal.plain AS SELECT id, mal.one(id) AS o FROM mal.t",
        "CREATE TABLE mal.generated (id int PRIMARY KEY, g int GENERATED ALWAYS AS (mal.one(id)) STORED)",
        "CREATE TABLE mal.checked (id int PRIMARY KEY, CHECK (mal.act()))",
        "CREATE TABLE mal.parted (id int, k int) PARTITION BY HASH ((id + mal.one(1)))",
        "CREATE TABLE mal.parent (id int)",
        "CREATE TABLE mal.child () INHERITS (mal.parent)",
        "CREATE INDEX ON mal.child (id, mal.one(1))",
        "CREATE TABLE mal.guarded (id int PRIMARY KEY)",
        "CREATE POLICY p ON mal.guarded USING (mal.act())",
        "CREATE TABLE mal.plain_table (id int PRIMARY KEY, v text)",
        "CREATE TABLE mal.doms (id int PRIMARY KEY, d mal.dom)",
        "CREATE FUNCTION mal.two(int, int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE AGGREGATE mal.agg(int) (SFUNC = mal.two, STYPE = int)",
        "CREATE FUNCTION mal.triggered() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE FUNCTION mal.as_text(int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE VIEW mal.invoked WITH (security_invoker) AS SELECT id, mal.one(id) AS o FROM mal.t",
        "CREATE TABLE mal.keyed (id int PRIMARY KEY, EXCLUDE USING btree ((mal.one(id)) WITH =))",
        "RESET ROLE",
        // What a superuser made of her functions.
        "CREATE AGGREGATE public.of_hers(int) (SFUNC = mal.two, STYPE = int)",
        "CREATE FUNCTION public.calls_hers(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN mal.one($1)",
        "CREATE OPERATOR public.=== (FUNCTION = mal.equal, LEFTARG = text, RIGHTARG = int)",
        "CREATE DOMAIN public.over_hers AS mal.dom",
        "CREATE TYPE public.of_her_diff AS RANGE (subtype = int4, subtype_diff = mal.diff)"
    };

    private static @Nullable VersionedServer server;
    private static @Nullable Connection connection;

    @Parameter
    private int version;

    @BeforeParameterizedClassInvocation
    static void schema(int version) throws Exception {
        server = VersionedServer.start(version);
        StrictServer.run(server.url("postgres"), "", "CREATE DATABASE trusted_code");
        connection = DriverManager.getConnection(server.url("trusted_code"), LocalPostgres.USER, "");
        execute(SCHEMA);
    }

    @AfterParameterizedClassInvocation
    static void drop() throws Exception {
        if (connection != null) {
            connection.close();
        }
        if (server != null) {
            StrictServer.run(
                    server.url("postgres"), "", "DROP DATABASE trusted_code", "DROP ROLE trusted_code_mallory");
            server.close();
            server = null;
        }
    }

    private static void execute(String... statements) throws Exception {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static Optional<Obstacle> obstacle(String query, TrustedCode.Use use, String... more) throws Exception {
        execute(
                "SET search_path = public",
                "DROP MATERIALIZED VIEW IF EXISTS mal.examined",
                "SET ROLE trusted_code_mallory",
                "CREATE MATERIALIZED VIEW mal.examined AS " + query + " WITH NO DATA");
        try {
            execute(more);
        } finally {
            execute("RESET ROLE", "SET search_path = ''");
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT 'mal.examined'::pg_catalog.regclass::oid")) {
            row.next();
            return TrustedCode.obstacle(connection, row.getLong(1), use);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT id, v, upper(v) AS u FROM mal.t WHERE v LIKE 'a%'",
                "SELECT id, c FROM mal.t WHERE c = 'x' AND c = vc",
                "SELECT id, h, h -> 'a' AS a FROM mal.t",
                "SELECT id, public.similarity(v, vc) AS s FROM mal.t",
                "SELECT id, m, p FROM mal.t WHERE m = 'good'",
                "SELECT id, m::text AS m, p + 1 AS q, v::mal.mood AS n FROM mal.t",
                "SELECT t FROM mal.plain_table t",
                "SELECT id, public.native(id) AS n, public.parsed(id) AS p FROM mal.t",
                "SELECT id, now() AS at, random() AS r, to_char(now(), 'YYYY') AS y FROM mal.t",
                "SELECT count(*) AS n, array_agg(DISTINCT c) AS c FROM mal.t GROUP BY m",
                "SELECT relname FROM pg_catalog.pg_class",
                "SELECT id FROM public.safe"
            })
    void codeOfTheServerOfASuperuserAndOfExtensionsIsTrusted(String query) throws Exception {
        assertThat(obstacle(query, TrustedCode.Use.LOOKUP)).isEmpty();
        assertThat(obstacle(query, TrustedCode.Use.AUDIT)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT id, mal.one(id) AS o FROM mal.t",
                "SELECT id FROM mal.t WHERE mal.act()",
                "SELECT id FROM mal.t WHERE v OPERATOR(mal.===) id",
                "SELECT id FROM mal.t WHERE NOT (id OPERATOR(mal.=~=) 7)",
                "SELECT id FROM mal.t WHERE 7 OPERATOR(mal.<~) id",
                "SELECT id FROM mal.plain",
                "SELECT id, v::mal.dom AS d FROM mal.t",
                "SELECT id, ('{' || v || '}')::mal.dom[] AS d FROM mal.t",
                "SELECT id, v::mal.outer_dom AS d FROM mal.t",
                "SELECT id, (ROW(id, v)::mal.comp).x AS x FROM mal.t",
                "SELECT id, jsonb_populate_record(NULL::mal.comp, j) AS x FROM mal.t",
                "SELECT id, x.a FROM mal.t, json_to_record('{\"a\":1}') AS x(a mal.dom)",
                "SELECT id, x.a FROM mal.t, XMLTABLE('/r' PASSING ('<r/>'::xml) COLUMNS a mal.dom PATH '.') AS x",
                "SELECT id, '[1,2]'::mal.rng AS r FROM mal.t",
                "SELECT id, '{[1,2]}'::mal.rng_multirange AS r FROM mal.t",
                "SELECT id, v::mal.cast_to AS c FROM mal.t",
                "SELECT id, to_json(f) AS j FROM mal.casting",
                "SELECT id, row_to_json(x) AS j FROM (SELECT f, id FROM mal.casting) x",
                "SELECT id, jsonb_agg(ROW(ARRAY[f])) AS j FROM mal.casting GROUP BY id",
                "SELECT id, format('%s', j::text::mal.comp[]) AS j FROM mal.t",
                "SELECT id, x.a FROM mal.t, jsonb_to_recordset(j) AS x(a mal.outer_dom[])",
                "SELECT id, range_agg(v::mal.rng) AS r FROM mal.t GROUP BY id",
                "SELECT id, XMLFOREST(v::mal.outer_dom AS d)::text AS x FROM mal.t",
                "SELECT id FROM mal.doms",
                "SELECT id, g FROM mal.generated",
                "SELECT id FROM mal.checked",
                "SELECT id FROM mal.parted",
                "SELECT id FROM mal.parent",
                "SELECT id FROM mal.guarded",
                "SELECT mal.agg(id) AS a FROM mal.t",
                "SELECT id, mal.agg(id) OVER (ORDER BY id) AS a FROM mal.t",
                "SELECT id FROM mal.invoked",
                "SELECT id FROM mal.keyed",
                "SELECT id FROM mal.elsewhere",
                "SELECT id FROM mal.over_elsewhere",
                "SELECT id FROM mal.half",
                "SELECT public.of_hers(id) AS a FROM mal.t",
                "SELECT id, public.calls_hers(id) AS a FROM mal.t",
                "SELECT id FROM mal.t WHERE v OPERATOR(public.===) id",
                "SELECT id, v::public.over_hers AS d FROM mal.t",
                "SELECT id, '[1,2]'::public.of_her_diff AS r FROM mal.t",
                "SELECT id FROM mal.t GROUP BY GROUPING SETS ((id), ()) HAVING count(*) FILTER (WHERE mal.act()) > 0",
                "SELECT id FROM mal.t TABLESAMPLE system (mal.one(1))",
                "SELECT DISTINCT ON (mal.one(id)) id FROM mal.t ORDER BY mal.one(id), id",
                "SELECT id FROM mal.t LIMIT mal.one(1)",
                "SELECT id, coalesce(nullif(v, 'a'), 'b'::mal.dom) AS c FROM mal.t",
                // What runs code that is handed to it as a value.
                "SELECT id, query_to_xml('SELECT mal.act()', true, true, '')::text AS x FROM mal.t",
                "SELECT id, table_to_xml('mal.plain', true, true, '')::text AS x FROM mal.t",
                "SELECT id, satisfies_hash_partition('mal.parted'::regclass, 1, 0, 1) AS x FROM mal.t",
                "SELECT id, domain_in('x'::cstring, 'mal.dom'::regtype, -1) IS NULL AS x FROM mal.t",
                "SELECT id, set_config('role', 'none', true) AS x FROM mal.t",
                "SELECT id, n FROM mal.t, public.crosstab('SELECT 1, 1, 1') AS c(a int, n int)",
                "SELECT id FROM mal.t WHERE EXISTS (SELECT FROM mal.t u WHERE mal.one(u.id) = 1)",
                "WITH x AS (SELECT mal.one(id) AS o FROM mal.t) SELECT o FROM x"
            })
    void codeOfOthersIsFoundInAQuery(String query) throws Exception {
        assertThat(obstacle(query, TrustedCode.Use.LOOKUP)).isPresent();
        assertThat(obstacle(query, TrustedCode.Use.AUDIT)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE INDEX ON mal.examined (v, mal.one(1))",
                "CREATE INDEX ON mal.examined (v) WHERE mal.act()",
                "CREATE INDEX ON mal.examined (satisfies_hash_partition('mal.parted'::regclass, 1, 0, 1))",
                "CREATE STATISTICS mal.stats ON (mal.one(1)), v FROM mal.examined"
            })
    void codeOfOthersIsFoundAboutTheView(String ddl) throws Exception {
        assertThat(obstacle("SELECT id, v FROM mal.plain_table", TrustedCode.Use.LOOKUP, ddl))
                .isPresent();
        assertThat(obstacle("SELECT id, v FROM mal.plain_table", TrustedCode.Use.ROWS, ddl))
                .isPresent();
        assertThat(TrustedCode.isAllInRowsOf(connection, List.of(new ViewId("mal", "examined"))))
                .isFalse();
    }

    @Test
    void theRowsOfAViewRunNothingOfItsQuery() throws Exception {
        assertThat(obstacle("SELECT id, mal.one(id) AS o FROM mal.t", TrustedCode.Use.ROWS))
                .isEmpty();
    }

    /** The definition is parsed anew from its text. There another function may fit better than the one that was found at first. */
    @Test
    void aNamesakeInTheSchemaOfAnExtensionIsFound() throws Exception {
        String query = "SELECT id, public.hstore(t) AS h FROM mal.plain_table AS t";
        try {
            assertThat(obstacle(
                            query,
                            TrustedCode.Use.LOOKUP,
                            "CREATE FUNCTION public.hstore(mal.plain_table) RETURNS public.hstore IMMUTABLE LANGUAGE sql"
                                    + " AS 'SELECT NULL::public.hstore'"))
                    .isPresent();
        } finally {
            execute("DROP FUNCTION public.hstore(mal.plain_table)");
        }
        assertThat(obstacle(query, TrustedCode.Use.LOOKUP)).isEmpty();
    }

    /** What the proof leaves out since only a superuser can make it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION mal.triggered()",
                "CREATE OPERATOR CLASS mal.c FOR TYPE int4 USING btree AS FUNCTION 1 mal.two(int, int)",
                "CREATE OPERATOR FAMILY mal.f USING btree",
                "CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler",
                "CREATE LANGUAGE l HANDLER plpgsql_call_handler",
                "CREATE FOREIGN DATA WRAPPER w",
                "CREATE TEXT SEARCH TEMPLATE mal.t (LEXIZE = dsimple_lexize)",
                "CREATE TEXT SEARCH PARSER mal.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,"
                        + " LEXTYPES = prsd_lextype)",
                "CREATE FUNCTION mal.n(int) RETURNS int LANGUAGE internal AS 'int4abs'",
                "CREATE FUNCTION mal.n(int) RETURNS int LANGUAGE c AS 'plpgsql'",
                "CREATE FUNCTION mal.i(internal) RETURNS internal LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'",
                "ALTER FUNCTION mal.one(int) SUPPORT generate_series_int4_support",
                "CREATE TRANSFORM FOR int4 LANGUAGE plpgsql (FROM SQL WITH FUNCTION mal.one(int))",
                "CREATE TYPE mal.base (INPUT = int4in, OUTPUT = int4out)",
                "CREATE CAST (int4 AS text) WITH FUNCTION mal.as_text(int4)",
                "CREATE OPERATOR mal.=+= (FUNCTION = mal.two, LEFTARG = int, RIGHTARG = int,"
                        + " COMMUTATOR = OPERATOR(pg_catalog.-))"
            })
    void whatIsLeftOutOnlyASuperuserCanMake(String ddl) throws Exception {
        execute("SET ROLE trusted_code_mallory");
        try {
            // Refused as a matter of privilege, or of what the language cannot do.
            assertThatThrownBy(() -> execute(ddl))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isIn("42501", "0A000"));
        } finally {
            execute("RESET ROLE");
        }
    }

    /** {@code pg_depend} has no row for this type. */
    @Test
    void aDomainThatJsonValueReturnsIsFound() throws Exception {
        if (version >= 17) {
            assertThat(obstacle(
                            "SELECT id, JSON_VALUE(j, '$.a' RETURNING mal.dom) IS NULL AS n FROM mal.t",
                            TrustedCode.Use.AUDIT))
                    .isPresent();
        }
    }

    @Test
    void aSuperusersBodyOfTextIsTrustedByAuditsAlone() throws Exception {
        String query = "SELECT id, public.text_body(id) AS b FROM mal.t";
        assertThat(obstacle(query, TrustedCode.Use.LOOKUP)).isPresent();
        assertThat(obstacle(query, TrustedCode.Use.AUDIT)).isEmpty();
    }

    /** One view's trouble is its own, also where the closures of both are read together. */
    @Test
    void anotherViewIsNotConcerned() throws Exception {
        execute(
                "CREATE MATERIALIZED VIEW mal.good AS SELECT id, c, m FROM mal.t WITH NO DATA",
                "CREATE MATERIALIZED VIEW mal.bad AS SELECT id, c, v::mal.cast_to AS x FROM mal.t WITH NO DATA",
                "CREATE MATERIALIZED VIEW mal.worse AS SELECT id, mal.one(id) AS o FROM mal.plain_table WITH NO DATA",
                "CREATE MATERIALIZED VIEW mal.on_worse AS SELECT o FROM mal.worse WITH NO DATA");
        Catalog catalog = CatalogReader.read(connection);
        assertThat(catalog.relations().stream()
                        .filter(relation -> catalog.untrusted().containsKey(relation.oid()))
                        .map(Relation::name))
                .contains("bad", "worse")
                .doesNotContain("good", "on_worse");
        execute("DROP MATERIALIZED VIEW mal.good, mal.bad, mal.worse, mal.on_worse");
    }

    @Test
    void theReasonNamesTheFunctionItsOwnerAndWhatUsesIt() throws Exception {
        Optional<Obstacle> obstacle = obstacle(
                "SELECT id, v FROM mal.plain_table",
                TrustedCode.Use.LOOKUP,
                "CREATE INDEX odd ON mal.examined (v, mal.one(1))");
        assertThat(obstacle.orElseThrow().what())
                .startsWith("index mal.odd uses the function mal.one(integer), which belongs to trusted_code_mallory;");
    }
}
