package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reads views of every shape from a real server, and checks the graph that is made from the catalog. */
class CatalogReaderIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, title text, body text, role text, shout text"
                        + " GENERATED ALWAYS AS (upper(title)) STORED)",
                "CREATE TABLE users (id int PRIMARY KEY, name text, role text)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void readsColumnsThroughJoinsGroupsAndPlainViews() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW joined AS SELECT m.id, name FROM main m JOIN users u USING (id) WHERE m.role = 'a'",
                "CREATE MATERIALIZED VIEW grouped AS SELECT role, max(title) FROM main GROUP BY role ORDER BY max(body)",
                "CREATE VIEW plain AS SELECT id, title FROM main",
                "CREATE VIEW over_plain AS SELECT id FROM plain",
                "CREATE MATERIALIZED VIEW through AS SELECT id FROM over_plain");
        assertThat(graph().readersOf(table("main")))
                .containsExactlyInAnyOrder(
                        new Reader(view("joined"), ReadColumns.of(List.of("id", "role"))),
                        new Reader(view("grouped"), ReadColumns.of(List.of("role", "title", "body"))),
                        new Reader(view("through"), ReadColumns.of(List.of("id"))));
        assertThat(graph().readersOf(table("users")))
                .containsExactly(new Reader(view("joined"), ReadColumns.of(List.of("id", "name"))));
        assertThat(graph().readersOf(table("plain"))).isEmpty();
    }

    @Test
    void readsAllColumnsForWholeRowsSystemColumnsAndGeneratedColumns() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW row_and_column AS SELECT m.id, to_jsonb(m) AS row FROM main m",
                "CREATE VIEW plain AS SELECT * FROM main",
                "CREATE MATERIALIZED VIEW row_of_view AS SELECT p.id, to_jsonb(p) AS row FROM plain p",
                "CREATE MATERIALIZED VIEW row_of_join AS SELECT to_jsonb(j) AS row FROM (main a JOIN users b USING (id)) j",
                "CREATE MATERIALIZED VIEW version AS SELECT id, m.xmin::text AS version FROM main m",
                "CREATE MATERIALIZED VIEW generated AS SELECT id, shout FROM main");
        assertThat(graph().readersOf(table("main")))
                .hasSize(5)
                .allSatisfy(reader -> assertThat(reader.columns()).isEqualTo(ReadColumns.ALL));
    }

    /** One view reads whole rows of one of its tables; of the others it reads the columns that it names. */
    @Test
    void aWholeRowConcernsItsOwnTableAlone() throws Exception {
        database.execute(
                "CREATE TABLE other (id int PRIMARY KEY, a text, b text)",
                "CREATE MATERIALIZED VIEW counted AS SELECT m.id, count(u) FROM main m LEFT JOIN users u USING (id) GROUP BY m.id",
                "CREATE MATERIALIZED VIEW nested AS SELECT m.id, (SELECT to_jsonb(u) FROM users u WHERE u.id = m.id) FROM main m",
                "CREATE MATERIALIZED VIEW outward AS SELECT m.id, (SELECT u.name || to_jsonb(m)::text FROM users u LIMIT 1) FROM main m",
                "CREATE MATERIALIZED VIEW sideways AS SELECT u.id, o.a FROM users u, LATERAL (SELECT a FROM other WHERE b = u.role) o",
                "CREATE MATERIALIZED VIEW row_of_subquery AS SELECT to_jsonb(s) FROM (SELECT id, name FROM users) s",
                "CREATE MATERIALIZED VIEW in_cte AS WITH c AS (SELECT u FROM users u) SELECT o.a FROM c, other o",
                "CREATE MATERIALIZED VIEW sorted AS SELECT u.name FROM other o JOIN users u USING (id) ORDER BY o",
                "CREATE MATERIALIZED VIEW number AS SELECT count(*) FROM other");
        assertThat(columns("counted", "main")).isEqualTo(ReadColumns.of(List.of("id")));
        assertThat(columns("counted", "users")).isEqualTo(ReadColumns.ALL);
        assertThat(columns("nested", "main")).isEqualTo(ReadColumns.of(List.of("id")));
        assertThat(columns("nested", "users")).isEqualTo(ReadColumns.ALL);
        assertThat(columns("outward", "main")).isEqualTo(ReadColumns.ALL);
        assertThat(columns("outward", "users")).isEqualTo(ReadColumns.of(List.of("name")));
        assertThat(columns("sideways", "users")).isEqualTo(ReadColumns.of(List.of("id", "role")));
        assertThat(columns("sideways", "other")).isEqualTo(ReadColumns.of(List.of("a", "b")));
        assertThat(columns("row_of_subquery", "users")).isEqualTo(ReadColumns.of(List.of("id", "name")));
        assertThat(columns("in_cte", "users")).isEqualTo(ReadColumns.ALL);
        assertThat(columns("in_cte", "other")).isEqualTo(ReadColumns.of(List.of("a")));
        assertThat(columns("sorted", "users")).isEqualTo(ReadColumns.of(List.of("id", "name")));
        assertThat(columns("sorted", "other")).isEqualTo(ReadColumns.ALL);
        assertThat(columns("number", "other")).as("no value is read").isEqualTo(ReadColumns.of(List.of()));
    }

    /** A plain view reads for others only what they ask it for, and what decides about its rows. */
    @Test
    void columnsAreNarrowedThroughPlainViews() throws Exception {
        database.execute(
                "CREATE VIEW everything AS SELECT * FROM main",
                "CREATE VIEW filtered AS SELECT * FROM main WHERE role = 'a'",
                "CREATE VIEW \"distinct\" AS SELECT DISTINCT id, title FROM main",
                "CREATE VIEW united AS SELECT id, title FROM main UNION ALL SELECT id, name FROM users",
                "CREATE VIEW windowed AS SELECT id, body, row_number() OVER (ORDER BY title) AS n FROM main",
                "CREATE VIEW limited AS SELECT id, body FROM main ORDER BY title LIMIT 10",
                "CREATE VIEW merged AS SELECT * FROM main FULL JOIN users USING (id, role)",
                "CREATE VIEW grouped AS SELECT role, max(title) AS title, max(body) AS body FROM main GROUP BY role",
                "CREATE MATERIALIZED VIEW of_everything AS SELECT id, title FROM everything",
                "CREATE MATERIALIZED VIEW of_filtered AS SELECT id FROM filtered",
                "CREATE MATERIALIZED VIEW of_distinct AS SELECT id FROM \"distinct\"",
                "CREATE MATERIALIZED VIEW of_united AS SELECT id FROM united",
                "CREATE MATERIALIZED VIEW of_windowed AS SELECT id FROM windowed",
                "CREATE MATERIALIZED VIEW of_limited AS SELECT id FROM limited",
                "CREATE MATERIALIZED VIEW of_merged AS SELECT id, name FROM merged",
                "CREATE MATERIALIZED VIEW of_grouped AS SELECT title FROM grouped",
                "CREATE MATERIALIZED VIEW number AS SELECT count(*) FROM everything",
                "CREATE MATERIALIZED VIEW twice AS SELECT a.id, b.title FROM everything a JOIN everything b ON a.id = b.id",
                "CREATE MATERIALIZED VIEW of_select AS SELECT s.id FROM (SELECT * FROM users) s WHERE s.role = 'a'");
        assertThat(columns("of_everything", "main")).isEqualTo(ReadColumns.of(List.of("id", "title")));
        assertThat(columns("of_filtered", "main")).isEqualTo(ReadColumns.of(List.of("id", "role")));
        assertThat(columns("of_distinct", "main")).isEqualTo(ReadColumns.of(List.of("id", "title")));
        assertThat(columns("of_united", "users")).isEqualTo(ReadColumns.of(List.of("id", "name")));
        assertThat(columns("of_windowed", "main")).isEqualTo(ReadColumns.of(List.of("id", "title")));
        assertThat(columns("of_limited", "main")).isEqualTo(ReadColumns.of(List.of("id", "title")));
        assertThat(columns("of_merged", "main")).isEqualTo(ReadColumns.of(List.of("id", "role")));
        assertThat(columns("of_merged", "users")).isEqualTo(ReadColumns.of(List.of("id", "name", "role")));
        assertThat(columns("of_grouped", "main")).isEqualTo(ReadColumns.of(List.of("role", "title")));
        assertThat(columns("number", "main")).isEqualTo(ReadColumns.of(List.of()));
        assertThat(columns("twice", "main")).isEqualTo(ReadColumns.of(List.of("id", "title")));
        assertThat(columns("of_select", "users")).isEqualTo(ReadColumns.of(List.of("id", "role")));
    }

    private ReadColumns columns(String view, String table) throws Exception {
        return graph().readersOf(table(table)).stream()
                .filter(reader -> reader.view().equals(view(view)))
                .map(Reader::columns)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void readsAllColumnsForVirtualGeneratedColumns() throws Exception {
        database.execute(
                "CREATE TABLE virtual (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL)",
                "CREATE MATERIALIZED VIEW v AS SELECT id, b FROM virtual");
        assertThat(graph().readersOf(table("virtual"))).containsExactly(new Reader(view("v"), ReadColumns.ALL));
    }

    @Test
    void findsLeavesOfPartitionsByColumnName() throws Exception {
        database.execute(
                "CREATE TABLE log (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE log_25 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"
                        + " PARTITION BY RANGE (at)",
                "CREATE TABLE log_25_a PARTITION OF log_25 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01')",
                // Other numbers for the same columns.
                "CREATE TABLE log_26 (gone int, note text, at date NOT NULL, id int NOT NULL, PRIMARY KEY (id, at))",
                "ALTER TABLE log_26 DROP gone",
                "ALTER TABLE log ATTACH PARTITION log_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
                "CREATE MATERIALIZED VIEW v AS SELECT id, note FROM log");
        ViewGraph graph = graph();
        assertThat(graph.tables().keySet()).containsExactly(table("log_25_a"), table("log_26"));
        assertThat(graph.readersOf(table("log_26")))
                .containsExactly(new Reader(view("v"), ReadColumns.of(List.of("id", "note"))));
        assertThat(graph.table(table("log_26")).orElseThrow().identity()).isEqualTo(ReplicaIdentity.DEFAULT);
        assertThat(graph.view(view("v")).orElseThrow().untrackedSources()).isEmpty();
        assertThat(graph.view(view("v"))
                        .orElseThrow()
                        .obstacle()
                        .orElseThrow()
                        .remedy()
                        .toString())
                .as("no SQL that would not run: the view does not show the key")
                .startsWith("create a unique index on columns of \"public\".\"v\" that identify a row")
                .contains("method: plain");
    }

    /** Each suggested index is created, so that it is known to be one. */
    @Test
    void suggestsTheIndexThatAQueryMakesPossible() throws Exception {
        database.execute(
                "INSERT INTO main VALUES (1, 'x', 'y', 'a'), (2, 'x', 'y', 'b'), (3, 'z', 'y', 'b')",
                "CREATE VIEW plain AS SELECT count(*) AS n, role AS r FROM main GROUP BY role",
                "CREATE MATERIALIZED VIEW grouped AS SELECT count(*), role, title FROM main GROUP BY title, role",
                "CREATE MATERIALIZED VIEW through AS SELECT n, r AS \"Role\" FROM plain WHERE n > 0",
                "CREATE MATERIALIZED VIEW through_select AS SELECT s.r FROM (SELECT role AS r, max(id) FROM main GROUP BY 1) s",
                "CREATE MATERIALIZED VIEW distinct_ones AS SELECT DISTINCT body, title FROM main",
                "CREATE MATERIALIZED VIEW newest AS SELECT DISTINCT ON (role) id, role FROM main ORDER BY role, id DESC",
                "CREATE MATERIALIZED VIEW united AS SELECT id, title FROM main UNION SELECT id, name FROM users",
                "CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, max(id) AS m FROM main",
                "CREATE MATERIALIZED VIEW renamed AS SELECT title, id AS number FROM main",
                "CREATE MATERIALIZED VIEW on_top AS SELECT count, title AS t, role FROM grouped");
        database.execute(
                "CREATE TABLE parts (main int, nr int, author int REFERENCES users, PRIMARY KEY (main, nr))",
                "INSERT INTO users VALUES (1, 'u', 'a')",
                "INSERT INTO parts VALUES (1, 1, 1), (1, 2, NULL), (2, 1, 1)",
                "CREATE MATERIALIZED VIEW joined AS SELECT m.id, p.main, p.nr, u.name FROM parts p JOIN main m ON m.id = p.main"
                        + " LEFT JOIN users u ON u.id = p.author",
                "CREATE MATERIALIZED VIEW outer_joined AS SELECT m.id, p.main, p.nr FROM main m LEFT JOIN parts p ON p.main = m.id",
                "CREATE MATERIALIZED VIEW crossed AS SELECT u.id AS u, m.id FROM users u, main m",
                "CREATE MATERIALIZED VIEW first_part AS SELECT m.id, p.author FROM main m JOIN parts p ON p.main = m.id AND p.nr = 1",
                "CREATE MATERIALIZED VIEW many_sided AS SELECT m.id, p.author FROM main m JOIN parts p ON p.main = m.id");
        assertThat(remedy("many_sided")).startsWith("create a unique index on columns of");
        for (String index : List.of(
                "joined (\"main\", \"nr\")",
                "outer_joined (\"id\", \"main\", \"nr\")",
                "crossed (\"u\", \"id\")",
                "first_part (\"id\")",
                "grouped (\"role\", \"title\")",
                "through (\"Role\")",
                "through_select (\"r\")",
                "distinct_ones (\"body\", \"title\")",
                "newest (\"role\")",
                "united (\"id\", \"title\")",
                "total (\"n\")",
                "renamed (\"number\")")) {
            String[] parts = index.split(" ", 2);
            String remedy = remedy(parts[0]);
            assertThat(remedy).isEqualTo("CREATE UNIQUE INDEX ON \"public\".\"" + parts[0] + "\" " + parts[1]);
            database.execute(remedy);
            assertThat(graph().view(view(parts[0])).orElseThrow().obstacle()).isEmpty();
        }
        assertThat(remedy("on_top"))
                .as("by the unique index of the view below")
                .isEqualTo("CREATE UNIQUE INDEX ON \"public\".\"on_top\" (\"t\", \"role\")");
        database.execute("DROP INDEX grouped_role_title_idx");
        assertThat(remedy("on_top"))
                .as("by the query of the view below")
                .isEqualTo("CREATE UNIQUE INDEX ON \"public\".\"on_top\" (\"t\", \"role\")");
    }

    @Test
    void suggestsNoIndexWithoutAKey() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW hidden AS SELECT count(*) FROM main GROUP BY role",
                "CREATE MATERIALIZED VIEW sets AS SELECT role, title, count(*) FROM main GROUP BY ROLLUP (role, title)",
                "CREATE MATERIALIZED VIEW twice AS SELECT id FROM main UNION ALL SELECT id FROM users",
                "CREATE MATERIALIZED VIEW many AS SELECT id, generate_series(1, 3) FROM main",
                "CREATE MATERIALIZED VIEW without AS SELECT title FROM main",
                "CREATE TABLE child () INHERITS (users)",
                "CREATE MATERIALIZED VIEW inherited AS SELECT id FROM users");
        for (String view : List.of("hidden", "sets", "twice", "many", "without", "inherited")) {
            assertThat(remedy(view))
                    .startsWith("create a unique index on columns of")
                    .contains("method: plain");
            assertThat(graph().view(view(view)).orElseThrow().obstacleTo(Method.PLAIN))
                    .isEmpty();
        }
    }

    private void execute(Remedy remedy) throws Exception {
        assertThat(remedy.sql()).isNotEmpty();
        database.execute(remedy.sql().toArray(String[]::new));
    }

    private String remedy(String view) throws Exception {
        return graph().view(view(view))
                .orElseThrow()
                .obstacle()
                .orElseThrow()
                .remedy()
                .toString();
    }

    /** Neither the key itself nor REPLICA IDENTITY USING INDEX on it is accepted by the server. */
    @Test
    void theRemedyForADeferrablePrimaryKeyRuns() throws Exception {
        database.execute(
                "CREATE TABLE late (id int PRIMARY KEY DEFERRABLE, v text)",
                "INSERT INTO late VALUES (1, 'x')",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM late",
                "CREATE PUBLICATION p FOR TABLE late");
        Obstacle obstacle =
                graph().table(table("late")).orElseThrow().notPublishable().orElseThrow();
        assertThat(obstacle.what()).contains("DEFERRABLE");
        assertThat(obstacle.remedy().toString()).doesNotContain("primary key");
        execute(obstacle.remedy());
        database.execute("UPDATE late SET v = 'y'");
        assertThat(graph().table(table("late")).orElseThrow().identity()).isEqualTo(ReplicaIdentity.INDEX);
    }

    @Test
    void findsInheritanceChildrenButNotTemporaryOnes() throws Exception {
        database.execute(
                "CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (users)",
                "CREATE MATERIALIZED VIEW v AS SELECT id, name FROM users");
        try (Connection connection = database.connect()) {
            connection.createStatement().execute("CREATE TEMPORARY TABLE fleeting () INHERITS (users)");
            ViewGraph graph = ViewGraph.of(CatalogReader.read(connection), view -> true);
            assertThat(graph.tables().keySet()).containsExactly(table("child"), table("users"));
            assertThat(graph.view(view("v")).orElseThrow().untrackedSources()).isEmpty();
        }
    }

    @Test
    void ignoresRulesOfOtherEventsThanSelect() throws Exception {
        database.execute(
                "CREATE TABLE audit (id int)",
                "CREATE RULE noted AS ON INSERT TO users DO ALSO INSERT INTO audit VALUES (new.id)",
                "CREATE VIEW writable AS SELECT id FROM users",
                "CREATE RULE write AS ON INSERT TO writable DO INSTEAD INSERT INTO audit VALUES (new.id)",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM writable");
        assertThat(graph().tables().keySet()).containsExactly(table("users"));
    }

    /** A policy may read columns and tables that the view does not name. */
    @Test
    void readsWhatPoliciesReadIfTheyApply() throws Exception {
        database.execute(
                "CREATE TABLE grants (who text PRIMARY KEY, role text)",
                "ALTER TABLE main ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY granted ON main FOR SELECT USING (role IN (SELECT role FROM grants))",
                "CREATE MATERIALIZED VIEW v AS SELECT id, title FROM main");
        assertThat(graph().tables().keySet()).as("read as the table's owner").containsExactly(table("main"));
        Fingerprint fingerprint = fingerprint();
        String lineage = graph().lineageOf(view("v"));

        database.execute("ALTER TABLE main FORCE ROW LEVEL SECURITY");
        assertThat(graph().tables().keySet()).containsExactly(table("grants"), table("main"));
        assertThat(graph().readersOf(table("main"))).containsExactly(new Reader(view("v"), ReadColumns.ALL));
        assertThat(graph().readersOf(table("grants")))
                .containsExactly(new Reader(view("v"), ReadColumns.of(List.of("role"))));
        assertThat(fingerprint()).isNotEqualTo(fingerprint);
        assertThat(graph().lineageOf(view("v"))).isNotEqualTo(lineage);
    }

    @Test
    void readsEachReplicaIdentity() throws Exception {
        database.execute(
                "CREATE TABLE keyless (id int)",
                "CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE)",
                "CREATE TABLE nothing (id int PRIMARY KEY)",
                "ALTER TABLE nothing REPLICA IDENTITY NOTHING",
                "CREATE TABLE everything (id int)",
                "ALTER TABLE everything REPLICA IDENTITY FULL",
                "CREATE TABLE indexed (id int NOT NULL)",
                "CREATE UNIQUE INDEX indexed_id ON indexed (id)",
                "ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_id",
                "CREATE TABLE lost (id int NOT NULL)",
                "CREATE UNIQUE INDEX lost_id ON lost (id)",
                "ALTER TABLE lost REPLICA IDENTITY USING INDEX lost_id",
                "DROP INDEX lost_id",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM main NATURAL JOIN keyless NATURAL JOIN deferred"
                        + " NATURAL JOIN nothing NATURAL JOIN everything NATURAL JOIN indexed NATURAL JOIN lost");
        ViewGraph graph = graph();
        assertThat(identity(graph, "main")).isEqualTo(ReplicaIdentity.DEFAULT);
        assertThat(identity(graph, "keyless")).isEqualTo(ReplicaIdentity.DEFAULT_WITHOUT_KEY);
        assertThat(identity(graph, "deferred")).isEqualTo(ReplicaIdentity.DEFAULT_WITHOUT_KEY);
        assertThat(identity(graph, "nothing")).isEqualTo(ReplicaIdentity.NOTHING);
        assertThat(identity(graph, "everything")).isEqualTo(ReplicaIdentity.FULL);
        assertThat(identity(graph, "indexed")).isEqualTo(ReplicaIdentity.INDEX);
        assertThat(identity(graph, "lost")).isEqualTo(ReplicaIdentity.NOTHING);
        assertThat(graph.tables().values().stream()
                        .filter(table -> table.notPublishable().isPresent())
                        .map(table -> table.id().name()))
                .containsExactlyInAnyOrder("keyless", "deferred", "nothing", "lost");
        assertThat(graph.view(view("v")).orElseThrow().untrackedSources()).hasSize(4);
        assertThat(graph.table(table("keyless"))
                        .orElseThrow()
                        .notPublishable()
                        .orElseThrow()
                        .remedy()
                        .toString())
                .contains("a primary key", "REPLICA IDENTITY USING INDEX", "REPLICA IDENTITY FULL");
    }

    /** The expectation is the server's own: whether UPDATE fails once the table is published. */
    @Test
    void agreesWithTheServerOnDeferrableKeys() throws Exception {
        database.execute(
                "CREATE TABLE deferred (id int PRIMARY KEY DEFERRABLE)",
                "CREATE PUBLICATION p FOR TABLE deferred",
                "INSERT INTO deferred VALUES (1)");
        assertThatThrownBy(() -> database.execute("UPDATE deferred SET id = 2"))
                .hasMessageContaining("does not have a replica identity");
    }

    /** From PostgreSQL 18 on, UPDATE of a published table fails if its replica identity holds a generated column. */
    @Test
    void agreesWithTheServerOnGeneratedColumns() throws Exception {
        String computed = " int GENERATED ALWAYS AS (id + 1) STORED";
        database.execute(
                "CREATE TABLE whole (id int PRIMARY KEY, g" + computed + ")",
                "ALTER TABLE whole REPLICA IDENTITY FULL",
                "CREATE TABLE keyed (id int, g" + computed + " PRIMARY KEY)",
                "CREATE TABLE beside (id int PRIMARY KEY, g" + computed + ")",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM whole NATURAL JOIN keyed NATURAL JOIN beside",
                "CREATE PUBLICATION p FOR TABLE whole, keyed, beside");
        ViewGraph graph = graph();
        for (String name : List.of("whole", "keyed", "beside")) {
            database.execute("INSERT INTO " + name + " VALUES (1)");
            ThrowingCallable update = () -> database.execute("UPDATE " + name + " SET id = 2");
            BaseTable table = graph.table(table(name)).orElseThrow();
            assertThat(table.mayBeFull()).isFalse();
            if (table.notPublishable().isPresent()) {
                assertThatThrownBy(update).hasMessageContaining("unpublished generated columns");
            } else {
                assertThatNoException().isThrownBy(update);
            }
        }
        assertThat(graph.table(table("beside")).orElseThrow().notPublishable()).isEmpty();
        Obstacle whole =
                graph.table(table("whole")).orElseThrow().notPublishable().orElseThrow();
        assertThat(whole.what()).contains("a generated column in its replica identity");
        execute(whole.remedy());
        database.execute("UPDATE whole SET id = 3");
        assertThat(graph().table(table("whole")).orElseThrow().notPublishable()).isEmpty();
        assertThat(graph.table(table("keyed"))
                        .orElseThrow()
                        .notPublishable()
                        .orElseThrow()
                        .remedy()
                        .toString())
                .contains("none of them generated")
                .doesNotContain("FULL", "DEFAULT");
    }

    /** Each refresh writes the ledger. A view that reads it would cause its own next refresh. */
    @Test
    void tablesOfTheLedgerAreNotPublished() throws Exception {
        database.execute(
                "CREATE SCHEMA refreshd",
                "CREATE TABLE refreshd.view_state (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW of_ledger AS SELECT id FROM refreshd.view_state");
        ViewGraph graph = ViewGraph.of(read(), view -> true);
        assertThat(graph.tables().values())
                .singleElement()
                .satisfies(table -> assertThat(table.notPublishable()).isPresent());
        assertThat(untracked(graph, "of_ledger")).singleElement().asString().contains("is part of refreshd's ledger");
    }

    @Test
    void findsUntrackedSources() throws Exception {
        database.execute(
                "CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY)",
                "CREATE FOREIGN DATA WRAPPER w",
                "CREATE SERVER far FOREIGN DATA WRAPPER w",
                "CREATE FOREIGN TABLE remote (id int) SERVER far",
                "CREATE SEQUENCE counter",
                "CREATE MATERIALIZED VIEW of_scratch AS SELECT id FROM scratch",
                "CREATE MATERIALIZED VIEW of_remote AS SELECT id FROM remote WITH NO DATA",
                "CREATE MATERIALIZED VIEW of_counter AS SELECT last_value FROM counter",
                "CREATE MATERIALIZED VIEW of_system AS SELECT relname FROM pg_class",
                "CREATE MATERIALIZED VIEW of_schema AS SELECT table_name::text FROM information_schema.tables",
                "CREATE MATERIALIZED VIEW of_other AS SELECT id FROM of_scratch");
        ViewGraph graph = ViewGraph.of(read(), view -> !view.name().equals("of_scratch"));
        assertThat(graph.tables()).isEmpty();
        assertThat(untracked(ViewGraph.of(read(), view -> true), "of_scratch"))
                .containsExactly("reads the unlogged table \"public\".\"scratch\", which is not in the log");
        assertThat(untracked(graph, "of_remote"))
                .containsExactly("reads the foreign table \"public\".\"remote\", whose changes happen elsewhere");
        assertThat(untracked(graph, "of_counter"))
                .containsExactly("reads the sequence \"public\".\"counter\", which is not published");
        assertThat(untracked(graph, "of_system"))
                .containsExactly("reads the system catalog \"pg_catalog\".\"pg_class\", which is not in the log");
        assertThat(untracked(graph, "of_schema"))
                .containsExactly("reads the system catalog \"information_schema\".\"tables\", which is not in the log");
        assertThat(untracked(graph, "of_other"))
                .containsExactly(
                        "reads the materialized view \"public\".\"of_scratch\", which refreshd does not look after");
    }

    @Test
    void findsTheClockBehindCastsOfText() throws Exception {
        List<String> reading = List.of(
                "SELECT id FROM main WHERE now_d > ('yesterday'::text)::date",
                "SELECT id, 'now'::text::timestamp AS t FROM main",
                "SELECT id, ' ToDay '::varchar::timestamptz AS t FROM main",
                "SELECT id, 'tomorrow 12:00'::char(20)::timestamp AS t FROM main",
                "SELECT id, date_in('today') AS t FROM main",
                "SELECT id, timestamptz_in('now', 0, -1) AS t FROM main",
                "SELECT id, coalesce(title, 'now')::timestamp AS t FROM main",
                "SELECT id, (CASE WHEN id > 1 THEN 'today' ELSE title END)::date AS t FROM main",
                "SELECT id, ('yester' || 'day')::date AS t FROM main",
                "SELECT id, '{yesterday,2020-01-01}'::text::date[] AS t FROM main",
                "SELECT id, ARRAY['now']::text[]::timestamp[] AS t FROM main",
                "SELECT id, '[yesterday,today)'::text::daterange AS t FROM main",
                "SELECT id, 'today'::text::a_day AS t FROM main",
                "SELECT id, r.d FROM main, json_to_record('{\"d\": \"today\"}') AS r (d date)",
                "SELECT id, '10:00'::text::timetz AS t FROM main",
                "SELECT id, '10:00'::time::timetz AS t FROM main");
        List<String> determined = List.of(
                "SELECT id, date 'yesterday' AS t, timestamp 'now' AS n FROM main",
                "SELECT id, '2020-01-01'::text::date AS t, 'infinity'::text::timestamp AS n FROM main",
                "SELECT id, ('2020' || '-01-' || '01')::date AS t FROM main",
                "SELECT id, title::date AS t FROM main WHERE title <> 'today'",
                "SELECT id, 'today'::text AS t, to_date(title, 'YYYY-MM-DD') AS d FROM main",
                "SELECT id, '10:00+02'::text::timetz AS t FROM main");
        database.execute("CREATE DOMAIN a_day AS date", "ALTER TABLE main ADD COLUMN now_d date");
        for (int i = 0; i < reading.size(); i++) {
            database.execute("CREATE MATERIALIZED VIEW reading_" + i + " AS " + reading.get(i) + " WITH NO DATA");
        }
        for (int i = 0; i < determined.size(); i++) {
            database.execute("CREATE MATERIALIZED VIEW determined_" + i + " AS " + determined.get(i) + " WITH NO DATA");
        }
        ViewGraph graph = graph();
        for (int i = 0; i < reading.size(); i++) {
            assertThat(untracked(graph, "reading_" + i)).as(reading.get(i)).hasSize(1);
        }
        for (int i = 0; i < determined.size(); i++) {
            assertThat(untracked(graph, "determined_" + i))
                    .as(determined.get(i))
                    .isEmpty();
        }
    }

    @Test
    void findsFunctionsThatReadClocksAndTables() throws Exception {
        database.execute(
                "CREATE FUNCTION pure(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
                "CREATE FUNCTION peek(int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.users'",
                "CREATE OPERATOR ## (FUNCTION = peek, RIGHTARG = int)",
                "CREATE FUNCTION add_peek(bigint, int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT $1 + public.peek($2)'",
                "CREATE AGGREGATE peeks(int) (SFUNC = add_peek, STYPE = bigint, INITCOND = '0')",
                "CREATE VIEW clock AS SELECT id, now() AS read_at FROM main",
                "CREATE MATERIALIZED VIEW v_deterministic AS SELECT pure(id), to_char(id, '9'), to_jsonb(title),"
                        + " concat(title, body), timestamptz '2020-01-01' + interval '1 day' AS day,"
                        + " (timestamptz '2020-01-01')::text AS t, length(title), json_build_array(id) FROM main",
                "CREATE MATERIALIZED VIEW v_now AS SELECT id FROM clock",
                "CREATE MATERIALIZED VIEW v_current AS SELECT id FROM main WHERE current_date > '2020-01-01'",
                "CREATE MATERIALIZED VIEW v_localtime AS SELECT id, localtimestamp(2) FROM main",
                "CREATE MATERIALIZED VIEW v_owner AS SELECT id FROM main WHERE role = current_user",
                "CREATE MATERIALIZED VIEW v_random AS SELECT id FROM main ORDER BY random()",
                "CREATE MATERIALIZED VIEW v_age AS SELECT age(timestamptz '2020-01-01') FROM main",
                "CREATE MATERIALIZED VIEW v_setting AS SELECT current_setting('work_mem') FROM main",
                "CREATE MATERIALIZED VIEW v_sample AS SELECT id FROM main TABLESAMPLE BERNOULLI (10)",
                "CREATE MATERIALIZED VIEW v_xml AS SELECT table_to_xml('users', true, false, '')::text FROM main",
                "CREATE MATERIALIZED VIEW v_peek AS SELECT peek(id) FROM main",
                "CREATE MATERIALIZED VIEW v_operator AS SELECT ## id AS x FROM main",
                "CREATE MATERIALIZED VIEW v_aggregate AS SELECT peeks(id) FROM main");
        ViewGraph graph = graph();
        assertThat(untracked(graph, "v_deterministic")).isEmpty();
        assertThat(untracked(graph, "v_owner")).isEmpty();
        for (String name : List.of("now", "random", "age", "current_setting", "table_to_xml")) {
            String view =
                    name.equals("current_setting") ? "v_setting" : name.equals("table_to_xml") ? "v_xml" : "v_" + name;
            assertThat(untracked(graph, view))
                    .as(view)
                    .filteredOn(why -> !why.startsWith("may turn a regclass"))
                    .singleElement()
                    .asString()
                    .startsWith("calls \"pg_catalog\".\"" + name + "\"(");
        }
        assertThat(untracked(graph, "v_current")).singleElement().asString().startsWith("reads the clock");
        assertThat(untracked(graph, "v_localtime")).singleElement().asString().startsWith("reads the clock");
        assertThat(untracked(graph, "v_sample")).singleElement().asString().startsWith("draws a sample");
        assertThat(untracked(graph, "v_peek")).singleElement().asString().contains("\"public\".\"peek\"(integer)");
        assertThat(untracked(graph, "v_operator")).singleElement().asString().contains("\"public\".\"peek\"(integer)");
        assertThat(untracked(graph, "v_aggregate")).singleElement().asString().contains("\"public\".\"add_peek\"(");
    }

    @Test
    void removesEachObstacleByItsRemedy() throws Exception {
        database.execute(
                "INSERT INTO main (id, title, role) VALUES (1, 'x', 'a'), (2, 'x', 'a')",
                "CREATE MATERIALIZED VIEW none AS SELECT id, title FROM main",
                "CREATE MATERIALIZED VIEW partial AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX partial_id ON partial (id) WHERE id > 0",
                "CREATE MATERIALIZED VIEW expression AS SELECT id, title FROM main",
                "CREATE UNIQUE INDEX expression_id ON expression ((id + 1))",
                "CREATE MATERIALIZED VIEW empty AS SELECT id FROM main WITH NO DATA",
                "CREATE UNIQUE INDEX ON empty (id)",
                "CREATE MATERIALIZED VIEW neither AS SELECT id FROM main WITH NO DATA",
                "CREATE MATERIALIZED VIEW invalid AS SELECT 1 AS one FROM main WHERE id < 3");
        assertThatThrownBy(() -> database.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON invalid (one)"))
                .hasMessageContaining("could not create unique index");
        database.execute("DELETE FROM main WHERE id = 2", "REFRESH MATERIALIZED VIEW invalid");
        // The plain refresh has rebuilt the index: make it invalid again, as a failed build leaves it.
        database.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass");

        ViewGraph graph = graph();
        assertThat(obstacle(graph, "none").remedy()).hasToString("CREATE UNIQUE INDEX ON \"public\".\"none\" (\"id\")");
        assertThat(obstacle(graph, "partial").what()).contains("\"partial_id\" has a WHERE clause");
        assertThat(obstacle(graph, "expression").what()).contains("\"expression_id\" is on an expression");
        assertThat(obstacle(graph, "empty").what()).endsWith("is not populated");
        assertThat(obstacle(graph, "invalid").what()).contains("\"broken\" is invalid");
        for (MaterializedView view : graph.views().values()) {
            assertThat(view.obstacleTo(Method.PLAIN)).isEmpty();
            execute(obstacle(graph, view.id().name()).remedy());
            database.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + view.id());
        }
        assertThat(graph().views().values())
                .allSatisfy(view -> assertThat(view.obstacle()).isEmpty());
    }

    @Test
    void findsMaterializedViewsThroughPlainOnes() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW low AS SELECT id, name FROM users WITH NO DATA",
                "CREATE VIEW between AS SELECT id FROM low",
                "CREATE MATERIALIZED VIEW high AS SELECT id FROM between JOIN main USING (id) WITH NO DATA",
                "CREATE UNIQUE INDEX ON high (id)",
                "CREATE MATERIALIZED VIEW top AS SELECT id FROM high WITH NO DATA");
        ViewGraph graph = graph();
        assertThat(graph.upstreamOf(view("high"))).containsExactly(view("low"));
        assertThat(graph.downstreamOf(view("low"))).containsExactly(view("high"));
        assertThat(graph.upstreamOf(view("top"))).containsExactly(view("high"));
        assertThat(graph.readersOf(table("users"))).extracting(Reader::view).containsExactly(view("low"));
        assertThat(graph.view(view("high"))
                        .orElseThrow()
                        .plainObstacle()
                        .orElseThrow()
                        .remedy())
                .hasToString("REFRESH MATERIALIZED VIEW \"public\".\"low\"");
    }

    @Test
    void readsViewsThatReadThemselves() throws Exception {
        database.execute(
                "CREATE VIEW between AS SELECT id FROM users",
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM between",
                "CREATE OR REPLACE VIEW between AS SELECT id FROM v");
        ViewGraph graph = graph();
        assertThat(graph.upstreamOf(view("v"))).isEmpty();
        assertThat(untracked(graph, "v")).containsExactly("reads itself, by way of public.v");
    }

    @Test
    void readsAnyName() throws Exception {
        String longest = "ü".repeat(31) + "x";
        List<String> names =
                List.of("Mixed Case", "do.t", "qu\"ote", "back\\slash", "日本語", "select", longest, "a'b", "{b,c}");
        for (String schema : List.of("One \"A\".b", "zwei")) {
            database.execute("CREATE SCHEMA " + SqlNames.identifier(schema));
            for (String name : names) {
                String column = SqlNames.identifier(name);
                String table = SqlNames.qualified(new TableId(schema, name));
                String view = SqlNames.qualified(new ViewId(schema, "v" + name.substring(1)));
                database.execute(
                        "CREATE TABLE " + table + " (" + column + " int PRIMARY KEY, other int)",
                        "CREATE MATERIALIZED VIEW " + view + " AS SELECT " + column + " FROM " + table);
            }
        }
        ViewGraph graph = graph();
        assertThat(graph.views()).hasSize(2 * names.size());
        for (String name : names) {
            assertThat(graph.readersOf(new TableId("zwei", name)))
                    .containsExactly(
                            new Reader(new ViewId("zwei", "v" + name.substring(1)), ReadColumns.of(List.of(name))));
        }
        for (MaterializedView view : graph.views().values()) {
            execute(view.obstacle().orElseThrow().remedy());
        }
        assertThat(graph().views().values())
                .allSatisfy(view -> assertThat(view.obstacle()).isEmpty());
    }

    @Test
    void readsTheSameAsAnyRoleAndLeavesTheConnectionAsItWas() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW v AS SELECT id FROM main",
                "DROP ROLE IF EXISTS catalog_stranger",
                "CREATE ROLE catalog_stranger LOGIN");
        // Catalogs differ by the privileges of the role that reads them: both roles get the same.
        database.execute("GRANT SELECT ON main, v TO catalog_stranger");
        try (Connection stranger = DriverManager.getConnection(database.url(), "catalog_stranger", "")) {
            assertThat(CatalogReader.read(stranger)).isEqualTo(readAs("catalog_stranger"));
            assertThat(CatalogReader.fingerprint(stranger)).isEqualTo(fingerprint());
            assertThat(stranger.getAutoCommit()).isTrue();
            assertThat(setting(stranger, "transaction_isolation")).isEqualTo("read committed");
            assertThat(setting(stranger, "transaction_read_only")).isEqualTo("off");
            stranger.setAutoCommit(false);
            assertThat(CatalogReader.read(stranger)).isEqualTo(readAs("catalog_stranger"));
            assertThat(stranger.getAutoCommit()).isFalse();
        } finally {
            database.execute("DROP OWNED BY catalog_stranger", "DROP ROLE catalog_stranger");
        }
    }

    private Catalog readAs(String role) throws Exception {
        Catalog catalog = read();
        return new Catalog(
                role,
                catalog.relations(),
                catalog.rules(),
                catalog.inheritances(),
                catalog.indexes(),
                catalog.functions(),
                catalog.untrusted(),
                catalog.content());
    }

    private static String setting(Connection connection, String name) throws Exception {
        try (var rows = connection.createStatement().executeQuery("SHOW " + name)) {
            rows.next();
            return rows.getString(1);
        }
    }

    @Test
    /** How long that takes is measured by the benchmark, part "exact". */
    void readsAThousandRoleViews() throws Exception {
        database.execute(Stream.concat(
                        IntStream.range(0, 1000)
                                .mapToObj(i -> "CREATE MATERIALIZED VIEW role_" + i
                                        + " AS SELECT m.id, m.title, lower(m.body) AS body, u.name FROM main m"
                                        + " JOIN users u ON u.role = m.role WHERE m.role = 'role" + i + "'"),
                        IntStream.range(0, 1000).mapToObj(i -> "CREATE UNIQUE INDEX ON role_" + i + " (id, name)"))
                .toArray(String[]::new));
        try (Connection connection = database.connect()) {
            CatalogReader.read(connection);
            Catalog catalog = CatalogReader.read(connection);
            assertThat(CatalogReader.fingerprint(connection).isCurrent(connection))
                    .isTrue();
            assertThat(ViewGraph.of(catalog, view -> true).readersOf(table("main")))
                    .hasSize(1000);
        }
    }

    private ViewGraph graph() throws Exception {
        return ViewGraph.of(read(), view -> true);
    }

    private Catalog read() throws Exception {
        try (Connection connection = database.connect()) {
            return CatalogReader.read(connection);
        }
    }

    private Fingerprint fingerprint() throws Exception {
        try (Connection connection = database.connect()) {
            return CatalogReader.fingerprint(connection);
        }
    }

    private static ReplicaIdentity identity(ViewGraph graph, String table) {
        return graph.table(table(table)).orElseThrow().identity();
    }

    private static Obstacle obstacle(ViewGraph graph, String view) {
        return graph.view(view(view)).orElseThrow().obstacle().orElseThrow();
    }

    private static List<String> untracked(ViewGraph graph, String view) {
        return graph.view(view(view)).orElseThrow().untrackedSources().stream()
                .map(Obstacle::what)
                .toList();
    }

    private static TableId table(String name) {
        return new TableId("public", name);
    }

    private static ViewId view(String name) {
        return new ViewId("public", name);
    }
}
