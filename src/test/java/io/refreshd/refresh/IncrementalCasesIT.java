package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.refreshd.capture.DecodedChanges;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.incremental.HiddenColumns;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.ViewId;
import io.refreshd.routing.Router;
import io.refreshd.routing.Routing;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cases that tools of this kind have got wrong, from the query of a materialized view to the rows after a round: the plan, what the log
 * holds of the changes, and where they are routed. One database serves all cases; each has tables of its own.
 */
class IncrementalCasesIT {
    private static IncrementalFixture fixture;
    private static Connection connection;
    /** The views of former cases. Nobody asks about them, and to read them would cost more than the case. */
    private static Set<ViewId> former = Set.of();

    @BeforeAll
    static void create() throws Exception {
        fixture = new IncrementalFixture();
        connection = fixture.database.connect();
        execute(
                "CREATE PUBLICATION cases FOR TABLES IN SCHEMA public",
                "SELECT pg_create_logical_replication_slot('" + fixture.database.slot() + "', 'pgoutput')");
    }

    @AfterAll
    static void drop() throws Exception {
        connection.close();
        fixture.close();
    }

    @BeforeEach
    void leaveOutFormerViews() throws Exception {
        former = fixture.views();
    }

    private static void execute(String... sql) throws Exception {
        fixture.database.execute(sql);
    }

    private static IncrementalQuery plan(String query) throws Exception {
        execute("CREATE MATERIALIZED VIEW made AS " + query);
        return new RecomputeKeys(CatalogReader.read(connection, IncrementalCasesIT::isOfThisCase))
                .of(fixture.oid("made"));
    }

    /** Makes an incremental view as a conversion would. */
    private static void view(String name, String query) throws Exception {
        IncrementalQuery plan = plan(query);
        assertThat(plan.obstacles()).isEmpty();
        String text = String.valueOf(fixture.database
                .query("SELECT rtrim(pg_get_viewdef('made'::regclass), ';')")
                .getFirst());
        execute("DROP MATERIALIZED VIEW made");
        fixture.view(name, HiddenColumns.before(text, plan), plan);
        routed(name); // what filled the tables
    }

    private static List<String> refused(String query) throws Exception {
        List<String> why = plan(query).obstacles().stream().map(Obstacle::what).toList();
        execute("DROP MATERIALIZED VIEW made");
        return why;
    }

    private static boolean isOfThisCase(ViewId view) {
        return !former.contains(view);
    }

    /** Reads the log and routes it. @return empty if everything must be recomputed; no look-up at all if nothing concerns the view */
    private static Optional<List<KeyLookup>> routed(String view) throws Exception {
        Router router = new Router(ViewGraph.of(
                CatalogReader.read(connection, IncrementalCasesIT::isOfThisCase), IncrementalCasesIT::isOfThisCase));
        Routing routing =
                router.route(new DecodedChanges(router::interestIn).take(connection, fixture.database.slot(), "cases"));
        List<Impact> impacts = Stream.concat(routing.impacts().stream(), routing.candidates().stream())
                .filter(impact -> impact.view().equals(new ViewId("public", view)))
                .toList();
        return impacts.stream().anyMatch(impact -> impact.lookups().isEmpty())
                ? Optional.empty()
                : Optional.of(impacts.stream()
                        .flatMap(impact -> impact.lookups().stream())
                        .toList());
    }

    /** Plays one round for what the log holds, and compares. @return how many rows changed */
    private static long byKeys(String view) throws Exception {
        List<KeyLookup> lookups = routed(view).orElseThrow();
        assertThat(lookups).as("changes that concern the view").isNotEmpty();
        return round(view, lookups);
    }

    private static void everything(String view) throws Exception {
        assertThat(routed(view)).as("everything is recomputed").isEmpty();
        round(view, List.of());
    }

    private static long round(String view, List<KeyLookup> lookups) throws Exception {
        // What everything took is not known, so that keys are never the dearer way.
        fixture.refresher = fixture.newRefresher();
        RefreshOutcome outcome =
                fixture.refresher.refresh(fixture.task(view, Set.of(), lookups), position -> Optional.of(List.of()));
        assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(fixture.differs(view)).isFalse();
        return ((RefreshOutcome.Refreshed) outcome).rowsChanged().orElseThrow();
    }

    private static List<String> rows(String view) throws Exception {
        return fixture.database.query("SELECT shown::text FROM public." + view + " shown ORDER BY 1");
    }

    @Test
    void inheritedRowsCarryTheNameOfTheirOwnTable() throws Exception {
        execute(
                "CREATE TABLE inh_parent (id int PRIMARY KEY, v text)",
                "CREATE TABLE inh_child (PRIMARY KEY (id)) INHERITS (inh_parent)",
                "INSERT INTO inh_parent VALUES (1, 'p')",
                "INSERT INTO inh_child VALUES (1, 'c'), (2, 'd')");
        assertThat(refused("SELECT v FROM inh_parent"))
                .singleElement()
                .asString()
                .contains("has inheritance children");
        view("inh", "SELECT v FROM inh_child");
        execute("UPDATE inh_parent SET v = v || '!' WHERE id = 1");
        assertThat(byKeys("inh")).isEqualTo(1);
        assertThat(rows("inh")).containsExactly("(c!)", "(d)");
    }

    @Test
    void aPreparedTransactionCountsFromItsCommitOn() throws Exception {
        execute("CREATE TABLE two (id int PRIMARY KEY, v text)", "INSERT INTO two VALUES (1, 'a'), (2, 'b')");
        view("phases", "SELECT v FROM two");
        execute(
                "BEGIN; UPDATE two SET v = 'prepared' WHERE id = 1; PREPARE TRANSACTION 'phase'; UPDATE two SET v = 'c' WHERE id = 2");
        assertThat(byKeys("phases")).isEqualTo(1);
        assertThat(rows("phases")).containsExactly("(a)", "(c)");
        execute("COMMIT PREPARED 'phase'");
        assertThat(byKeys("phases")).isEqualTo(1);
        assertThat(rows("phases")).containsExactly("(c)", "(prepared)");
    }

    @Test
    void theTypeOfAColumnThatIsReadCannotBeAlteredAndThatOfAnotherDoesNotMatter() throws Exception {
        execute(
                "CREATE TABLE typed (id int PRIMARY KEY, v int, other int)",
                "INSERT INTO typed VALUES (1, 1, 1), (2, 2, 2)");
        view("types", "SELECT v FROM typed");
        assertThat(catchThrowableOfType(
                                SQLException.class, () -> execute("ALTER TABLE typed ALTER COLUMN v TYPE bigint"))
                        .getSQLState())
                .isEqualTo("0A000");
        execute("ALTER TABLE typed ALTER COLUMN other TYPE text", "UPDATE typed SET v = 5 WHERE id = 1");
        assertThat(byKeys("types")).isEqualTo(1);
    }

    @Test
    void aColumnThatWasDroppedShiftsNothing() throws Exception {
        execute(
                "CREATE TABLE dropped (gone int, id int, also_gone text, m int, v text, PRIMARY KEY (m, id))",
                "ALTER TABLE dropped DROP COLUMN gone",
                "INSERT INTO dropped VALUES (1, 'x', 7, 'a'), (2, 'y', 7, 'b')");
        view("drops", "SELECT v FROM dropped");
        execute("ALTER TABLE dropped DROP COLUMN also_gone", "UPDATE dropped SET id = 3, v = 'c' WHERE id = 1");
        assertThat(byKeys("drops")).isEqualTo(2);
        assertThat(rows("drops")).containsExactly("(b)", "(c)");
    }

    @Test
    void eachUseOfATableThatIsReadTwiceLeadsToItsRows() throws Exception {
        execute(
                "CREATE TABLE staff (id int PRIMARY KEY, boss int, v text)",
                "INSERT INTO staff VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, 'c'), (4, 2, 'd')");
        view("bosses", "SELECT s.v, b.v AS boss FROM staff s LEFT JOIN staff b ON b.id = s.boss");
        execute("UPDATE staff SET v = 'new' WHERE id = 1", "UPDATE staff SET boss = 3 WHERE id = 4");
        assertThat(byKeys("bosses")).isEqualTo(5);
        execute("DELETE FROM staff WHERE id = 3");
        byKeys("bosses");
        assertThat(rows("bosses")).containsExactly("(b,new)", "(d,)", "(new,)");
    }

    @Test
    void aSelfJoinThatLooksForRowsWithoutAMatch() throws Exception {
        execute(
                "CREATE TABLE tree (id int PRIMARY KEY, up int)",
                "ALTER TABLE tree REPLICA IDENTITY FULL",
                "INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 1)");
        view("leaves", "SELECT t.id FROM tree t LEFT JOIN tree c ON c.up = t.id WHERE c.id IS NULL");
        execute("INSERT INTO tree VALUES (4, 3)");
        assertThat(byKeys("leaves")).isEqualTo(2);
        execute("UPDATE tree SET up = 2 WHERE id = 4");
        byKeys("leaves");
        assertThat(rows("leaves")).containsExactly("(3)", "(4)");
    }

    @Test
    void rowsThatMoveBetweenPartitionsAreDeletedAndInserted() throws Exception {
        execute(
                "CREATE TABLE days (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY LIST (day)",
                "CREATE TABLE days_0 PARTITION OF days FOR VALUES IN (0)",
                "CREATE TABLE days_1 (v text, day int NOT NULL, id int NOT NULL)",
                "ALTER TABLE days ATTACH PARTITION days_1 FOR VALUES IN (1)",
                "INSERT INTO days VALUES (1, 0, 'a'), (2, 1, 'b')");
        view("moves", "SELECT d.v, e.v AS w FROM days d LEFT JOIN days_1 e ON e.id = d.id");
        execute("UPDATE days SET day = 1 WHERE id = 1");
        byKeys("moves");
        assertThat(rows("moves")).containsExactly("(a,a)", "(b,b)");
    }

    @Test
    void aFullJoinWithNullOnBothSides() throws Exception {
        execute(
                "CREATE TABLE fj_d (id int PRIMARY KEY)",
                "CREATE TABLE fj_a (id int PRIMARY KEY, x int)",
                "CREATE TABLE fj_b (id int PRIMARY KEY, x int)",
                "INSERT INTO fj_d VALUES (1)",
                "INSERT INTO fj_a VALUES (1, NULL), (2, 5)",
                "INSERT INTO fj_b VALUES (1, NULL), (2, 5)");
        view("full_join", "SELECT d.id, a.x, b.id AS b FROM fj_d d CROSS JOIN (fj_a a FULL JOIN fj_b b ON a.x = b.x)");
        execute("UPDATE fj_a SET x = NULL WHERE id = 2");
        byKeys("full_join");
        assertThat(rows("full_join")).containsExactly("(1,,)", "(1,,)", "(1,,1)", "(1,,2)");
        execute(
                "INSERT INTO fj_a VALUES (3, 7)",
                "DELETE FROM fj_a WHERE id = 3",
                "INSERT INTO fj_b VALUES (3, 7)",
                "UPDATE fj_b SET x = NULL WHERE id = 2");
        byKeys("full_join");
        assertThat(rows("full_join")).hasSize(5);
    }

    @Test
    void existsCountsARowOnce() throws Exception {
        execute(
                "CREATE TABLE ex_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE ex_d (id int PRIMARY KEY, m int)",
                "ALTER TABLE ex_d REPLICA IDENTITY FULL",
                "INSERT INTO ex_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO ex_d VALUES (1, 1), (2, 1)");
        view("exist", "SELECT v FROM ex_m m WHERE EXISTS (SELECT FROM ex_d d WHERE d.m = m.id)");
        execute("DELETE FROM ex_d WHERE id = 1");
        assertThat(byKeys("exist")).isZero();
        execute("UPDATE ex_d SET m = 2");
        assertThat(byKeys("exist")).isEqualTo(2);
        assertThat(rows("exist")).containsExactly("(b)");
        execute("INSERT INTO ex_d VALUES (3, NULL)");
        assertThat(byKeys("exist")).isZero();
    }

    @Test
    void aSubQueryWhoseColumnAMapHolds() throws Exception {
        execute(
                "CREATE TABLE kl_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE kl_d (id int PRIMARY KEY, m int)",
                "INSERT INTO kl_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO kl_d VALUES (1, 1)");
        view("key_alone", "SELECT v, (SELECT count(*) FROM kl_d d WHERE d.m = m.id) AS n FROM kl_m m");
        execute("UPDATE kl_d SET m = 2");
        assertThat(byKeys("key_alone")).isEqualTo(2);
        execute("UPDATE kl_d SET id = 5, m = 1", "INSERT INTO kl_d VALUES (6, NULL), (7, 2), (8, 2)");
        assertThat(byKeys("key_alone")).isEqualTo(2);
        execute("DELETE FROM kl_d WHERE id IN (5, 7)", "UPDATE kl_d SET m = NULL WHERE id = 8");
        assertThat(byKeys("key_alone")).isEqualTo(2);
        assertThat(rows("key_alone")).containsExactly("(a,0)", "(b,0)");
        execute("TRUNCATE kl_d", "INSERT INTO kl_d VALUES (9, 2)");
        everything("key_alone");
        execute("DELETE FROM kl_d");
        assertThat(byKeys("key_alone")).as("the map was recomputed too").isEqualTo(1);
        // From now on the log tells the value; the map stays, and stays right.
        execute("INSERT INTO kl_d VALUES (1, 1)", "ALTER TABLE kl_d REPLICA IDENTITY FULL");
        byKeys("key_alone");
        execute("UPDATE kl_d SET m = 2");
        assertThat(byKeys("key_alone")).isEqualTo(2);
        execute("UPDATE kl_m SET v = 'c' WHERE id = 1");
        assertThat(byKeys("key_alone")).isEqualTo(1);
    }

    /** T is the table of the view, A refers to it, and B stands behind A and shows nothing of T. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "WHERE EXISTS (SELECT FROM A JOIN B ON B.id = A.b_id WHERE A.t_id = T.id AND B.active)",
                "WHERE NOT EXISTS (SELECT FROM A LEFT JOIN B ON B.id = A.b_id WHERE A.t_id = T.id AND B.active IS NOT TRUE)",
                "WHERE T.id IN (SELECT A.t_id FROM A JOIN B ON B.id = A.b_id WHERE B.active)",
                "WHERE (SELECT count(*) FROM A JOIN B ON B.id = A.b_id AND B.active WHERE A.t_id = T.id) = 0",
                "WHERE EXISTS (SELECT FROM A WHERE A.t_id = T.id AND NOT EXISTS (SELECT FROM B WHERE B.id = A.b_id AND B.active))",
                "WHERE EXISTS (SELECT FROM A WHERE A.t_id = T.id AND A.b_id IN (SELECT B.id FROM B WHERE B.active))",
                "WHERE EXISTS (SELECT FROM AB WHERE AB.t_id = T.id)",
                "WHERE EXISTS (SELECT A.t_id FROM A WHERE A.t_id = 3 AND A.t_id = T.id UNION SELECT AB.t_id FROM AB WHERE AB.t_id = T.id)",
                "LEFT JOIN (A JOIN B ON B.id = A.b_id) ON A.t_id = T.id WHERE B.active IS NOT TRUE",
                "LEFT JOIN (SELECT AB.t_id FROM AB) S ON S.t_id = T.id WHERE S.t_id IS NULL",
                "LEFT JOIN A ON A.t_id = T.id AND EXISTS (SELECT FROM B WHERE B.id = A.b_id AND B.active) WHERE A.id IS NULL",
            })
    void aTableThatLeadsThroughAnotherOne(String joined) throws Exception {
        String p = "through" + THROUGH.incrementAndGet() + "_";
        through(
                p,
                "CREATE TABLE T (id int PRIMARY KEY, v text)",
                "CREATE TABLE A (id int PRIMARY KEY, t_id bigint, b_id int)",
                "ALTER TABLE A REPLICA IDENTITY FULL",
                "CREATE TABLE B (id int PRIMARY KEY, active boolean)",
                "CREATE VIEW AB AS SELECT A.t_id FROM A JOIN B ON B.id = A.b_id AND B.active",
                "INSERT INTO T VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO A VALUES (21, 1, 11), (22, 2, 12)",
                "INSERT INTO B VALUES (11, true), (12, false)");
        view(p + "view", named(p, "SELECT T.v FROM T " + joined));
        through(p, "UPDATE B SET active = false WHERE id = 11");
        assertThat(byKeys(p + "view")).as("the state of B").isEqualTo(1);
        through(p, "UPDATE B SET id = 13, active = true WHERE id = 12");
        byKeys(p + "view");
        through(p, "UPDATE B SET id = 12 WHERE id = 13");
        assertThat(byKeys(p + "view")).as("the key of B").isEqualTo(1);
        through(p, "UPDATE A SET t_id = 3 WHERE id = 22", "UPDATE B SET active = NOT active");
        assertThat(byKeys(p + "view")).as("both in one round").isPositive();
        through(p, "BEGIN; DELETE FROM B; DELETE FROM A; COMMIT");
        assertThat(byKeys(p + "view")).as("both deleted").isPositive();
        through(p, "INSERT INTO B VALUES (14, true), (15, false)", "INSERT INTO A VALUES (24, 2, 14), (25, 3, 15)");
        assertThat(byKeys(p + "view")).as("both inserted").isPositive();
    }

    private static final AtomicInteger THROUGH = new AtomicInteger();

    private static void through(String prefix, String... sql) throws Exception {
        execute(Stream.of(sql).map(one -> named(prefix, one)).toArray(String[]::new));
    }

    private static String named(String prefix, String sql) {
        return sql.replaceAll("\\b(T|AB?|B)\\b", prefix + "$1");
    }

    /** The rows of a table that lead on need not be found in the log where they have not changed. */
    @Test
    void aTableInBetweenWhoseOldValuesTheLogDoesNotHold() throws Exception {
        execute(
                "CREATE TABLE ib_t (id int PRIMARY KEY, v text)",
                "CREATE TABLE ib_a (id int PRIMARY KEY, t_id int, b_id int)",
                "CREATE TABLE ib_b (id int PRIMARY KEY, active boolean)",
                "INSERT INTO ib_t VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO ib_a VALUES (1, 1, 7)",
                "INSERT INTO ib_b VALUES (7, true)");
        view(
                "in_between",
                "SELECT v FROM ib_t t WHERE EXISTS (SELECT FROM ib_a a JOIN ib_b b ON b.id = a.b_id WHERE a.t_id = t.id AND b.active)");
        execute("UPDATE ib_b SET active = false");
        assertThat(byKeys("in_between")).isEqualTo(1);
        execute("UPDATE ib_a SET t_id = 2", "UPDATE ib_b SET active = true");
        assertThat(byKeys("in_between")).isEqualTo(1);
        assertThat(rows("in_between")).containsExactly("(b)");
    }

    /** If both changed in one round, neither would find by the other the row that the two of them led to before. A map tells it. */
    @Test
    void twoTablesThatWouldFindTheirRowsByEachOther() throws Exception {
        execute(
                "CREATE TABLE eo_t (id int PRIMARY KEY, v text)",
                "CREATE TABLE eo_a (id int PRIMARY KEY, t_id int)",
                "CREATE TABLE eo_b (id int PRIMARY KEY, t_id int)",
                "INSERT INTO eo_t VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO eo_a VALUES (1, 1)",
                "INSERT INTO eo_b VALUES (1, 1)");
        view(
                "each_other",
                "SELECT v FROM eo_t t WHERE EXISTS (SELECT FROM eo_a a JOIN eo_b b ON b.id = a.id"
                        + " WHERE a.t_id = t.id AND b.t_id = t.id)");
        execute("UPDATE eo_b SET t_id = NULL");
        assertThat(byKeys("each_other")).isEqualTo(1);
        execute("UPDATE eo_b SET t_id = 1", "UPDATE eo_a SET t_id = 2");
        byKeys("each_other");
        execute("UPDATE eo_a SET t_id = 1");
        assertThat(byKeys("each_other")).isEqualTo(1);
        execute("UPDATE eo_a SET t_id = 2", "UPDATE eo_b SET t_id = 2");
        assertThat(byKeys("each_other")).isEqualTo(2);
        assertThat(rows("each_other")).containsExactly("(b)");
    }

    @Test
    void valuesOfAWiderTypeThatNoKeyCanHave() throws Exception {
        execute(
                "CREATE TABLE wide_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE wide_d (id int PRIMARY KEY, m bigint)",
                "ALTER TABLE wide_d REPLICA IDENTITY FULL",
                "INSERT INTO wide_m VALUES (1, 'a')");
        view("wide", "SELECT v FROM wide_m m WHERE NOT EXISTS (SELECT FROM wide_d d WHERE d.m = m.id)");
        execute("INSERT INTO wide_d VALUES (1, 5000000000), (2, 1)");
        assertThat(byKeys("wide")).isEqualTo(1);
    }

    @Test
    void notInWithNull() throws Exception {
        execute(
                "CREATE TABLE ni_m (id int PRIMARY KEY, x int)",
                "CREATE TABLE ni_d (id int PRIMARY KEY, x int)",
                "ALTER TABLE ni_d REPLICA IDENTITY FULL",
                "INSERT INTO ni_m VALUES (1, 1), (2, NULL)",
                "INSERT INTO ni_d VALUES (7, 7)");
        view("not_in", "SELECT id FROM ni_m WHERE x NOT IN (SELECT x FROM ni_d)");
        assertThat(rows("not_in")).containsExactly("(1)");
        execute("INSERT INTO ni_d VALUES (8, NULL)");
        everything("not_in");
        assertThat(rows("not_in")).isEmpty();
        view("not_in_keys", "SELECT id FROM ni_m WHERE id NOT IN (SELECT id FROM ni_d)");
        execute("INSERT INTO ni_d VALUES (1, 1)");
        assertThat(byKeys("not_in_keys")).isEqualTo(1);
    }

    @Test
    void aSavepointThatWasRolledBackLeavesNothing() throws Exception {
        execute("CREATE TABLE saved (id int PRIMARY KEY, v text)", "INSERT INTO saved VALUES (1, 'a'), (2, 'b')");
        view("saves", "SELECT v FROM saved");
        execute("BEGIN; UPDATE saved SET v = 'x' WHERE id = 1; SAVEPOINT s; DELETE FROM saved; ROLLBACK TO s; COMMIT");
        assertThat(byKeys("saves")).isEqualTo(1);
        assertThat(rows("saves")).containsExactly("(b)", "(x)");
    }

    @Test
    void primaryKeysThatAreExchanged() throws Exception {
        execute(
                "CREATE TABLE ke_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE ke_d (id int PRIMARY KEY, m int, v text)",
                "INSERT INTO ke_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO ke_d VALUES (1, 1, 'x'), (2, 2, 'y')");
        view("exchanged", "SELECT m.v, d.v AS w FROM ke_m m LEFT JOIN ke_d d ON d.m = m.id");
        execute(
                "UPDATE ke_m SET id = 9 WHERE id = 1",
                "UPDATE ke_m SET id = 1 WHERE id = 2",
                "UPDATE ke_m SET id = 2 WHERE id = 9",
                "UPDATE ke_d SET id = id + 10");
        byKeys("exchanged");
        assertThat(rows("exchanged")).containsExactly("(a,y)", "(b,x)");
    }

    @Test
    void parentAndChildrenDeletedByACascade() throws Exception {
        execute(
                "CREATE TABLE ca_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE ca_d (id int PRIMARY KEY, m int REFERENCES ca_m ON DELETE CASCADE)",
                "INSERT INTO ca_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO ca_d VALUES (1, 1), (2, 1), (3, 2)");
        view("cascade", "SELECT m.v, d.id AS d FROM ca_m m JOIN ca_d d ON d.m = m.id");
        execute("DELETE FROM ca_m WHERE id = 1");
        assertThat(byKeys("cascade")).isEqualTo(2);
    }

    @Test
    void theKeyFalse() throws Exception {
        execute(
                "CREATE TABLE flags (id boolean PRIMARY KEY, v text)",
                "INSERT INTO flags VALUES (false, 'a'), (true, 'b')");
        view("falses", "SELECT v FROM flags");
        execute("UPDATE flags SET v = 'c' WHERE NOT id");
        assertThat(byKeys("falses")).isEqualTo(1);
        execute("DELETE FROM flags WHERE NOT id");
        assertThat(byKeys("falses")).isEqualTo(1);
        assertThat(rows("falses")).containsExactly("(b)");
    }

    /** Rows without a match have NULL where others have the key by which changes are found. */
    @Test
    void rowsWithNullInAHiddenKeyAreNotAddedTwice() throws Exception {
        execute(
                "CREATE TABLE nk_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE nk_d (id int PRIMARY KEY, m int)",
                "INSERT INTO nk_m VALUES (1, 'same'), (2, 'same'), (3, 'same')",
                "INSERT INTO nk_d VALUES (1, NULL)");
        view("null_keys", "SELECT m.v, d.m AS dm FROM nk_m m LEFT JOIN nk_d d ON d.m = m.id");
        for (String m : List.of("1", "NULL", "2", "2", "NULL")) {
            execute("UPDATE nk_d SET m = " + m);
            byKeys("null_keys");
            assertThat(rows("null_keys")).hasSize(3);
        }
    }

    /** A tool that does not know the key of the joined table leaves the rows of its former matches behind. */
    @Test
    void aSubSelectThatDoesNotShowTheKeyOfTheJoinedTable() throws Exception {
        execute(
                "CREATE TABLE ph_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE ph_d (id int PRIMARY KEY, m int, v text)",
                "INSERT INTO ph_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO ph_d VALUES (1, 1, 'x'), (2, 1, 'x')");
        view(
                "phantoms",
                "SELECT m.v, s.v AS w FROM ph_m m LEFT JOIN (SELECT m, v FROM ph_d WHERE v <> 'z') s ON s.m = m.id");
        execute("UPDATE ph_d SET m = 2 WHERE id = 1", "UPDATE ph_d SET v = 'y' WHERE id = 2");
        byKeys("phantoms");
        assertThat(rows("phantoms")).containsExactly("(a,y)", "(b,x)");
        execute("DELETE FROM ph_d");
        byKeys("phantoms");
        assertThat(rows("phantoms")).containsExactly("(a,)", "(b,)");
    }

    @Test
    void aPlainViewThatDoesNotShowTheKeyIsFollowedByTheValueThatJoins() throws Exception {
        execute(
                "CREATE TABLE pv_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE pv_d (m int, v text)",
                "ALTER TABLE pv_d REPLICA IDENTITY FULL",
                "CREATE VIEW pv AS SELECT upper(v) AS v, m FROM pv_d",
                "INSERT INTO pv_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO pv_d VALUES (1, 'x'), (1, 'x')");
        view("plain", "SELECT m.v, p.v AS w FROM pv_m m LEFT JOIN pv p ON p.m = m.id");
        execute("DELETE FROM pv_d WHERE ctid = (SELECT min(ctid) FROM pv_d)");
        assertThat(byKeys("plain")).isEqualTo(1);
        execute("UPDATE pv_d SET m = 2");
        byKeys("plain");
        assertThat(rows("plain")).containsExactly("(a,)", "(b,X)");
    }

    @Test
    void valuesThatAreKeptOutOfLine() throws Exception {
        execute(
                "CREATE TABLE toasted (id int PRIMARY KEY, big text, v int)",
                "ALTER TABLE toasted ALTER COLUMN big SET STORAGE EXTERNAL",
                "INSERT INTO toasted VALUES (1, repeat('x', 3000), 1), (2, 'short', 2)",
                "CREATE TABLE to_m (id int PRIMARY KEY, big text)",
                "INSERT INTO to_m VALUES (1, repeat('x', 3000)), (2, 'short')");
        view("toast", "SELECT big, v FROM toasted");
        execute("UPDATE toasted SET v = 5 WHERE id = 1");
        assertThat(byKeys("toast")).isEqualTo(1);
        execute("ALTER TABLE toasted REPLICA IDENTITY FULL");
        view(
                "toast_exists",
                "SELECT m.id FROM to_m m WHERE EXISTS (SELECT FROM toasted t WHERE t.big = m.big AND t.v > 1)");
        execute("UPDATE toasted SET v = 0 WHERE id = 2");
        assertThat(byKeys("toast_exists")).isEqualTo(1);
        execute("UPDATE toasted SET v = 0 WHERE id = 1"); // too long to be remembered
        everything("toast_exists");
        assertThat(rows("toast_exists")).isEmpty();
    }

    @Test
    void rowsWithoutAMatchAreFoundByTheValueThatWouldJoin() throws Exception {
        execute(
                "CREATE TABLE aj_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE aj_d (id int PRIMARY KEY, m int)",
                "ALTER TABLE aj_d REPLICA IDENTITY FULL",
                "INSERT INTO aj_m VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO aj_d VALUES (1, 1)");
        view("anti", "SELECT m.v FROM aj_m m LEFT JOIN aj_d d ON d.m = m.id WHERE d.id IS NULL");
        execute("UPDATE aj_d SET m = 2");
        assertThat(byKeys("anti")).isEqualTo(2);
        execute("DELETE FROM aj_d", "INSERT INTO aj_d VALUES (2, 1)");
        byKeys("anti");
        assertThat(rows("anti")).containsExactly("(b)");
    }

    /** By the costs of disks the planner would read the whole table to find the rows that are updated. */
    @Test
    void thousandsOfChangedRowsDoNotHaveTheWholeTableRead() throws Exception {
        execute(
                "CREATE TABLE of_pages (id int PRIMARY KEY, v text)",
                "INSERT INTO of_pages SELECT i, repeat('x', 50) FROM generate_series(1, 50000) i");
        view("shown_of_pages", "SELECT id, v FROM of_pages");
        execute(
                "CREATE UNIQUE INDEX ON refreshd_store.shown_of_pages (id)",
                "VACUUM ANALYZE of_pages",
                "VACUUM ANALYZE refreshd_store.shown_of_pages");
        List<List<String>> keys = IntStream.rangeClosed(1, 2000)
                .mapToObj(i -> List.of(Integer.toString(i * 25)))
                .toList();
        try (Handle handle = fixture.database.open()) {
            String difference = new RoundSql(StoreLayout.read(handle, fixture.oid("shown_of_pages"))
                            .orElseThrow())
                    .differenceToPlan(keys);
            handle.useTransaction(transaction -> {
                transaction.execute(PageCosts.IN_MEMORY);
                assertThat(transaction
                                .select("EXPLAIN " + difference)
                                .mapTo(String.class)
                                .list())
                        .noneMatch(line -> line.contains("Seq Scan"));
            });
        }
    }
}
