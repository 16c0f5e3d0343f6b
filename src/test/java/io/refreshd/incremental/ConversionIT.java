package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import io.refreshd.database.Connector;
import io.refreshd.database.JdbiFactory;
import io.refreshd.database.SessionKind;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
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

/**
 * A materialized view becomes incremental and a materialized view again, as the role with the fewest privileges. Each case has a schema
 * of its own.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 18})
class ConversionIT {
    private static final String DATABASE = "conversion";
    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    /** What people see of a relation, but for its kind. */
    private static final String SEEN = """
            SELECT concat_ws(E'\\n', pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class'),
              (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a),
              (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation, a.attacl,
                                           col_description(c.oid, a.attnum)), ', ' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
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
                "CREATE ROLE other_owner",
                "CREATE ROLE converter LOGIN",
                "GRANT \"App owner\" TO converter",
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
                    "DROP ROLE \"App owner\", reader, other_owner, converter");
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
                "GRANT USAGE ON SCHEMA $ TO reader",
                "SET search_path = $; SET ROLE \"App owner\"; CREATE TABLE roles (name text PRIMARY KEY, label varchar(20));"
                        + "CREATE TABLE main (id int PRIMARY KEY, role text, title text COLLATE \"C\", at timestamptz);"
                        + "CREATE TABLE details (id int PRIMARY KEY, main_id int, k text, v numeric(9, 2));"
                        + "INSERT INTO roles VALUES ('a', 'A'), ('b', 'B'), ('c', NULL);"
                        + "INSERT INTO main SELECT i, chr(97 + i % 3), 't' || i, '2026-01-01 12:00+0' FROM generate_series(1, 30) i;"
                        + "INSERT INTO details SELECT i, i % 20, 'k', i FROM generate_series(1, 40) i;"
                        + "GRANT SELECT ON roles, main, details TO converter");
        handle = connectAs("converter");
    }

    @AfterEach
    void close() {
        handle.close();
    }

    @Test
    void theTableLeavesRoomForUpdatesInPlaceAndTheViewOfLaterKnowsNothingOfIt() throws Exception {
        view("roomy", "SELECT id, title FROM main");
        forward("roomy");
        assertThat(one("SELECT reloptions::text FROM pg_class WHERE oid = "
                        + row("roomy").storeOid()))
                .isEqualTo("{fillfactor=90}");
        ReverseConversion.back(handle, id("roomy"));
        assertThat(one("SELECT coalesce(reloptions::text, 'none') FROM pg_class WHERE oid = '$.roomy'::regclass"))
                .isEqualTo("none");
    }

    @Test
    void whatPeopleSeeStaysTheSameThereAndBack() throws Exception {
        view(
                "v",
                "SELECT m.id, m.title, d.k, d.v, upper(m.role)::varchar(7) AS r FROM main m LEFT JOIN details d ON d.main_id = m.id");
        sql(
                "CREATE UNIQUE INDEX v_key ON $.v (id, v)",
                "CREATE INDEX v_title ON $.v USING btree (lower(title) DESC NULLS LAST) INCLUDE (k) WITH (fillfactor = 70) WHERE v > 3",
                "COMMENT ON INDEX $.v_title IS 'it''s mine'",
                "COMMENT ON MATERIALIZED VIEW $.v IS 'all % and ''quotes'''",
                "COMMENT ON COLUMN $.v.k IS 'a key'",
                "GRANT SELECT ON $.v TO reader WITH GRANT OPTION",
                "GRANT SELECT (id, title) ON $.v TO PUBLIC",
                "GRANT ALL ON $.v TO other_owner",
                "ALTER MATERIALIZED VIEW $.v SET (fillfactor = 60, autovacuum_enabled = false)",
                "ALTER MATERIALIZED VIEW $.v ALTER COLUMN title SET STATISTICS 17",
                "ALTER DEFAULT PRIVILEGES FOR ROLE converter IN SCHEMA $ GRANT SELECT, DELETE ON TABLES TO reader");
        String definition = one("SELECT pg_get_viewdef('$.v'::regclass)");
        String seen = one(SEEN.formatted("$.v"));
        List<String> rows = rows("SELECT v::text FROM $.v ORDER BY v::text");
        List<String> indexes = indexes("$.v");

        IncrementalQuery query = forward("v");
        assertThat(one("SELECT relkind FROM pg_class WHERE oid = '$.v'::regclass"))
                .isEqualTo("v");
        assertThat(one(SEEN.formatted("$.v"))).isEqualTo(seen);
        assertThat(rows("SELECT v::text FROM $.v ORDER BY v::text")).isEqualTo(rows);
        assertThat(query.hidden()).extracting(HiddenColumn::name).containsExactly("refreshd_1");
        IncrementalViewRows.Row row = row("v");
        assertThat(rows("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = " + row.storeOid()
                        + " ORDER BY 1"))
                .contains("refreshd_store.v_key", "refreshd_store.v_title")
                .as("the key of details needs an index, that of main has one")
                .hasSize(3);
        assertThat(one("SELECT reloptions::text FROM pg_class WHERE oid = " + row.storeOid()))
                .contains("fillfactor=60");
        assertThat(one(
                        "SELECT string_agg(grantee || ' ' || privilege_type, ',') FROM information_schema.role_table_grants"
                                + " WHERE table_schema = 'refreshd_store' AND grantee <> 'converter' AND table_name = '"
                                + row.store().orElseThrow().name() + "'"))
                .isEqualTo("App owner SELECT");
        assertThat(one("EXPLAIN (COSTS OFF) SELECT * FROM $.v WHERE id = 3 AND v = 3"))
                .as("a reader gets the plan of a table")
                .contains("Scan")
                .doesNotContain("Nested Loop");

        ReverseConversion.back(handle, id("v"));
        assertThat(one("SELECT relkind FROM pg_class WHERE oid = '$.v'::regclass"))
                .isEqualTo("m");
        assertThat(one(SEEN.formatted("$.v"))).isEqualTo(seen);
        assertThat(one("SELECT pg_get_viewdef('$.v'::regclass)")).isEqualTo(definition);
        assertThat(rows("SELECT v::text FROM $.v ORDER BY v::text")).isEqualTo(rows);
        assertThat(indexes("$.v")).isEqualTo(indexes);
        assertThat(one("SELECT attstattarget FROM pg_attribute WHERE attrelid = '$.v'::regclass AND attname = 'title'"))
                .isEqualTo("17");
        assertThat(one("SELECT obj_description('$.v_title'::regclass)")).isEqualTo("it's mine");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void theKeyOfTheTableThatDeterminesTheOthersIsTheRecomputeKey() throws Exception {
        view("v", "SELECT r.label, m.title FROM roles r JOIN main m ON m.role = r.name");
        IncrementalQuery query = forward("v");
        assertThat(query.anchor().orElseThrow().name()).isEqualTo("main");
        assertThat(query.recomputeKey()).containsExactly(1);
        assertThat(query.hidden())
                .extracting(column -> column.alias() + "." + column.column())
                .containsExactly("m.id", "r.name");
        assertThat(rows("SELECT refreshd_1 || refreshd_2 || title FROM " + store("v") + " ORDER BY refreshd_1 LIMIT 2"))
                .containsExactly("1bt1", "2ct2");
    }

    @Test
    void plainViewsThatStandOnItStayAsTheyWere() throws Exception {
        view("v", "SELECT id, title, role FROM main");
        sql("CREATE UNIQUE INDEX ON $.v (id)");
        sql("SET search_path = $; SET ROLE \"App owner\";"
                + "CREATE VIEW direct WITH (security_barrier = true) AS SELECT id, count(*) OVER () AS n, title AS \"T x\" FROM v WHERE id < 9;"
                + "CREATE VIEW stacked AS SELECT d.id FROM direct d JOIN v USING (id);"
                + "CREATE VIEW invoked WITH (security_invoker = true) AS SELECT v.* FROM v;"
                + "CREATE MATERIALIZED VIEW above AS SELECT id FROM stacked;"
                + "CREATE RULE quiet AS ON INSERT TO direct DO INSTEAD NOTHING;"
                + "ALTER VIEW direct ALTER COLUMN id SET DEFAULT 7;"
                + "COMMENT ON VIEW direct IS 'stays'; GRANT SELECT (id), INSERT ON direct TO reader");
        List<String> views = List.of("$.direct", "$.stacked", "$.invoked", "$.above");
        List<String> before = describe(views);
        forward("v");
        assertThat(describe(views)).isEqualTo(before);
        assertThat(one("SELECT count(*) FROM $.stacked")).isEqualTo("8");
        sql("INSERT INTO $.direct DEFAULT VALUES", "REFRESH MATERIALIZED VIEW $.above");
        ReverseConversion.back(handle, id("v"));
        assertThat(describe(views)).isEqualTo(before);
        sql("REFRESH MATERIALIZED VIEW $.above", "REFRESH MATERIALIZED VIEW $.v");
        assertThat(one("SELECT count(*) FROM $.stacked")).isEqualTo("8");
    }

    @Test
    void materializedViewsThatReadItAreMadeAgainThereAndBack() throws Exception {
        view("v", "SELECT id, title, role FROM main");
        sql("SET search_path = $; SET ROLE \"App owner\"; CREATE UNIQUE INDEX ON v (id);"
                + "CREATE MATERIALIZED VIEW \"Top 1\" AS SELECT v.role, count(*) AS n FROM v GROUP BY v.role;"
                + "CREATE UNIQUE INDEX \"Top key\" ON \"Top 1\" (role); CLUSTER \"Top 1\" USING \"Top key\";"
                + "CREATE MATERIALIZED VIEW second AS SELECT t.n, v.id FROM \"Top 1\" t JOIN v ON v.role = t.role;"
                + "CREATE MATERIALIZED VIEW empty AS SELECT n FROM \"Top 1\" WITH NO DATA;"
                + "CREATE VIEW plain AS SELECT * FROM second;"
                + "CREATE MATERIALIZED VIEW above_plain AS SELECT max(n) AS n FROM plain;"
                + "CREATE STATISTICS \"St\" (ndistinct) ON role, n FROM \"Top 1\"; COMMENT ON STATISTICS \"St\" IS 'of it';"
                + "COMMENT ON MATERIALIZED VIEW \"Top 1\" IS 'top'; GRANT SELECT (n) ON \"Top 1\" TO reader;"
                + "GRANT SELECT ON second TO reader; UPDATE main SET role = 'b' WHERE id < 4");
        List<String> views = List.of("$.\"Top 1\"", "$.second", "$.empty", "$.plain", "$.above_plain");
        List<String> before = seen(views);
        String again = one("SELECT '$.above_plain'::regclass::oid || ' ' || '$.plain'::regclass::oid");
        assertThat(one("SELECT n FROM $.\"Top 1\" WHERE role = 'b'")).isEqualTo("10");
        forward("v");
        assertThat(seen(views)).isEqualTo(before);
        assertThat(one("SELECT n FROM $.\"Top 1\" WHERE role = 'b'"))
                .as("filled from what took the place of the view")
                .isEqualTo("12");
        assertThat(one("SELECT count(*) FROM $.second")).isEqualTo("30");
        assertThat(one("SELECT '$.above_plain'::regclass::oid || ' ' || '$.plain'::regclass::oid"))
                .as("what reads through a plain view stays")
                .isEqualTo(again);
        sql("UPDATE $.main SET role = 'c' WHERE id < 4");
        ReverseConversion.back(handle, id("v"));
        assertThat(seen(views)).isEqualTo(before);
        assertThat(one("SELECT n FROM $.\"Top 1\" WHERE role = 'b'")).isEqualTo("9");
        sql("REFRESH MATERIALIZED VIEW $.v; REFRESH MATERIALIZED VIEW CONCURRENTLY $.\"Top 1\"");
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void aMaterializedViewAboveThatCannotBeMadeAgainIsNamed() throws Exception {
        view("v", "SELECT id, title FROM main");
        sql(
                "CREATE MATERIALIZED VIEW $.theirs AS SELECT id FROM $.v; ALTER MATERIALIZED VIEW $.theirs OWNER TO other_owner",
                "SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW $.mine AS SELECT id FROM $.v;"
                        + "CREATE FUNCTION $.body() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM $.mine; END");
        assertThat(refused("v"))
                .anyMatch(text -> text.contains("is not a member of \"other_owner\", who owns " + schema + ".theirs"))
                .anyMatch(text -> text.contains("body() stands on " + schema + ".mine"));
        assertThat(leftovers()).isEmpty();
    }

    /** A text that is parsed makes constants, and so calls the checks of domains in arrays: never those of others. */
    @Test
    void noCheckOfOthersRunsWhenAViewIsGivenItsQueryAgain() throws Exception {
        view("v", "SELECT id, title FROM main");
        sql(
                "SET search_path = $; CREATE TABLE ran (by text); GRANT INSERT ON ran TO PUBLIC; GRANT CREATE, USAGE ON SCHEMA $ TO other_owner;"
                        + "GRANT SELECT ON v TO other_owner; SET ROLE other_owner;"
                        + "CREATE FUNCTION spy() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO " + schema
                        + ".ran VALUES (current_user); RETURN true; END';"
                        + "CREATE DOMAIN spying AS text CHECK (" + schema + ".spy());"
                        + "CREATE VIEW trap AS SELECT id FROM v WHERE title = ANY ('{t1}'::spying[]::text[])");
        sql("GRANT other_owner TO converter; DELETE FROM $.ran");
        try {
            assertThat(refused("v"))
                    .anyMatch(text -> text.contains(schema + ".trap uses an array, row or range of the domain"));
            assertThat(one("SELECT count(*) FROM $.ran WHERE by = 'converter'")).isEqualTo("0");
        } finally {
            sql("REVOKE other_owner FROM converter");
        }
    }

    /** What people see of views, but for their oids. */
    private List<String> seen(List<String> views) throws SQLException {
        List<String> found = new ArrayList<>();
        for (String view : views) {
            found.add(one(SEEN.formatted(view))
                    + one("SELECT concat_ws(' ', c.relispopulated, c.reloptions, pg_get_viewdef(c.oid),"
                            + " (SELECT string_agg(pg_get_indexdef(x.indexrelid) || x.indisclustered, ';') FROM pg_index x WHERE x.indrelid = c.oid),"
                            + " (SELECT string_agg(pg_get_statisticsobjdef(s.oid) || obj_description(s.oid, 'pg_statistic_ext'), ';')"
                            + " FROM pg_statistic_ext s WHERE s.stxrelid = c.oid))"
                            + " FROM pg_class c WHERE c.oid = '" + view + "'::regclass"));
        }
        return found;
    }

    @Test
    void whatCannotBeKeptIsRefusedByName() throws Exception {
        view("v", "SELECT id, title FROM main");
        sql(
                "CREATE FUNCTION $.body() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM $.v; END",
                "CREATE FUNCTION $.takes($.v) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE TABLE $.t (id int)",
                "CREATE RULE r AS ON INSERT TO $.t DO INSTEAD SELECT id FROM $.v",
                "CREATE POLICY p ON $.t USING (id IN (SELECT id FROM $.v))",
                "CREATE STATISTICS $.st ON id, title FROM $.v",
                "CREATE VIEW $.foreign_view AS SELECT id FROM $.v; ALTER VIEW $.foreign_view OWNER TO other_owner");
        List<String> what = refused("v");
        assertThat(what)
                .anyMatch(text -> text.contains("body()"))
                .anyMatch(text -> text.contains("takes("))
                .anyMatch(text -> text.contains("rule r"))
                .anyMatch(text -> text.contains("policy p"))
                .anyMatch(text -> text.contains("statistics object"))
                .anyMatch(text -> text.contains("plain view " + schema + ".foreign_view"))
                .hasSize(6);
        assertThat(one("SELECT relkind FROM pg_class WHERE oid = '$.v'::regclass"))
                .isEqualTo("m");
    }

    @Test
    void anyNameIsKept() throws Exception {
        String longest = "x".repeat(63);
        String table = "y".repeat(63);
        String odd = "Größe \"100%\" \\ . $1";
        sql("SET search_path = $; SET ROLE \"App owner\"; CREATE TABLE \"" + table
                + "\" (\"Id %s\" int PRIMARY KEY, refreshd_1 text, \"a,b\" text);" + "INSERT INTO \"" + table
                + "\" VALUES (1, 'one', 'x'); GRANT SELECT ON \"" + table + "\" TO converter");
        for (String name : List.of(longest, odd, "SELECT")) {
            sql("SET search_path = $; SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW " + SqlNames.identifier(name)
                    + " AS WITH \"SELECT\" AS (SELECT * FROM \"" + table
                    + "\") SELECT \"Sel\".refreshd_1, 'a\\'', SELECT,(' AS \"x, SELECT (\""
                    + " FROM \"SELECT\" AS \"Sel\"");
            IncrementalQuery query = Conversion.forward(handle, id(name));
            assertThat(query.hidden()).extracting(HiddenColumn::name).containsExactly("refreshd_2");
            assertThat(query.hidden()).extracting(HiddenColumn::column).containsExactly("Id %s");
            assertThat(rows("SELECT * FROM $." + SqlNames.identifier(name))).containsExactly("one");
            ReverseConversion.back(handle, id(name));
            assertThat(rows("SELECT * FROM $." + SqlNames.identifier(name))).containsExactly("one");
        }
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void twoSchemasMayHaveTheSameNames() throws Exception {
        view("same", "SELECT id, title FROM main");
        sql("CREATE UNIQUE INDEX same_id ON $.same (id)");
        String first = schema;
        forward("same");
        handle.close();
        schema();
        view("same", "SELECT id, title FROM main WHERE id < 5");
        sql("CREATE UNIQUE INDEX same_id ON $.same (id)");
        forward("same");
        assertThat(one("SELECT count(*) FROM $.same")).isEqualTo("4");
        assertThat(one("SELECT count(*) FROM " + first + ".same")).isEqualTo("30");
        ReverseConversion.back(handle, id("same"));
        assertThat(indexes("$.same")).singleElement().asString().contains("INDEX same_id ON " + schema + ".same ");
        ReverseConversion.back(handle, new ViewId(first, "same"));
        assertThat(indexes(first + ".same"))
                .singleElement()
                .asString()
                .contains("INDEX same_id ON " + first + ".same ");
    }

    @Test
    void nobodyWritesThroughTheView() throws Exception {
        view("v", "SELECT id, title FROM main");
        sql("GRANT ALL ON $.v TO reader");
        forward("v");
        sql("SET ROLE \"App owner\"; GRANT ALL ON $.v TO converter");
        for (String role : List.of("\"App owner\"", "reader", "converter", "postgres")) {
            for (String write : List.of(
                    "INSERT INTO $.v VALUES (99, 'x')",
                    "UPDATE $.v SET title = 'x'",
                    "DELETE FROM $.v",
                    "TRUNCATE $.v")) {
                assertThat(failure("SET ROLE " + role + "; " + write))
                        .as(role + ": " + write)
                        .isNotEmpty();
            }
        }
        sql(
                "GRANT ALL ON SCHEMA $ TO converter; SET ROLE converter; CREATE MATERIALIZED VIEW $.own AS SELECT id FROM $.main");
        forward("own");
        for (String write : List.of("INSERT INTO $.own VALUES (99)", "UPDATE $.own SET id = 1", "DELETE FROM $.own")) {
            assertThat(failure("SET ROLE converter; " + write))
                    .as("the table's owner: " + write)
                    .contains("own");
            assertThat(failure(write)).as("a superuser: " + write).contains("own");
        }
        String store = store("v");
        for (String role : List.of("\"App owner\"", "reader")) {
            assertThat(failure("SET ROLE " + role + "; DELETE FROM " + store))
                    .as(role)
                    .contains("permission denied");
        }
        assertThat(one("SELECT count(*) || max(title) FROM $.v")).isEqualTo("30t9");
    }

    @Test
    void readersNeverSeeItEmptyOrMissing() throws Exception {
        view("v", "SELECT m.id, m.title, d.k FROM main m JOIN details d ON d.main_id = m.id");
        sql(
                "SET ROLE \"App owner\"; CREATE VIEW $.above AS SELECT count(*) AS n FROM $.v; GRANT SELECT ON $.v, $.above TO reader");
        String rows = one("SELECT count(*) FROM $.v");
        try (Reading direct = new Reading("SELECT count(*) FROM $.v", rows);
                Reading above = new Reading("SELECT n FROM $.above", rows);
                Reading both = new Reading(
                        "SELECT (SELECT count(*) FROM $.v) + n FROM $.above",
                        String.valueOf(2 * Long.parseLong(rows)));
                Connection old = connect("postgres", DATABASE);
                Statement before = old.createStatement()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            for (int i = 0; i < 2; i++) {
                // Takes its snapshot before the exchange, and reads the view for the first time after it.
                ask(before, "SELECT 1 FROM pg_class LIMIT 1");
                forward("v");
                assertThat(ask(before, "SELECT count(*) FROM $.v")).containsExactly(rows);
                old.commit();
                ask(before, "SELECT 1 FROM pg_class LIMIT 1");
                ReverseConversion.back(handle, id("v"));
                assertThat(ask(before, "SELECT count(*) FROM $.v")).containsExactly(rows);
                old.commit();
            }
            assertThat(direct.reads() + above.reads() + both.reads()).isPositive();
        }
    }

    @Test
    void whoLacksAPrivilegeIsToldWhich() throws Exception {
        schema = "foreign_" + schema;
        sql(
                "CREATE SCHEMA $; SET search_path = $; CREATE TABLE own (id int PRIMARY KEY); GRANT USAGE ON SCHEMA $ TO other_owner;"
                        + "CREATE MATERIALIZED VIEW mine AS SELECT id FROM own; ALTER MATERIALIZED VIEW mine OWNER TO other_owner;"
                        + "GRANT SELECT ON own TO other_owner");
        List<Obstacle> obstacles = obstacles("mine");
        assertThat(obstacles)
                .extracting(obstacle -> String.join("; ", obstacle.remedy().sql()))
                .contains("GRANT \"other_owner\" TO \"converter\""
                        + (version >= 16 ? " WITH INHERIT TRUE, SET TRUE" : ""))
                .contains("GRANT CREATE, USAGE ON SCHEMA \"" + schema + "\" TO \"converter\"")
                .contains("GRANT CREATE ON SCHEMA \"" + schema + "\" TO \"other_owner\"")
                .anyMatch(remedy -> remedy.contains("GRANT SELECT ON \"" + schema + "\".\"own\" TO \"converter\""));
        // What is printed suffices.
        for (Obstacle obstacle : obstacles) {
            sql(String.join("; ", obstacle.remedy().sql()));
        }
        handle.close();
        handle = connectAs("converter");
        assertThat(obstacles("mine")).isEmpty();
        forward("mine");
        sql("REVOKE other_owner FROM converter");
        assertThat(catchThrowableOfType(
                                PrerequisitesMissingException.class, () -> ReverseConversion.back(handle, id("mine")))
                        .obstacles())
                .extracting(Obstacle::what)
                .anyMatch(what -> what.contains("is not a member of \"other_owner\""));
    }

    @Test
    void everyReasonIsGiven() throws Exception {
        sql(
                "CREATE TABLE $.keyless (v int); GRANT SELECT ON $.keyless TO converter; ALTER TABLE $.keyless REPLICA IDENTITY FULL",
                "CREATE FUNCTION $.mine(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'; ALTER FUNCTION $.mine(int) OWNER TO other_owner",
                "ALTER TABLE $.details ENABLE ROW LEVEL SECURITY");
        assertThat(refused("v1", "SELECT array_agg(id) FROM main"))
                .singleElement()
                .asString()
                .contains("GROUP BY", "aggregate");
        assertThat(refused("v2", "SELECT m.id, now() AS t FROM main m FULL JOIN roles r ON r.name = m.role"))
                .anyMatch(what -> what.contains("clock") || what.contains("now"))
                .anyMatch(what -> what.contains("nullable side"));
        assertThat(refused("v3", "SELECT m.id, $.mine(d.id) FROM main m JOIN details d ON d.main_id = m.id"))
                .anyMatch(what -> what.contains("row-level security"))
                .anyMatch(what -> what.contains("mine"));
        assertThat(refused("v4", "SELECT v FROM keyless"))
                .singleElement()
                .asString()
                .contains("no primary key");
        assertThat(refused(
                        "v7",
                        "SELECT id, (WITH w AS (SELECT max(id) AS n FROM details) SELECT n FROM w) AS m FROM main"))
                .anyMatch(what -> what.contains("a sub-query in an expression with WITH"));
        view("below", "SELECT id, title FROM main");
        forward("below");
        assertThat(refused("v8", "SELECT m.id, b.title FROM main m JOIN below b ON b.id = m.id WHERE m.at > now()"))
                .contains("compares a column with the clock, and reads an incremental view");
        assertThat(refused("v6", "SELECT m.id, random() AS n FROM main m FULL JOIN roles r ON r.name = m.role"))
                .hasSizeGreaterThan(1);
    }

    @Test
    void tablesWhoseChangesRecomputeEverythingAreNamed() throws Exception {
        sql(
                "CREATE VIEW $.keyless AS SELECT main_id, k FROM $.details; GRANT SELECT ON $.keyless TO converter, \"App owner\"");
        view(
                "v",
                "SELECT m.id, r.label, k.k FROM main m LEFT JOIN roles r ON lower(r.name) = m.role JOIN keyless k ON k.main_id = m.id"
                        + " WHERE r.label IS NULL");
        IncrementalQuery query = forward("v");
        assertThat(query.allTables().stream().filter(table -> table.everything().isEmpty()))
                .allSatisfy(table -> assertThat(table.by()).isNotEmpty())
                .extracting(table -> table.table().name())
                .containsExactlyInAnyOrder("main", "details");
        assertThat(query.tables().stream().flatMap(table -> table.everything().stream()))
                .singleElement()
                .satisfies(why -> assertThat(why.what()).contains("a condition above an outer join"));
    }

    @Test
    void eachUseOfATableHasAWayFromAChangedRow() throws Exception {
        sql("ALTER TABLE $.details REPLICA IDENTITY FULL");
        changedBy(
                "SELECT x.title FROM main x LEFT JOIN main y ON y.id = x.id + 1", "main: [id] [id], hidden x.id, y.id");
        changedBy(
                "SELECT title FROM main m WHERE EXISTS (SELECT FROM details d WHERE d.main_id = m.id)",
                "details: [main_id], main: [id], hidden m.id");
        changedBy(
                "SELECT m.id FROM main m LEFT JOIN roles r ON lower(r.name) = m.role WHERE r.label <> ''",
                "main: [id], roles: [name], hidden r.name");
        changedBy(
                "SELECT id, title FROM main WHERE role IN (SELECT name FROM roles)",
                "main: [id], roles: [name], hidden main.role");
        changedBy(
                "SELECT m.id FROM main m LEFT JOIN details d ON d.main_id = m.id WHERE d.id IS NULL",
                "details: [main_id], main: [id], hidden ");
        changedBy(
                "SELECT m.id FROM main m LEFT JOIN roles r ON r.name = m.role WHERE r.label IS NULL AND NOT EXISTS"
                        + " (SELECT FROM roles s WHERE s.label = m.title)",
                "main: [id], roles: [name] [name], hidden m.role, m.title");
    }

    @Test
    void whatLeadsThroughAnotherTableNamesIt() throws Exception {
        sql("ALTER TABLE $.details REPLICA IDENTITY FULL");
        changedBy(
                "SELECT title FROM main m WHERE EXISTS (SELECT FROM details d JOIN roles r ON r.name = d.k WHERE d.main_id = m.id)",
                "details: [main_id], main: [id], roles: [name] through details, hidden m.id");
        changedBy(
                "SELECT title FROM main m LEFT JOIN (details d JOIN roles r ON r.name = d.k) ON d.main_id = m.id WHERE r.label IS NULL",
                "details: [main_id], main: [id], roles: [name] through details, hidden m.id");
        sql("ALTER TABLE $.details REPLICA IDENTITY DEFAULT");
        changedBy(
                "SELECT title FROM main m WHERE EXISTS (SELECT FROM details d JOIN roles r ON r.name = d.k WHERE d.main_id = m.id)",
                "details: [id], main: [id], roles: [name] through details, hidden m.id");
    }

    /** Behind a plain view a table is read by the view's owner; in between it would be read by refreshd's role. */
    @Test
    void aTableInBetweenThatTheRoleMayNotReadIsNamed() throws Exception {
        sql("CREATE TABLE $.secret (id int PRIMARY KEY, main_id int, role text);"
                + " CREATE VIEW $.shadow AS SELECT s.main_id FROM $.secret s JOIN $.roles r ON r.name = s.role;"
                + " GRANT SELECT ON $.shadow TO converter, \"App owner\"; ALTER TABLE $.secret REPLICA IDENTITY FULL");
        String query = "SELECT title FROM main m WHERE EXISTS (SELECT FROM shadow s WHERE s.main_id = m.id)";
        view("shadowed", query);
        assertThat(forward("shadowed").tables().stream().flatMap(table -> table.everything().stream()))
                .singleElement()
                .satisfies(why -> assertThat(why.what()).contains("may not read \"" + schema + "\".\"secret\""))
                .satisfies(why -> assertThat(why.remedy().toString()).contains("GRANT SELECT ON"));
        sql("GRANT SELECT ON $.secret TO converter");
        changedBy(query, "main: [id], roles: [name] through secret, secret: [main_id], hidden m.id");
    }

    private void changedBy(String query, String expected) throws Exception {
        String name = "h" + SCHEMAS.incrementAndGet();
        view(name, query);
        IncrementalQuery found = forward(name);
        assertThat(found.allTables().stream()
                                .map(table -> table.table().name() + ": "
                                        + table.everything()
                                                .map(why -> "everything")
                                                .orElseGet(() -> table.by().stream()
                                                        .map(by -> by.columns()
                                                                + by.joins().stream()
                                                                        .map(join -> " through "
                                                                                + join.table()
                                                                                        .name())
                                                                        .collect(Collectors.joining()))
                                                        .collect(Collectors.joining(" "))))
                                .sorted()
                                .collect(Collectors.joining(", "))
                        + ", hidden "
                        + found.hidden().stream()
                                .map(column -> column.alias() + "." + column.column())
                                .collect(Collectors.joining(", ")))
                .isEqualTo(expected);
    }

    @Test
    void aKeyIsCarriedThroughSubSelectsAndTakenAwayAgain() throws Exception {
        carried(
                "SELECT m.title, s.k FROM main m LEFT JOIN (SELECT d.main_id, d.k FROM details d) s (m, k) ON s.m = m.id",
                "m.id",
                "s.refreshd_2");
        // The name q is taken where the query of WITH stands within, and free where it is defined.
        carried(
                "WITH w AS (SELECT q.main_id FROM details q) SELECT s.t FROM"
                        + " (SELECT m.title AS t, q.main_id FROM main m JOIN w q ON q.main_id = m.id) s",
                "s.refreshd_1",
                "s.refreshd_2");
    }

    private void carried(String query, String... expected) throws Exception {
        String name = "h" + SCHEMAS.incrementAndGet();
        view(name, query);
        String before = one("SELECT pg_get_viewdef('$." + name + "'::regclass)");
        assertThat(forward(name).hidden())
                .extracting(column -> column.alias() + "." + column.column())
                .containsExactlyInAnyOrder(expected);
        ReverseConversion.back(handle, id(name));
        assertThat(one("SELECT pg_get_viewdef('$." + name + "'::regclass)")).isEqualTo(before);
    }

    @Test
    void keysAreFoundThroughEveryFormOfFrom() throws Exception {
        sql(
                "SET search_path = $; SET ROLE \"App owner\"; CREATE VIEW named (n, t) AS SELECT id, title FROM main WHERE id > 3;"
                        + "GRANT SELECT ON named TO converter");
        hidden("SELECT title, k FROM main JOIN details USING (id)", "main.id", "details.id");
        hidden(
                "SELECT old.title, new.k FROM main old JOIN details new ON new.main_id = old.id",
                version == 15 ? "old_1.id" : "old.id",
                version == 15 ? "new_1.id" : "new.id");
        hidden("SELECT s.t FROM (SELECT id AS i, title AS t FROM main WHERE id > 2) AS s (j, t)", "s.j");
        hidden("WITH w AS (SELECT id, title FROM main) SELECT w.title FROM w", "w.id");
        hidden("SELECT n.t, d.k FROM named n JOIN details d ON d.main_id = n.n", "d.id", "n.n");
        hidden("SELECT x.title FROM main x RIGHT JOIN details d ON d.main_id = x.id", "d.id", "x.id");
        hidden(
                "SELECT a.k, b.k AS l FROM main m LEFT JOIN details a ON a.main_id = m.id LEFT JOIN details b ON b.id = m.id",
                "m.id",
                "a.id",
                "b.id");
        assertThat(refused("covered", "SELECT j.title FROM (main m JOIN details d ON d.main_id = m.id) AS j"))
                .singleElement()
                .asString()
                .contains("the name of a join covers");
    }

    @Test
    void rowsAreThoseUnderTheSettingsOfTheOwner() throws Exception {
        sql(
                "ALTER ROLE \"App owner\" SET timezone = 'Asia/Tokyo'",
                "ALTER ROLE \"App owner\" SET datestyle = 'SQL, DMY'");
        try {
            view(
                    "v",
                    "SELECT id, at::text AS at, at::date AS day, '1 day 2 hours'::interval AS i, 1.1::float8 / id AS f, NULL::text AS n FROM main");
            sql("REFRESH MATERIALIZED VIEW $.v");
            forward("v");
            assertThat(one("SELECT at || i || f FROM $.v WHERE id = 3")).contains("01/01/2026 21:00:00 JST");
            assertThat(one("SELECT count(*) FROM $.v WHERE n IS NULL AND f = 1.1::float8 / id"))
                    .isEqualTo("30");
        } finally {
            sql("ALTER ROLE \"App owner\" RESET ALL");
        }
    }

    @Test
    void aRenamedColumnIsFollowedOnTheWayBack() throws Exception {
        view("v", "SELECT title FROM main");
        forward("v");
        sql(
                "ALTER TABLE $.main RENAME title TO heading",
                "ALTER TABLE $.main RENAME id TO number",
                "ALTER TABLE $.main ADD title int");
        ReverseConversion.back(handle, id("v"));
        assertThat(one("SELECT pg_get_viewdef('$.v'::regclass)")).contains("heading AS title");
        assertThat(one("SELECT max(title) FROM $.v")).isEqualTo("t9");
    }

    @Test
    void aViewThatItsOwnerHasAlteredIsNotConvertedBack() throws Exception {
        view("v", "SELECT id, title FROM main");
        forward("v");
        sql("ALTER VIEW $.v RENAME title TO heading");
        assertThat(ReverseConversion.obstacles(handle, row("v"))).isEmpty();
        sql("CREATE OR REPLACE VIEW $.v AS SELECT id, title AS heading FROM $.main");
        assertThat(ReverseConversion.obstacles(handle, row("v")))
                .extracting(Obstacle::what)
                .singleElement()
                .asString()
                .contains("somebody has altered " + schema + ".v");
        sql("DROP VIEW " + SqlNames.qualified(row("v").definition().orElseThrow()));
        assertThat(ReverseConversion.obstacles(handle, row("v")))
                .as("the query is known, but not what the view was")
                .extracting(Obstacle::what)
                .singleElement()
                .asString()
                .contains("somebody has altered " + schema + ".v");
    }

    @Test
    void aHeldLockOnlyDelaysTheExchange() throws Exception {
        view("v", "SELECT id FROM main");
        try (Connection reader = connect("postgres", DATABASE);
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            ask(statement, "SELECT count(*) FROM $.v");
            Thread ending = Thread.ofPlatform().start(() -> {
                try (Connection own = connect("postgres", DATABASE);
                        Statement asking = own.createStatement()) {
                    // The conversion waits for the lock, gives up, and waits again; others still read.
                    for (String waiting : List.of("1", "0", "1")) {
                        await().until(() -> ask(
                                        asking,
                                        "SELECT count(*) FROM pg_locks WHERE relation = '$.v'::regclass AND NOT granted"
                                                + " AND mode = 'AccessExclusiveLock'")
                                .equals(List.of(waiting)));
                    }
                    ask(statement, "SELECT count(*) FROM $.v");
                    reader.commit();
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            forward("v");
            ending.join();
        }
        assertThat(one("SELECT relkind FROM pg_class WHERE oid = '$.v'::regclass"))
                .isEqualTo("v");
    }

    @Test
    void aRefusedConversionLeavesNothingBehind() throws Exception {
        view("v", "SELECT role FROM main WHERE title = 't3'");
        // Rows have come since that the index refuses.
        sql("CREATE UNIQUE INDEX v_role ON $.v (role)", "UPDATE $.main SET title = 't3'");
        assertThat(catchThrowableOfType(SQLException.class, () -> forward("v")).getMessage())
                .contains("the index v_role cannot be made again");
        assertThat(one("SELECT relkind FROM pg_class WHERE oid = '$.v'::regclass"))
                .isEqualTo("m");
        assertThat(leftovers()).isEmpty();
    }

    // Helpers

    private void hidden(String query, String... expected) throws Exception {
        String name = "h" + SCHEMAS.incrementAndGet();
        view(name, query);
        IncrementalQuery found = forward(name);
        assertThat(found.hidden())
                .extracting(column -> column.alias() + "." + column.column())
                .as(query)
                .containsExactlyInAnyOrder(expected);
        assertThat(one("SELECT count(*) FROM $." + name)).as(query).isNotEqualTo("0");
    }

    /** What only exists while a view is being converted, and what belongs to no incremental view. */
    private List<String> leftovers() throws SQLException {
        return rows(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE n.nspname IN ('refreshd_store', '" + schema + "') AND c.relkind IN ('r', 'v', 'm')"
                        + " AND (c.relname ~ '^refreshd_(new|old|stage)_' OR n.nspname = 'refreshd_store' AND c.oid NOT IN"
                        + " (SELECT unnest(ARRAY[store_oid, definition_oid]) FROM refreshd.incremental_view"
                        + " UNION ALL SELECT unnest(ARRAY[store_oid, definition_oid]) FROM refreshd.incremental_map)) ORDER BY 1");
    }

    private List<String> describe(List<String> views) throws SQLException {
        List<String> found = new ArrayList<>();
        for (String view : views) {
            found.add(one(SEEN.formatted(view))
                    + one("SELECT concat_ws(' ', c.oid, reloptions, pg_get_viewdef(c.oid),"
                            + " (SELECT string_agg(pg_get_ruledef(r.oid), ';' ORDER BY r.rulename) FROM pg_rewrite r WHERE r.ev_class = c.oid),"
                            + " (SELECT string_agg(pg_get_expr(d.adbin, d.adrelid), ';') FROM pg_attrdef d WHERE d.adrelid = c.oid))"
                            + " FROM pg_class c WHERE c.oid = '" + view + "'::regclass"));
        }
        return found;
    }

    private List<String> indexes(String view) throws SQLException {
        return rows("SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = '" + view
                + "'::regclass ORDER BY 1");
    }

    private IncrementalViewRows.Row row(String view) {
        IncrementalViewRows.Row row = IncrementalViewRows.load(handle).get(id(view));
        assertThat(row).isNotNull();
        return row;
    }

    private String store(String view) {
        return SqlNames.qualified(row(view).store().orElseThrow());
    }

    private ViewId id(String view) {
        return new ViewId(schema, view);
    }

    private IncrementalQuery forward(String view) throws Exception {
        return Conversion.forward(handle, id(view));
    }

    private void view(String name, String query) throws SQLException {
        sql("SET search_path = $; SET ROLE \"App owner\"; CREATE MATERIALIZED VIEW " + name + " AS " + query);
    }

    private List<String> refused(String name, String query) throws Exception {
        sql("SET search_path = $; CREATE MATERIALIZED VIEW " + name + " AS " + query + "; ALTER MATERIALIZED VIEW "
                + name + " OWNER TO \"App owner\"");
        return refused(name);
    }

    private List<String> refused(String name) throws Exception {
        List<String> what = obstacles(name).stream().map(Obstacle::what).toList();
        assertThat(catchThrowableOfType(PrerequisitesMissingException.class, () -> forward(name))
                        .obstacles())
                .extracting(Obstacle::what)
                .containsExactlyInAnyOrderElementsOf(what);
        return what;
    }

    private List<Obstacle> obstacles(String name) throws Exception {
        long oid = Long.parseLong(one("SELECT '$." + name + "'::regclass::oid"));
        return Conversion.obstacles(handle, new RecomputeKeys(CatalogReader.read(handle.getConnection())).of(oid));
    }

    private static Connection connect(String user, String database) throws SQLException {
        return DriverManager.getConnection(
                java.util.Objects.requireNonNull(server).url(database), user, "");
    }

    private static Handle connectAs(String user) throws SQLException {
        return JdbiFactory.on(new Connector(
                        new DatabaseSettings(
                                java.util.Objects.requireNonNull(server).url(DATABASE), user, Secret.EMPTY),
                        SessionKind.TOOL,
                        "conversion test")
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

    private String failure(String sql) {
        SQLException thrown = catchThrowableOfType(SQLException.class, () -> sql(sql));
        return thrown == null ? "" : String.valueOf(thrown.getMessage());
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
        return rows(sql).stream().collect(Collectors.joining("\n"));
    }

    /** A client that repeats one query, and keeps what it saw that was not the answer. */
    private final class Reading implements AutoCloseable {
        private final List<String> wrong = new ArrayList<>();
        private final AtomicInteger reads = new AtomicInteger();
        private final Thread thread;
        private volatile boolean done;

        Reading(String sql, String answer) {
            thread = Thread.ofPlatform().start(() -> {
                try (Connection connection = connect("postgres", DATABASE);
                        Statement statement = connection.createStatement()) {
                    while (!done) {
                        List<String> seen = ask(statement, sql);
                        if (!seen.equals(List.of(answer))) {
                            wrong.add(seen.toString());
                        }
                        reads.incrementAndGet();
                    }
                } catch (SQLException e) {
                    wrong.add(String.valueOf(e.getMessage()));
                }
            });
        }

        int reads() {
            return reads.get();
        }

        @Override
        public void close() throws InterruptedException {
            done = true;
            thread.join();
            assertThat(wrong).isEmpty();
        }
    }
}
