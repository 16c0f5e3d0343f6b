package io.refreshd.redefine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.Connector;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.SessionKind;
import io.refreshd.incremental.Conversion;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A materialized view is given another query, as the role with the fewest privileges. Each case has a schema of its own. */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 18})
class RedefinitionIT {
    private static final String DATABASE = "redefinition";
    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    /** What people see of a view, but for its oid, its columns and its query. */
    private static final String SEEN = """
            SELECT concat_ws(E'\\n', c.relkind, pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class'), c.reloptions, c.relreplident,
              (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a),
              (SELECT string_agg(concat_ws(' ', a.attname, a.attacl, a.attstattarget, a.attoptions, a.attstorage, a.attcompression,
                                           col_description(c.oid, a.attnum)), ', ' ORDER BY a.attname)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname NOT IN ('added', 'gone')),
              (SELECT string_agg(concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisclustered, x.indisreplident,
                                           obj_description(x.indexrelid, 'pg_class'),
                                           (SELECT max(a.attstattarget) FROM pg_attribute a WHERE a.attrelid = x.indexrelid)), '; '
                                 ORDER BY x.indexrelid::regclass::text)
                 FROM pg_index x WHERE x.indrelid = c.oid),
              (SELECT string_agg(concat_ws(' ', pg_get_statisticsobjdef(s.oid), s.stxstattarget, pg_get_userbyid(s.stxowner),
                                           obj_description(s.oid, 'pg_statistic_ext')), '; ')
                 FROM pg_statistic_ext s WHERE s.stxrelid = c.oid),
              (SELECT string_agg(t.option_name || t.option_value, ',') FROM pg_class o, pg_options_to_table(o.reloptions) t
                WHERE o.oid = c.reltoastrelid))
            FROM pg_class c WHERE c.oid = '%s'::regclass
            """;

    private static @Nullable VersionedServer server;

    @Parameter
    private int version;

    private String schema = "";
    private Handle handle;

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        VersionedServer started = VersionedServer.start(version);
        server = started;
        run(
                "postgres",
                "CREATE DATABASE " + DATABASE,
                "CREATE ROLE \"App owner\"",
                "CREATE ROLE reader",
                "CREATE ROLE lender",
                "CREATE ROLE other_owner",
                "CREATE ROLE converter LOGIN",
                "GRANT \"App owner\", lender TO converter",
                "GRANT CREATE ON DATABASE " + DATABASE + " TO converter");
        try (Handle ledger = connectAs("converter")) {
            LedgerSchema.migrate(ledger);
        }
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        if (server != null) {
            run(
                    "postgres",
                    "DROP DATABASE " + DATABASE + " WITH (FORCE)",
                    "DROP ROLE \"App owner\", reader, lender, other_owner, converter");
            server.close();
            server = null;
        }
    }

    @BeforeEach
    void schema() throws Exception {
        schema = "s" + SCHEMAS.incrementAndGet();
        sql(
                "CREATE SCHEMA $ AUTHORIZATION \"App owner\"",
                "GRANT USAGE, CREATE ON SCHEMA $ TO converter",
                "GRANT USAGE ON SCHEMA $ TO reader, lender",
                "ALTER ROLE \"App owner\" IN DATABASE " + DATABASE + " SET search_path = $, public",
                "SET search_path = $; SET ROLE \"App owner\"; CREATE TABLE main (id int PRIMARY KEY, role text, title text, v numeric(9, 2));"
                        + "INSERT INTO main SELECT i, chr(97 + i % 3), 't' || i, i FROM generate_series(1, 30) i;"
                        + "CREATE MATERIALIZED VIEW v AS SELECT id, role, title, v FROM main WHERE id <= 20");
        handle = connectAs("converter");
    }

    @AfterEach
    void close() {
        handle.close();
    }

    @Test
    void whateverIsAttachedIsCarriedOver() throws Exception {
        sql(
                "CREATE UNIQUE INDEX v_key ON $.v (id); CREATE INDEX \"V title\" ON $.v (lower(title) DESC) INCLUDE (role)"
                        + " WITH (fillfactor = 70) WHERE v > 3; ALTER INDEX $.\"V title\" ALTER COLUMN 1 SET STATISTICS 33",
                "COMMENT ON INDEX $.v_key IS 'it''s mine'; COMMENT ON MATERIALIZED VIEW $.v IS 'all % and ''quotes'''",
                "COMMENT ON COLUMN $.v.role IS 'a role'; CLUSTER $.v USING v_key",
                "ALTER MATERIALIZED VIEW $.v SET (fillfactor = 60, toast.autovacuum_enabled = false)",
                "ALTER MATERIALIZED VIEW $.v ALTER COLUMN title SET STATISTICS 17, ALTER COLUMN role SET (n_distinct = 3),"
                        + " ALTER COLUMN role SET STORAGE EXTERNAL, ALTER COLUMN title SET COMPRESSION pglz",
                "ALTER TABLE $.v REPLICA IDENTITY FULL",
                "CREATE STATISTICS $.\"V st\" (ndistinct, mcv) ON role, (v + 1) FROM $.v; ALTER STATISTICS $.\"V st\" SET STATISTICS 9;"
                        + "COMMENT ON STATISTICS $.\"V st\" IS 'of v'; ALTER STATISTICS $.\"V st\" OWNER TO \"App owner\"",
                "SET ROLE \"App owner\"; GRANT SELECT, DELETE ON $.v TO lender WITH GRANT OPTION; GRANT SELECT (id, title) ON $.v TO PUBLIC;"
                        + "GRANT ALL ON $.v TO other_owner; REVOKE TRUNCATE ON $.v FROM \"App owner\"",
                "SET ROLE lender; GRANT SELECT ON $.v TO reader",
                "ALTER DEFAULT PRIVILEGES FOR ROLE converter IN SCHEMA $ GRANT SELECT, UPDATE ON TABLES TO reader");
        String seen = one(SEEN.formatted("$.v"));
        assertThat(seen).contains("reader=r/lender", "V st");

        RedefinitionResult plan = plan("SELECT id, v, title, role, 7 AS added FROM main");
        assertThat(plan.obstacles()).isEmpty();
        assertThat(plan.columns().words()).containsExactly("added integer is new");
        assertThat(one("SELECT count(*) FROM $.v")).isEqualTo("20");
        assertThat(one(SEEN.formatted("$.v"))).isEqualTo(seen);

        RedefinitionResult done = apply("SELECT id, v, title, role, 7 AS added FROM main");
        assertThat(done.done()).isTrue();
        assertThat(done.script().stream().map(RedefinitionIT::withoutNumbers).toList())
                .as("what is done is what the plan says")
                .isEqualTo(plan.script().stream()
                        .map(RedefinitionIT::withoutNumbers)
                        .toList());
        assertThat(one(SEEN.formatted("$.v"))).isEqualTo(seen);
        assertThat(one("SELECT count(*) || ' ' || sum(added) FROM $.v")).isEqualTo("30 210");
        sql("REFRESH MATERIALIZED VIEW CONCURRENTLY $.v");
        assertThat(one("SELECT reltuples FROM pg_class WHERE oid = '$.v'::regclass"))
                .as("it was analyzed")
                .isEqualTo("30");
        assertThat(leftovers()).isEmpty();
        assertThat(apply("SELECT id, v, title, role, 7 AS added FROM main").same())
                .isTrue();
    }

    /** Oids differ from run to run, and after the exchange. */
    private static String withoutNumbers(String sql) {
        return sql.replaceAll("_\\d+", "_N");
    }

    @Test
    void whatStandsOnItStaysAndHoldsTheNewRows() throws Exception {
        sql(
                "SET search_path = $; SET ROLE \"App owner\";"
                        + "CREATE VIEW \"Plain\" WITH (security_barrier = true) AS SELECT id, count(*) OVER () AS n FROM v WHERE id < 99;"
                        + "CREATE RULE quiet AS ON INSERT TO \"Plain\" DO INSTEAD NOTHING;"
                        + "CREATE VIEW between AS SELECT role, count(*) AS n FROM v GROUP BY role;"
                        + "CREATE MATERIALIZED VIEW by_role AS SELECT b.role, b.n, (SELECT count(*) FROM v w WHERE w.role = b.role) AS m FROM between b;"
                        + "CREATE UNIQUE INDEX by_role_key ON by_role (role);"
                        + "CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n FROM by_role;"
                        + "CREATE MATERIALIZED VIEW empty AS SELECT n FROM total WITH NO DATA;"
                        + "CREATE VIEW top AS SELECT t.n FROM total t JOIN \"Plain\" p ON p.id = 1;"
                        + "COMMENT ON VIEW between IS 'between'; GRANT SELECT ON between TO reader; GRANT SELECT (n) ON by_role TO reader WITH GRANT OPTION");
        List<String> views = List.of("$.\"Plain\"", "$.between", "$.by_role", "$.total", "$.empty", "$.top");
        List<String> seen = new ArrayList<>();
        List<String> queries = new ArrayList<>();
        for (String view : views) {
            seen.add(one(SEEN.formatted(view)));
            queries.add(one("SELECT pg_get_viewdef('" + view + "'::regclass)"));
        }
        String top = one("SELECT '$.top'::regclass::oid");
        ViewRows.replace(handle, id("by_role"), 1);

        RedefinitionResult plan = plan("SELECT id, role, title, v FROM main");
        assertThat(plan.kept()).extracting(ViewId::name).containsExactlyInAnyOrder("Plain", "top");
        assertThat(plan.remade())
                .extracting(view -> view.id().name())
                .containsExactly("between", "by_role", "total", "empty");
        assertThat(apply("SELECT id, role, title, v FROM main").obstacles()).isEmpty();

        for (int i = 0; i < views.size(); i++) {
            assertThat(one(SEEN.formatted(views.get(i)))).isEqualTo(seen.get(i));
            assertThat(one("SELECT pg_get_viewdef('" + views.get(i) + "'::regclass)"))
                    .isEqualTo(queries.get(i));
        }
        assertThat(one("SELECT '$.top'::regclass::oid")).as("keeps its oid").isEqualTo(top);
        assertThat(one("SELECT (SELECT n FROM $.top) || ' ' || (SELECT n + m FROM $.by_role WHERE role = 'a')"
                        + " || (SELECT relispopulated::text FROM pg_class WHERE oid = '$.empty'::regclass)"))
                .isEqualTo("30 20false");
        assertThat(one("SELECT view_oid = '$.by_role'::regclass AND marked > covered AND watermark IS NULL"
                        + " FROM refreshd.view_state WHERE view_schema = '" + schema + "'"))
                .as("nothing is claimed of the copy")
                .isEqualTo("t");
        sql("REFRESH MATERIALIZED VIEW CONCURRENTLY $.by_role; INSERT INTO $.\"Plain\" VALUES (1)");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void columnsThatSomethingUsesMustStay() throws Exception {
        sql("SET search_path = $; SET ROLE \"App owner\"; CREATE INDEX v_title ON v (title);"
                + "CREATE VIEW above AS SELECT role, v FROM v; CREATE MATERIALIZED VIEW top AS SELECT id FROM v");
        assertThat(what(apply("SELECT id::bigint AS id, role FROM main")))
                .containsExactlyInAnyOrder(
                        "index " + schema + ".v_title uses column title of " + schema
                                + ".v, which the new query does not have",
                        "view " + schema + ".above uses column v of " + schema
                                + ".v, which the new query does not have",
                        "materialized view " + schema + ".top uses column id of " + schema
                                + ".v, which becomes bigint and was integer");
        assertThat(plan("SELECT id, role, title, v, v AS w FROM main").obstacles())
                .isEmpty();
        assertThat(leftovers()).isEmpty();
        assertThat(one("SELECT count(*) FROM $.v")).isEqualTo("20");
    }

    @Test
    void aQueryThatCannotBeIsRefusedWithItsPlace() throws Exception {
        sql(
                "CREATE VIEW $.above AS SELECT id, role, title, v FROM $.v; GRANT SELECT ON $.above TO \"App owner\"",
                "ALTER VIEW $.above OWNER TO \"App owner\"",
                "CREATE SCHEMA hidden_" + schema + "; CREATE TABLE hidden_" + schema + ".t (id int)");
        assertThat(what(plan("SELECT id,\n  nothing FROM main")))
                .singleElement()
                .asString()
                .contains("(line 2, column 3): column \"nothing\" does not exist");
        assertThat(what(plan("SELECT id FRM main m x")))
                .singleElement()
                .asString()
                .contains("syntax error");
        assertThat(what(plan("SELECT (1; DROP TABLE main)")))
                .singleElement()
                .asString()
                .contains("syntax error");
        assertThat(what(plan("WITH d AS (DELETE FROM main RETURNING id) SELECT id FROM d")))
                .singleElement()
                .asString()
                .contains("data-modifying");
        assertThat(what(plan("SELECT id FROM hidden_" + schema + ".t")))
                .singleElement()
                .asString()
                .contains("permission denied for schema");
        assertThat(what(apply("SELECT id, role, title, v FROM v WHERE id > 3")))
                .containsExactly("the query reads " + schema + ".v itself");
        assertThat(what(apply("SELECT id, role, title, v FROM above")))
                .containsExactly("the query reads " + schema + ".above, which stands on " + schema + ".v");
        assertThat(one("SELECT count(*) FROM $.main")).isEqualTo("30");
        assertThat(one("SELECT count(*) FROM $.v")).isEqualTo("20");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void whatIsNoViewToRedefineIsNamed() throws Exception {
        sql(
                "CREATE VIEW $.plain AS SELECT 1 AS one; CREATE MATERIALIZED VIEW $.of_role AS SELECT 1 AS one",
                "INSERT INTO refreshd.role_view (view_schema, view_name, view_oid, template, role, definition)"
                        + " VALUES ('" + schema + "', 'of_role', '" + schema
                        + ".of_role'::regclass, 'x_{role}', 'a', '{}')",
                "CREATE MATERIALIZED VIEW $.theirs AS SELECT 1 AS one; ALTER MATERIALIZED VIEW $.theirs OWNER TO other_owner");
        assertThat(refusal("plain")).contains("is a plain view");
        assertThat(refusal("main")).contains("is no view");
        assertThat(refusal("absent")).contains("there is no view");
        assertThat(refusal("of_role")).contains("template x_{role}", "refreshd apply");
        assertThat(refusal("theirs"))
                .contains("is not a member of \"other_owner\"", "GRANT \"other_owner\" TO \"converter\"");
        sql(
                "DELETE FROM refreshd.role_view",
                "SET ROLE \"App owner\"; CREATE FUNCTION $.takes($.v) RETURNS int LANGUAGE sql AS 'SELECT 1';"
                        + "CREATE VIEW $.rows AS SELECT w AS r FROM $.v w",
                "CREATE FUNCTION $.body() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM $.v; END");
        assertThat(what(Redefinition.apply(handle, id("v"), "SELECT 1 AS id")))
                .anyMatch(text -> text.contains("body() stands on " + schema + ".v"))
                .anyMatch(text -> text.contains("takes(") && text.contains("stands on " + schema + ".v"))
                .anyMatch(text -> text.contains("column r of view " + schema + ".rows stands on " + schema + ".v"))
                .hasSize(3);
    }

    private String refusal(String view) throws SQLException {
        return Redefinition.apply(handle, id(view), "SELECT 1 AS one")
                .obstacles()
                .toString();
    }

    @Test
    void anyNameInAnySchemaIsKept() throws Exception {
        String longest = "x".repeat(63);
        String odd = "Größe \"100%\" \\ . $user";
        sql("CREATE SCHEMA other AUTHORIZATION \"App owner\"; GRANT CREATE, USAGE ON SCHEMA other TO converter");
        try {
            for (String name : List.of(longest, odd, "SELECT", "freshness")) {
                String quoted = SqlNames.identifier(name);
                sql("SET search_path = $; SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW " + quoted
                        + " AS SELECT id FROM main; CREATE UNIQUE INDEX " + SqlNames.identifier("i" + name.substring(1))
                        + " ON "
                        + quoted + " (id)");
                if (!name.equals("freshness")) {
                    sql("SET search_path = $; SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW other." + quoted
                            + " AS SELECT count(*) AS n FROM " + quoted + "; CREATE MATERIALIZED VIEW other.\"Top"
                            + name.length()
                            + "\" AS SELECT n FROM other." + quoted);
                }
                String indexes = one(SEEN.formatted("$." + quoted));
                assertThat(Redefinition.apply(handle, id(name), "SELECT id FROM main WHERE id < 4")
                                .obstacles())
                        .isEmpty();
                assertThat(one("SELECT count(*) FROM $." + quoted)).isEqualTo("3");
                assertThat(one(SEEN.formatted("$." + quoted))).isEqualTo(indexes);
                if (!name.equals("freshness")) {
                    assertThat(one("SELECT n FROM other.\"Top" + name.length() + "\""))
                            .isEqualTo("3");
                }
            }
            sql(
                    "SET search_path = $; SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW on_it AS SELECT id FROM freshness");
            assertThatThrownBy(() -> Redefinition.plan(handle, id("freshness"), "SELECT id FROM main"))
                    .as("what the ledger has a name for")
                    .hasMessageContaining("on_it cannot be made again")
                    .hasMessageContaining("freshness");
        } finally {
            sql("DROP SCHEMA other CASCADE");
        }
    }

    @Test
    void theQueryRunsAsTheOwnerAndNeverAsRefreshd() throws Exception {
        sql(
                "SET search_path = $; CREATE TABLE ran (by text); GRANT ALL ON ran TO PUBLIC; GRANT CREATE ON SCHEMA $ TO other_owner;"
                        + "GRANT USAGE ON SCHEMA $ TO other_owner; SET ROLE other_owner;"
                        + "CREATE FUNCTION spy(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''%'', current_user;"
                        + " PERFORM set_config(''role'', ''none'', false); RETURN $1; END'");
        assertThat(plan("SELECT id, role, title, v, spy(1) AS added FROM main").obstacles())
                .as("a plan runs nothing")
                .isEmpty();
        assertThatThrownBy(() -> apply("SELECT id, role, title, v, spy(1) AS added FROM main"))
                .hasMessageContaining("within security-restricted operation");
        assertThat(one("SELECT count(*) FROM $.v")).isEqualTo("20");
        sql(
                "SET search_path = $; SET ROLE other_owner; CREATE OR REPLACE FUNCTION spy(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
                        + " 'BEGIN IF current_user <> ''App owner'' THEN RAISE ''ran as %'', current_user; END IF; RETURN $1; END'");
        assertThat(apply("SELECT id, role, title, v, spy(1) AS added FROM main").obstacles())
                .isEmpty();
        assertThat(one("SELECT sum(added) FROM $.v")).isEqualTo("30");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void anIncrementalViewStaysIncremental() throws Exception {
        sql(
                "GRANT SELECT ON $.main TO converter",
                "CREATE INDEX v_title ON $.v (title); COMMENT ON INDEX $.v_title IS 'mine'; GRANT SELECT ON $.v TO reader;"
                        + "COMMENT ON MATERIALIZED VIEW $.v IS 'kept'",
                "SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW $.top AS SELECT count(*) AS n FROM $.v; CREATE VIEW $.above AS SELECT n FROM $.top");
        Conversion.forward(handle, id("v"));
        String seen = one(SEEN.formatted("$.v"));
        long store = row().storeOid();
        assertThat(
                        what(
                                plan(
                                        "SELECT count(*) AS id, string_agg(role, '') AS role, ''::text AS title, 0::numeric(9, 2) AS v FROM main")))
                .singleElement()
                .asString()
                .contains("aggregate");
        assertThat(plan("SELECT id, role, title, v FROM main WHERE id < 26").obstacles())
                .isEmpty();
        RedefinitionResult done = apply("SELECT id, role, title, v FROM main WHERE id < 26");
        assertThat(done.obstacles()).isEmpty();
        assertThat(done.incremental()).isTrue();
        assertThat(one(SEEN.formatted("$.v"))).isEqualTo(seen);
        assertThat(one("SELECT (SELECT count(*) FROM $.v) || ' ' || (SELECT n FROM $.above)"))
                .isEqualTo("25 25");
        assertThat(row().storeOid()).isNotEqualTo(store);
        assertThat(one(
                        "SELECT string_agg(indexrelid::regclass || coalesce(obj_description(indexrelid), ''), ', ' ORDER BY 1)"
                                + " FROM pg_index WHERE indrelid = " + row().storeOid()
                                + " AND indexrelid::regclass::text ~ 'v_title'"))
                .isEqualTo("refreshd_store.v_titlemine");
        assertThat(
                        one(
                                "SELECT count(*) FROM refreshd.incremental_view i WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = i.store_oid)"))
                .isEqualTo("0");
        assertThat(apply("SELECT id, role, title, v FROM main WHERE id < 26").same())
                .isTrue();
        assertThat(leftovers()).isEmpty();
        sql("SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW $.second AS SELECT id FROM $.v");
        Conversion.forward(handle, id("second"));
        assertThat(what(apply("SELECT id, role, title, v FROM main")))
                .containsExactly("the incremental view " + schema + ".second stands on " + schema + ".v");
    }

    @Test
    void readersNeverSeeItMissingOrEmptyAndAnEndedSessionLeavesItAsItWas() throws Exception {
        sql("SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW $.top AS SELECT count(*) AS n FROM $.v");
        AtomicInteger reads = new AtomicInteger();
        List<String> wrong = new ArrayList<>();
        CompletableFuture<Void> end = new CompletableFuture<>();
        Thread reader = Thread.ofPlatform().start(() -> {
            try (Connection connection = connect("postgres", DATABASE);
                    Statement statement = connection.createStatement()) {
                while (!end.isDone()) {
                    String seen = String.join(
                            ",", ask(statement, "SELECT count(*) || ' ' || (SELECT n FROM $.top) FROM $.v"));
                    if (!List.of("20 20", "30 30").contains(seen)) {
                        wrong.add(seen);
                    }
                    reads.incrementAndGet();
                }
            } catch (SQLException e) {
                wrong.add(String.valueOf(e.getMessage()));
            }
        });
        try (Connection old = connect("postgres", DATABASE);
                Statement before = old.createStatement()) {
            old.setAutoCommit(false);
            ask(before, "SELECT count(*) FROM $.top");
            int process = handle.createQuery("SELECT pg_backend_pid()")
                    .mapTo(Integer.class)
                    .one();
            CompletableFuture<Throwable> ended = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                try {
                    apply("SELECT id, role, title, v FROM main");
                    ended.complete(new AssertionError("was carried out under a lock"));
                } catch (SQLException | RuntimeException e) {
                    ended.complete(e);
                }
            });
            // It is built, and waits for the lock that a reader holds.
            await().until(() -> one("SELECT count(*) FROM pg_locks WHERE pid = " + process
                            + " AND NOT granted AND mode = 'AccessExclusiveLock'")
                    .equals("1"));
            sql("SELECT pg_terminate_backend(" + process + ")");
            assertThat(ended.join()).isNotInstanceOf(AssertionError.class);
            assertThat(leftovers()).isEmpty();
            old.rollback();
            handle.close();
            handle = connectAs("converter");
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            // Takes its snapshot before the exchange, and reads the views for the first time after it.
            ask(before, "SELECT 1");
            for (String where : List.of("", " WHERE id <= 20", "")) {
                assertThat(apply("SELECT id, role, title, v FROM main" + where).done())
                        .isTrue();
            }
            assertThat(ask(before, "SELECT count(*) || ' ' || (SELECT n FROM $.top) FROM $.v"))
                    .containsExactly("30 30");
        } finally {
            end.complete(null);
            reader.join();
        }
        assertThat(wrong).isEmpty();
        assertThat(reads.get()).isPositive();
        assertThat(leftovers()).isEmpty();
    }

    // Helpers

    private IncrementalViewRows.Row row() {
        return Objects.requireNonNull(IncrementalViewRows.load(handle).get(id("v")));
    }

    private static List<String> what(RedefinitionResult result) {
        return result.obstacles().stream().map(Obstacle::what).toList();
    }

    private RedefinitionResult plan(String query) throws SQLException {
        return Redefinition.plan(handle, id("v"), query);
    }

    private RedefinitionResult apply(String query) throws SQLException {
        return Redefinition.apply(handle, id("v"), query);
    }

    /** What only exists while a view is being redefined, in any schema. */
    private List<String> leftovers() throws SQLException {
        return rows(
                "SELECT c.oid::regclass FROM pg_class c WHERE c.relname ~ '^refreshd_(new|old|try|index|statistics|stage)_' UNION ALL"
                        + " SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'refreshd'::regnamespace AND c.relkind = 'm'");
    }

    private ViewId id(String view) {
        return new ViewId(schema, view);
    }

    private static Connection connect(String user, String database) throws SQLException {
        return DriverManager.getConnection(Objects.requireNonNull(server).url(database), user, "");
    }

    private static Handle connectAs(String user) throws SQLException {
        return JdbiFactory.on(new Connector(
                        new DatabaseSettings(Objects.requireNonNull(server).url(DATABASE), user, Secret.EMPTY),
                        SessionKind.TOOL,
                        "redefinition test")
                .open());
    }

    private static void run(String database, String... statements) throws SQLException {
        try (Connection connection = connect("postgres", database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Runs statements as superuser, each in a session of its own; {@code $} stands for the schema of this case. */
    private void sql(String... statements) throws SQLException {
        for (String sql : statements) {
            run(DATABASE, sql.replaceAll("\\$(?=[.;, ]|$)", schema));
        }
    }

    private List<String> rows(String sql) throws SQLException {
        try (Connection connection = connect("postgres", DATABASE);
                Statement statement = connection.createStatement()) {
            return ask(statement, sql);
        }
    }

    private List<String> ask(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql.replaceAll("\\$(?=[.;, ']|$)", schema))) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(String.valueOf(rows.getString(1)));
            }
            return found;
        }
    }

    private String one(String sql) throws SQLException {
        return String.join("\n", rows(sql));
    }
}
