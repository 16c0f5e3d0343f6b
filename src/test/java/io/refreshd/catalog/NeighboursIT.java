package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Further ways by which a view's content changes without a row, besides those of ContentLineageIT: the view counts as altered, or it
 * claims nothing because of an untracked source.
 *
 * <p>Each case runs in a transaction that is rolled back, in one database for each version.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class NeighboursIT {
    private static final String DATABASE = "neighbours";
    private static final ViewId VIEW = new ViewId("public", "v");

    private static @Nullable VersionedServer server;
    /** Sees nothing of a case, since no case is committed. */
    private static @Nullable Connection other;

    /** One for all cases, which keeps prepared statements at DDL: the server plans each long query of the catalog a few times. */
    private static Connection connection;

    @Parameter
    private int version;

    /** What refreshd makes of a case. */
    private enum Outcome {
        /** The view is refreshed after the change, and claims nothing while the change is not visible yet. */
        ALTERED,
        /**
         * The view is refreshed after the change. Its query can fail by it, and returns no other rows: it does not matter what the
         * view claims before the change is visible.
         */
        FAILING,
        /** The view is refreshed once the change is visible. Nothing shows the change before, be it a lock or a row that is replaced. */
        LATER,
        /** The view claims nothing at any time, and is refreshed by the clock. */
        UNTRACKED,
        /** The change does not bear on the view, which claims on. */
        SAME
    }

    /**
     * @param query of the view
     * @param ddl the change
     */
    private record Case(int since, Outcome outcome, String query, String ddl) {
        @Override
        public String toString() {
            return outcome + ": " + query + " | " + ddl;
        }
    }

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        server = VersionedServer.start(version);
        dropAll();
        StrictServer.run(
                url("postgres"),
                "",
                "CREATE DATABASE " + DATABASE,
                "CREATE ROLE nb_owner",
                "CREATE ROLE nb_group",
                "CREATE ROLE nb_second",
                "CREATE ROLE nb_other");
        StrictServer.run(
                url(DATABASE),
                "",
                "GRANT CREATE ON SCHEMA public TO nb_owner",
                "CREATE SCHEMA app",
                "CREATE TYPE st AS ENUM ('a', 'b')",
                "CREATE DOMAIN dom AS int",
                "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
                "CREATE FUNCTION app.add(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'",
                "CREATE FUNCTION by_body(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN app.add($1, 1); END'",
                "GRANT USAGE ON SCHEMA app TO nb_owner",
                "CREATE OPERATOR app.<+> (leftarg = int, rightarg = int, function = app.add)",
                "CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple)",
                "CREATE TEXT SEARCH CONFIGURATION conf (COPY = simple)",
                "ALTER TEXT SEARCH CONFIGURATION conf ALTER MAPPING FOR asciiword WITH dict",
                "ALTER TEXT SEARCH CONFIGURATION conf DROP MAPPING FOR email",
                "CREATE COLLATION coll FROM \"C\"",
                "CREATE TABLE collated (id int PRIMARY KEY, c text COLLATE coll)",
                "CREATE SEQUENCE seq",
                "CREATE TABLE t (id int PRIMARY KEY, n int, s st, d dom, body text, at timestamptz)",
                "COMMENT ON TABLE t IS 'a comment'",
                "CREATE TABLE parted (id int PRIMARY KEY, n int) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE parent (id int PRIMARY KEY, n int)",
                "CREATE TABLE child (id int PRIMARY KEY, n int)",
                "CREATE TABLE secured (id int PRIMARY KEY, n int)",
                "ALTER TABLE secured ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY clocked ON secured USING (n < extract(epoch FROM now()))",
                "CREATE VIEW below AS SELECT id, n FROM t",
                "CREATE TABLE grouped (id int PRIMARY KEY, n int)",
                "ALTER TABLE grouped ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY of_group ON grouped TO nb_group USING (n > 0)",
                "CREATE POLICY of_database ON grouped TO pg_database_owner USING (n > 1)",
                "CREATE TABLE seconded (id int PRIMARY KEY, n int)",
                "ALTER TABLE seconded ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY of_second ON seconded TO nb_second USING (n > 0)",
                "GRANT nb_second TO nb_owner",
                "CREATE TABLE mine (id int PRIMARY KEY, n int)",
                "ALTER TABLE mine ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY positive ON mine USING (n > 0)",
                "ALTER TABLE mine OWNER TO nb_owner",
                "CREATE VIEW below_grouped AS SELECT id, n FROM grouped",
                "CREATE VIEW above AS SELECT * FROM below_grouped",
                "CREATE TABLE spare (id int NOT NULL, n int)",
                "CREATE FUNCTION st_json(st) RETURNS json LANGUAGE sql IMMUTABLE RETURN '1'::json",
                "CREATE TYPE comp AS (a int, b st)",
                "CREATE DOMAIN dcomp AS comp",
                "CREATE TABLE composites (id int PRIMARY KEY, c dcomp)",
                "CREATE TYPE str AS RANGE (subtype = st)",
                "CREATE AGGREGATE app.total(int) (sfunc = app.add, stype = int, initcond = '0')",
                "CREATE TABLE stored (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED)",
                "CREATE FUNCTION app.minus(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2'",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO nb_owner");
        if (version >= 18) {
            StrictServer.run(
                    url(DATABASE),
                    "",
                    "CREATE TABLE virt (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) VIRTUAL)",
                    "GRANT SELECT ON virt TO nb_owner");
        }
        other = DriverManager.getConnection(url(DATABASE), LocalPostgres.USER, "");
        connection = DriverManager.getConnection(url(DATABASE) + "?flushCacheOnDdl=false", LocalPostgres.USER, "");
        connection.setAutoCommit(false);
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        for (Connection opened : new Connection[] {other, connection}) {
            if (opened != null) {
                opened.close();
            }
        }
        dropAll();
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void rollback() throws Exception {
        connection.rollback();
    }

    static Stream<Case> cases() {
        return Stream.of(
                failing("SELECT id, by_body(n) AS n FROM t", "REVOKE USAGE ON SCHEMA app FROM nb_owner"),
                same("SELECT id, n FROM t", "REVOKE USAGE ON SCHEMA app FROM nb_owner"),
                // What a name means, or how it is written.
                altered("SELECT id, n FROM below", "CREATE OR REPLACE VIEW below AS SELECT id, n FROM t WHERE n > 0"),
                altered(
                        "SELECT id, n OPERATOR(app.<+>) 1 AS n FROM t",
                        "CREATE OR REPLACE FUNCTION app.add(int, int)"
                                + " RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'"),
                untracked("SELECT id, tableoid::regclass::text AS t FROM parted", "ALTER TABLE part RENAME TO other"),
                untracked(
                        "SELECT id, concat(tableoid::regclass, n) AS t FROM parted",
                        "ALTER TABLE part RENAME TO other"),
                untracked("SELECT id, pg_typeof(s)::text AS t FROM t", "ALTER SCHEMA public RENAME TO private"),
                untracked("SELECT id, to_regclass('late') IS NOT NULL AS t FROM t", "CREATE TABLE late ()"),
                untracked("SELECT id, body::regclass::oid AS t FROM t", "CREATE TABLE late ()"),
                untracked(
                        "SELECT id, obj_description('t'::regclass, 'pg_class') AS t FROM t",
                        "COMMENT ON TABLE t IS 'other'"),
                untracked("SELECT oid::int AS id, relname FROM pg_class", "CREATE TABLE late ()"),
                untracked("SELECT table_name FROM information_schema.tables", "CREATE TABLE late ()"),
                untracked("SELECT id, session_user AS who FROM t", "SET SESSION AUTHORIZATION nb_other"),
                untracked("SELECT id, current_schema AS s FROM t", "CREATE SCHEMA nb_owner"),
                altered("SELECT id, current_user AS who FROM t", "ALTER ROLE nb_owner RENAME TO nb_renamed"),
                untracked(
                        "SELECT id, has_table_privilege('nb_other', 't', 'SELECT') AS p FROM t",
                        "GRANT SELECT ON t TO nb_other"),
                // Where rows are, and which there are.
                untracked("SELECT id, ctid::text AS c FROM t", "SELECT"),
                untracked("SELECT id, xmin::text AS c FROM t", "SELECT"),
                untracked("SELECT id FROM t TABLESAMPLE SYSTEM (50)", "SELECT"),
                untracked("SELECT id, s.last_value FROM t, seq s", "SELECT nextval('seq')"),
                untracked("SELECT id, lo_get(n::oid) AS o FROM t", "SELECT lo_create(1)"),
                altered("SELECT id, n FROM parent", "ALTER TABLE child INHERIT parent"),
                altered("SELECT id, n FROM parted", "ALTER TABLE parted DETACH PARTITION part"),
                altered(
                        "SELECT id, to_jsonb(x) AS j FROM jsonb_populate_record(NULL::parent, '{}') x",
                        "ALTER TABLE parent ADD COLUMN more int DEFAULT 1"),
                altered(
                        "SELECT id, n FROM parted",
                        "ALTER TABLE parted ATTACH PARTITION spare FOR VALUES FROM (10) TO (20)"),
                untracked("SELECT id, n FROM parted", "ALTER TABLE part SET UNLOGGED"),
                altered("SELECT id, t::text AS j FROM t", "ALTER TABLE t RENAME COLUMN n TO m"),
                altered("SELECT id, row_to_json(x) AS j FROM (SELECT t FROM t) x, t", "ALTER TABLE t DROP COLUMN at"),
                untracked("SELECT 1 AS id, table_to_xml('t', true, false, '')::text AS x", "INSERT INTO t VALUES (1)"),
                untracked(
                        "SELECT id, pg_column_size(body) AS n FROM t", "ALTER TABLE t SET (toast_tuple_target = 128)"),
                new Case(
                        17,
                        Outcome.ALTERED,
                        "SELECT id, g FROM stored",
                        "ALTER TABLE stored ALTER g SET EXPRESSION AS (id * 3)"),
                new Case(
                        18,
                        Outcome.ALTERED,
                        "SELECT id, g FROM virt",
                        "ALTER TABLE virt ALTER g SET EXPRESSION AS (id * 3)"),
                new Case(
                        18,
                        Outcome.ALTERED,
                        "SELECT id, to_jsonb(virt) AS g FROM virt",
                        "ALTER TABLE virt ALTER g SET EXPRESSION AS (id * 3)"),
                // Types, functions and text search.
                later("SELECT id, to_jsonb(s) AS j FROM t", "CREATE CAST (st AS json) WITH FUNCTION st_json(st)"),
                later(
                        "SELECT id, jsonb_agg(c) AS j FROM composites GROUP BY id",
                        "CREATE CAST (st AS json) WITH FUNCTION st_json(st)"),
                altered("SELECT id, to_jsonb(c) AS j FROM composites", "ALTER TYPE comp RENAME ATTRIBUTE a TO z"),
                altered("SELECT id, c::text AS j FROM composites", "ALTER TYPE st RENAME VALUE 'a' TO 'z'"),
                altered(
                        "SELECT id, to_jsonb(ROW(1, 'a')::comp) AS j FROM t",
                        "ALTER TYPE comp ADD ATTRIBUTE more text"),
                altered("SELECT id, str(s, s, '[]')::text AS r FROM t", "ALTER TYPE st RENAME VALUE 'a' TO 'z'"),
                altered(
                        "SELECT id, multirange(str(s, s, '[]'))::text AS r FROM t",
                        "ALTER TYPE st RENAME VALUE 'a' TO 'z'"),
                new Case(
                        16,
                        Outcome.UNTRACKED,
                        "SELECT id, pg_input_is_valid(body, 'dom') AS n FROM t",
                        "ALTER DOMAIN dom ADD CHECK (value > 0)"),
                altered(
                        "SELECT app.total(n) AS id FROM t",
                        "CREATE OR REPLACE FUNCTION app.add(int, int)"
                                + " RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'"),
                altered(
                        "SELECT id, by_body(n) AS n FROM t",
                        "ALTER FUNCTION app.add(int, int) RENAME TO plus; ALTER FUNCTION app.minus(int, int) RENAME TO add"),
                altered("SELECT id, array_length(enum_range(NULL::st), 1) AS n FROM t", "ALTER TYPE st ADD VALUE 'c'"),
                failing("SELECT id, d FROM t", "ALTER DOMAIN dom ADD CHECK (value > 0) NOT VALID"),
                altered("SELECT id, f(n) AS n FROM t", "ALTER FUNCTION f(int) SET search_path = app"),
                altered("SELECT id, f(n) AS n FROM t", "ALTER FUNCTION f(int) SECURITY DEFINER"),
                altered("SELECT id, f(n) AS n FROM t", "ALTER FUNCTION f(int) OWNER TO nb_other"),
                altered("SELECT id, f(n) AS n FROM t", "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC"),
                untracked("SELECT id, f(n) AS n FROM t", "ALTER FUNCTION f(int) STABLE"),
                altered(
                        "SELECT id, to_tsvector('conf', body) AS b FROM t",
                        "ALTER TEXT SEARCH DICTIONARY dict (accept = false)"),
                altered(
                        "SELECT id, to_tsvector('conf', body) AS b FROM t",
                        "ALTER TEXT SEARCH CONFIGURATION conf ALTER MAPPING REPLACE dict WITH simple"),
                altered(
                        "SELECT id, to_tsvector('conf', body) AS b FROM t",
                        "ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR email WITH simple"),
                altered(
                        "SELECT max(body COLLATE coll) AS id FROM t",
                        "UPDATE pg_collation SET collversion = 'x' WHERE collname = 'coll'"),
                // Rights.
                untracked("SELECT id, n FROM secured", "SELECT"),
                failing("SELECT id, n FROM t", "REVOKE SELECT ON t FROM nb_owner"),
                failing("SELECT id, n FROM t", "REVOKE SELECT ON t FROM nb_owner; GRANT SELECT (id) ON t TO nb_owner"),
                altered("SELECT id, n FROM grouped", "GRANT nb_group TO nb_owner"),
                altered("SELECT id, n FROM grouped", "ALTER ROLE nb_owner BYPASSRLS"),
                altered("SELECT id, n FROM grouped", "CREATE POLICY more ON grouped TO nb_owner USING (true)"),
                altered("SELECT id, n FROM grouped", "ALTER DATABASE " + DATABASE + " OWNER TO nb_owner"),
                altered("SELECT id, n FROM grouped", "ALTER TABLE grouped DISABLE ROW LEVEL SECURITY"),
                altered("SELECT id, n FROM grouped", "ALTER ROLE nb_owner SUPERUSER"),
                altered(
                        "SELECT id, n FROM grouped",
                        "CREATE ROLE nb_between IN ROLE nb_group; GRANT nb_between TO nb_owner"),
                altered("SELECT id, n FROM seconded", "REVOKE nb_second FROM nb_owner"),
                altered("SELECT id, n FROM seconded", "ALTER POLICY of_second ON seconded USING (n > 7)"),
                altered("SELECT id, n FROM seconded", "DROP POLICY of_second ON seconded"),
                altered("SELECT id, n FROM mine", "ALTER TABLE mine FORCE ROW LEVEL SECURITY"),
                altered(
                        "SELECT id, n FROM mine",
                        "ALTER TABLE mine OWNER TO nb_other; GRANT SELECT ON mine TO nb_owner"),
                altered("SELECT id, n FROM above", "ALTER VIEW below_grouped SET (security_invoker)"),
                altered(
                        "SELECT id, n FROM above",
                        "ALTER VIEW below_grouped OWNER TO nb_other; GRANT SELECT ON grouped TO nb_other"),
                // Settings.
                altered(
                        "SELECT id, to_tsvector(body) AS b FROM t",
                        "ALTER ROLE nb_owner SET default_text_search_config = 'public.conf'"),
                altered("SELECT id, to_char(at, 'TMDay') AS a FROM t", "ALTER ROLE nb_owner SET lc_time = 'C'"),
                altered("SELECT id, n::float8 / 3 AS a FROM t", "ALTER ROLE nb_owner SET extra_float_digits = -15"),
                untracked("SELECT id, current_catalog AS a FROM t", "SELECT"),
                untracked("SELECT id, pg_collation_for(c) AS a FROM collated", "ALTER COLLATION coll RENAME TO other"),
                untracked("SELECT id, current_database() AS a FROM t", "SELECT"),
                altered("SELECT id, at::text AS a FROM t", "ALTER ROLE nb_owner SET IntervalStyle = 'iso_8601'"),
                altered(
                        "SELECT id, at::text AS a FROM t",
                        "ALTER ROLE nb_owner IN DATABASE " + DATABASE + " SET lc_monetary = 'C'"),
                altered(
                        "SELECT id, at::text AS a FROM t",
                        "ALTER DATABASE " + DATABASE + " SET timezone_abbreviations = 'Australia'"),
                altered("SELECT id, at::text AS a FROM t", "ALTER ROLE ALL SET bytea_output = 'escape'"),
                untracked(
                        "SELECT id, current_setting('app.tenant', true) AS a FROM t",
                        "ALTER ROLE nb_owner SET app.tenant = '7'"),
                untracked("SELECT id, at::time::timetz AS a FROM t", "SELECT"),
                // What does not bear on the content.
                same("SELECT id, n FROM t", "ALTER TABLE t RENAME TO other"),
                same("SELECT id, n FROM t", "ALTER TABLE t ALTER COLUMN n SET DEFAULT 7"),
                same("SELECT id, n FROM t", "ALTER TABLE t ALTER COLUMN body SET STATISTICS 7"),
                same(
                        "SELECT id, n FROM t",
                        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"),
                same("SELECT id, n FROM t", "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING"),
                same("SELECT id, n FROM t", "GRANT SELECT ON t TO nb_other"),
                same("SELECT id, n FROM t", "COMMENT ON TABLE t IS 'other'"),
                same("SELECT id, n FROM t", "CREATE STATISTICS stat ON id, n FROM t"),
                same("SELECT id, n::text AS n FROM t", "CREATE TABLE late ()"),
                same("SELECT id, n FROM t WHERE pg_typeof(n) = 'integer'::regtype", "CREATE TABLE late ()"),
                same("SELECT id, tableoid AS t FROM parted", "CREATE TABLE late ()"));
    }

    private static Case altered(String query, String ddl) {
        return new Case(15, Outcome.ALTERED, query, ddl);
    }

    private static Case failing(String query, String ddl) {
        return new Case(15, Outcome.FAILING, query, ddl);
    }

    private static Case later(String query, String ddl) {
        return new Case(15, Outcome.LATER, query, ddl);
    }

    private static Case untracked(String query, String ddl) {
        return new Case(15, Outcome.UNTRACKED, query, ddl);
    }

    private static Case same(String query, String ddl) {
        return new Case(15, Outcome.SAME, query, ddl);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void claimsNothingThatIsNotSo(Case change) throws Exception {
        Assumptions.assumeTrue(version >= change.since());
        execute("CREATE MATERIALIZED VIEW v AS " + change.query() + " WITH NO DATA");
        execute("ALTER MATERIALIZED VIEW v OWNER TO nb_owner");
        Catalog catalog = CatalogReader.read(connection);
        ViewGraph before = ViewGraph.of(catalog, view -> true);
        boolean untracked = !before.view(VIEW).orElseThrow().untrackedSources().isEmpty();
        assertThat(untracked && change.outcome() != Outcome.UNTRACKED)
                .as("untracked: %s", before.view(VIEW).orElseThrow().untrackedSources())
                .isEqualTo(false);
        Fingerprint fingerprint = CatalogReader.fingerprint(connection);
        Connection observer = Objects.requireNonNull(other);
        Fingerprint seen = CatalogReader.fingerprint(observer);
        execute(change.ddl());
        ViewGraph after = graph();
        switch (change.outcome()) {
            case SAME -> assertThat(lineage(after)).isEqualTo(lineage(before));
            case ALTERED, FAILING, LATER -> {
                assertThat(lineage(after)).isNotEqualTo(lineage(before));
                assertThat(fingerprint.isCurrent(connection)).isFalse();
                boolean inFlux = DependentViews.of(catalog, before)
                        .on(CatalogReader.beingAltered(observer))
                        .containsKey(VIEW);
                boolean seenBefore = inFlux || !seen.isCurrent(observer);
                assertThat(seenBefore || change.outcome() != Outcome.ALTERED)
                        .as("seen before it is visible")
                        .isEqualTo(true);
            }
            case UNTRACKED -> {
                // One that becomes untracked by the change claims nothing from then on.
                List<Obstacle> now =
                        after.view(VIEW).map(MaterializedView::untrackedSources).orElse(List.of());
                assertThat(untracked || !now.isEmpty()).isTrue();
            }
        }
    }

    /** The lineage of the one view, whatever its schema is called now. */
    private static String lineage(ViewGraph graph) {
        return graph.lineageOf(graph.views().firstKey());
    }

    private ViewGraph graph() throws SQLException {
        return ViewGraph.of(CatalogReader.read(connection), view -> true);
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // A subtransaction of its own, and so an xmin of its own.
            connection.setSavepoint();
            statement.execute(sql);
        }
    }

    private static String url(String database) {
        return Objects.requireNonNull(server).url(database);
    }

    private static void dropAll() throws Exception {
        StrictServer.run(
                url("postgres"),
                "",
                "DROP DATABASE IF EXISTS " + DATABASE + " WITH (FORCE)",
                "DROP ROLE IF EXISTS nb_owner",
                "DROP ROLE IF EXISTS nb_group",
                "DROP ROLE IF EXISTS nb_second",
                "DROP ROLE IF EXISTS nb_other");
    }
}
