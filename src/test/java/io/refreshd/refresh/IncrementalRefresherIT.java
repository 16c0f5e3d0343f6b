package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.ledger.DirtyMarks;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Failure;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.testing.TaskBuilder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rounds of incremental views, each case with tables and a view of its own in one database. */
class IncrementalRefresherIT {
    private static IncrementalFixture fixture;

    @BeforeAll
    static void prepare() throws Exception {
        fixture = new IncrementalFixture();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.close();
    }

    private static void execute(String... sql) throws Exception {
        fixture.database.execute(sql);
    }

    private static List<String> rows(String view) throws Exception {
        return fixture.database.query("SELECT x::text FROM public." + view + " x ORDER BY x::text");
    }

    /** Tables m (id, v) and d (id, m, v), and a view of m LEFT JOIN d that hides both keys. */
    private static void mainAndDetails(String name) throws Exception {
        execute(
                "CREATE TABLE " + name + "_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE " + name + "_d (id int PRIMARY KEY, m int, v text)",
                "CREATE INDEX ON " + name + "_d (m)",
                "INSERT INTO " + name + "_m SELECT i, 'm' || i FROM generate_series(1, 5) i",
                "INSERT INTO " + name + "_d SELECT i, i % 3 + 1, 'd' || i FROM generate_series(1, 6) i");
        fixture.view(
                name,
                "SELECT m.id AS refreshd_1, d.id AS refreshd_2, m.v, d.v AS dv FROM " + name + "_m m LEFT JOIN " + name
                        + "_d d ON d.m = m.id",
                2,
                List.of(1));
    }

    @Test
    void rowsThatChangedAreRecomputedAndTheHistorySaysHowMany() throws Exception {
        mainAndDetails("seen");
        execute("UPDATE seen_d SET v = 'new' WHERE id = 1", "INSERT INTO seen_m VALUES (9, 'm9')");
        assertThat(fixture.changed("seen", fixture.lookup("seen", "2", "1"), fixture.lookup("seen", "1", "9")))
                .isEqualTo(2);
        assertThat(fixture.differs("seen")).isFalse();
        assertThat(fixture.history("seen")).containsExactly("incremental refreshed 2 2 keys recomputed");
        assertThat(ViewRows.load(fixture.handle)
                        .get(new ViewId("public", "seen"))
                        .entry()
                        .dirty())
                .isFalse();
    }

    @Test
    void whatIsNotAmongTheKeysIsLeftAlone() throws Exception {
        mainAndDetails("apart");
        execute("UPDATE apart_m SET v = 'unread'");
        fixture.changed("apart", fixture.lookup("apart", "1", "2"));
        assertThat(fixture.database.query("SELECT count(*) FROM public.apart WHERE v = 'unread'"))
                .containsExactly("2");
    }

    @Test
    void aNewMatchTakesTheRowWithNullsAwayAndItsEndBringsItBack() throws Exception {
        mainAndDetails("matched");
        execute("INSERT INTO matched_d VALUES (7, 4, 'd7')");
        fixture.changed("matched", fixture.lookup("matched", "2", "7"));
        assertThat(rows("matched")).contains("(m4,d7)").doesNotContain("(m4,)");
        execute("DELETE FROM matched_d WHERE id = 7");
        fixture.changed("matched", fixture.lookup("matched", "2", "7"));
        assertThat(rows("matched")).contains("(m4,)").doesNotContain("(m4,d7)");
    }

    @Test
    void severalOuterJoinsWithNullJoinColumns() throws Exception {
        execute(
                "CREATE TABLE nj_a (id int PRIMARY KEY, b int)",
                "CREATE TABLE nj_b (id int PRIMARY KEY, c int)",
                "CREATE TABLE nj_c (id int PRIMARY KEY, x int, v text)",
                "INSERT INTO nj_a VALUES (1, 1), (2, 2), (3, NULL)",
                "INSERT INTO nj_b VALUES (1, NULL), (2, 2)",
                "INSERT INTO nj_c VALUES (1, NULL, 'n'), (2, 2, 'c2')");
        fixture.view(
                "nj",
                "SELECT a.id AS refreshd_1, b.id AS refreshd_2, c.id AS refreshd_3, c.v FROM nj_a a LEFT JOIN nj_b b ON b.id = a.b"
                        + " LEFT JOIN nj_c c ON c.x = b.c",
                3,
                List.of(1));
        execute("UPDATE nj_b SET c = 2 WHERE id = 1", "UPDATE nj_c SET x = 5 WHERE id = 2");
        fixture.changed("nj", fixture.lookup("nj", "2", "1"), fixture.lookup("nj", "3", "2"));
        assertThat(fixture.differs("nj")).isFalse();
        execute("UPDATE nj_b SET c = 5", "UPDATE nj_a SET b = NULL WHERE id = 2");
        fixture.changed("nj", fixture.lookup("nj", "2", "1", "2"), fixture.lookup("nj", "1", "2"));
        assertThat(fixture.differs("nj")).isFalse();
    }

    @Test
    void ofEqualRowsAsManyAreKeptAsTheDefinitionHas() throws Exception {
        execute("CREATE TABLE twins_m (id int PRIMARY KEY)", "CREATE TABLE twins_d (m int, v text)");
        execute(
                "INSERT INTO twins_m VALUES (1), (2)",
                "INSERT INTO twins_d VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, 'x')");
        fixture.view(
                "twins", "SELECT m.id AS refreshd_1, d.v FROM twins_m m JOIN twins_d d ON d.m = m.id", 1, List.of(1));
        execute("DELETE FROM twins_d WHERE ctid = (SELECT min(ctid) FROM twins_d)");
        assertThat(fixture.changed("twins")).isEqualTo(1);
        assertThat(rows("twins")).containsExactly("(x)", "(x)", "(x)");
        execute("INSERT INTO twins_d VALUES (1, 'x'), (1, 'x')");
        assertThat(fixture.changed("twins", fixture.lookup("twins", "1", "1"))).isEqualTo(2);
        assertThat(rows("twins")).hasSize(5);
    }

    @Test
    void renameOnOneSideAndDeleteOnTheOtherInOneRound() throws Exception {
        mainAndDetails("both");
        execute("UPDATE both_m SET v = 'renamed' WHERE id = 2", "DELETE FROM both_d WHERE id = 1");
        fixture.changed("both", fixture.lookup("both", "1", "2"), fixture.lookup("both", "2", "1"));
        assertThat(fixture.differs("both")).isFalse();
    }

    @Test
    void aRowThatATriggerUpdatesInTheStatementThatInsertsIt() throws Exception {
        mainAndDetails("triggered");
        execute(
                "CREATE FUNCTION triggered_again() RETURNS trigger LANGUAGE plpgsql AS"
                        + " 'BEGIN UPDATE triggered_d SET v = v || ''!'' WHERE id = NEW.id; RETURN NULL; END'",
                "CREATE TRIGGER again AFTER INSERT ON triggered_d FOR EACH ROW EXECUTE FUNCTION triggered_again()",
                "INSERT INTO triggered_d VALUES (7, 1, 'd7')");
        fixture.changed("triggered", fixture.lookup("triggered", "2", "7"));
        assertThat(rows("triggered")).contains("(m1,d7!)");
    }

    @Test
    void aPrimaryKeyThatIsUpdated() throws Exception {
        mainAndDetails("moved");
        execute("UPDATE moved_m SET id = 10 WHERE id = 2", "UPDATE moved_d SET id = 20 WHERE id = 3");
        fixture.changed("moved", fixture.lookup("moved", "1", "2", "10"), fixture.lookup("moved", "2", "3", "20"));
        assertThat(fixture.differs("moved")).isFalse();
    }

    @Test
    void parentAndChildDeletedTogether() throws Exception {
        mainAndDetails("orphans");
        execute("DELETE FROM orphans_d WHERE m = 2", "DELETE FROM orphans_m WHERE id = 2");
        fixture.changed("orphans", fixture.lookup("orphans", "1", "2"), fixture.lookup("orphans", "2", "1", "4"));
        assertThat(fixture.differs("orphans")).isFalse();
    }

    @Test
    void aRoundWithoutEffectWritesNoRow() throws Exception {
        mainAndDetails("still");
        execute("DELETE FROM still_d WHERE id = 3", "INSERT INTO still_d VALUES (3, 1, 'd3')");
        List<String> before = fixture.database.query("SELECT ctid::text || xmin::text FROM refreshd_store.still");
        assertThat(fixture.changed("still", fixture.lookup("still", "2", "3"), fixture.lookup("still", "1", "1", "2")))
                .isZero();
        assertThat(fixture.changed("still")).isZero();
        assertThat(fixture.database.query("SELECT ctid::text || xmin::text FROM refreshd_store.still"))
                .isEqualTo(before);
        assertThat(
                        fixture.database.query(
                                "SELECT n_tup_upd + n_tup_del FROM pg_stat_all_tables WHERE relid = 'refreshd_store.still'::regclass"))
                .containsExactly("0");
    }

    @Test
    void aRowThatDiffersInColumnsWithoutAnIndexIsUpdatedInPlace() throws Exception {
        mainAndDetails("place");
        execute("UPDATE place_d SET v = 'other' WHERE id = 3");
        assertThat(fixture.changed("place", fixture.lookup("place", "2", "3"))).isEqualTo(1);
        execute("UPDATE place_d SET m = 2 WHERE id = 3");
        assertThat(fixture.changed("place", fixture.lookup("place", "2", "3"))).isEqualTo(2);
        assertThat(fixture.differs("place")).isFalse();
    }

    /** To update the rows one by one would fail: the first of them would have the value of the second. */
    @Test
    void rowsThatSwapValuesUnderAUniqueIndex() throws Exception {
        mainAndDetails("swapped");
        execute(
                "CREATE UNIQUE INDEX ON refreshd_store.swapped (dv)",
                "UPDATE swapped_d SET v = CASE id WHEN 1 THEN 'd2' WHEN 2 THEN 'd3' ELSE 'd1' END WHERE id < 4");
        fixture.changed("swapped", fixture.lookup("swapped", "2", "1", "2", "3"));
        assertThat(fixture.differs("swapped")).isFalse();
    }

    @Test
    void rowsThatSwapValuesUnderAUniqueIndexOnAnExpression() throws Exception {
        mainAndDetails("lowered");
        execute(
                "CREATE UNIQUE INDEX ON refreshd_store.lowered (lower(dv))",
                "UPDATE lowered_d SET v = CASE id WHEN 1 THEN 'D2' ELSE 'D1' END WHERE id < 3");
        fixture.changed("lowered", fixture.lookup("lowered", "2", "1", "2"));
        assertThat(fixture.differs("lowered")).isFalse();
    }

    /** A round begins with the names and columns that the last one found, and compares them in its snapshot. */
    @Test
    void whatWasAlteredSinceTheLastRoundIsNoticed() throws Exception {
        mainAndDetails("altered");
        KeyLookup keys = fixture.lookup("altered", "1", "4", "5");
        execute("UPDATE altered_m SET v = 'other' WHERE id = 4");
        assertThat(fixture.changed("altered", keys)).isEqualTo(1);
        // Rows that swap values of an indexed column are deleted and inserted.
        execute(
                "CREATE UNIQUE INDEX ON refreshd_store.altered (v) WHERE refreshd_2 IS NULL",
                "UPDATE altered_m SET v = CASE id WHEN 4 THEN 'm5' ELSE 'other' END WHERE id IN (4, 5)");
        assertThat(fixture.changed("altered", keys)).isEqualTo(4);
        execute(
                "ALTER TABLE refreshd_store.altered RENAME TO altered_renamed",
                "UPDATE altered_m SET v = 'third' WHERE id = 4");
        assertThat(fixture.changed("altered", keys)).isEqualTo(2);
        assertThat(rows("altered")).contains("(third,)", "(other,)").doesNotContain("(m5,)");
    }

    @Test
    void rowsThatViolateAUniqueIndexAreAFailureOfTheViewAndNothingIsLost() throws Exception {
        mainAndDetails("violated");
        execute(
                "CREATE UNIQUE INDEX ON refreshd_store.violated (dv)",
                "UPDATE violated_d SET v = 'secret' WHERE id < 3");
        KeyLookup lookup = fixture.lookup("violated", "2", "1", "2");
        assertThat(fixture.round("violated", lookup)).isInstanceOfSatisfying(RefreshOutcome.Failed.class, failed -> {
            Failure failure = failed.failure();
            assertThat(failure.sqlState()).isEqualTo("23505");
            assertThat(failure.isOfData()).isTrue();
            assertThat(failure.what() + failure.remedy())
                    .contains("the refresh of public.violated failed")
                    .contains("make the rows of the view unique")
                    .doesNotContain("secret");
            assertThat(failure.said().text()).contains("secret");
        });
        assertThat(fixture.history("violated")).singleElement().asString().startsWith("incremental failed");
        assertThat(rows("violated")).contains("(m2,d1)");
        execute("UPDATE violated_d SET v = 'd2' WHERE id = 2");
        fixture.changed("violated", lookup);
        assertThat(fixture.differs("violated")).isFalse();
    }

    @Test
    void valuesThatAreEqualAndNotTheSame() throws Exception {
        execute(
                "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "CREATE TABLE images (id int PRIMARY KEY, n numeric, f float8, t text COLLATE loose, d date, j json, p point)",
                "INSERT INTO images VALUES (1, 1.0, '-0', 'a', '0044-03-15 BC', '{}', '(1,2)'),"
                        + " (2, 'NaN', 'NaN', 'b', 'infinity', '[1]', NULL)");
        fixture.view("same", "SELECT id AS refreshd_1, n, f, t, d, j, p FROM images WHERE n <> 7", 1, List.of(1));
        assertThat(fixture.changed("same", fixture.lookup("same", "1", "1", "2")))
                .isZero();
        execute("UPDATE images SET n = 1.00, f = 0, t = 'A', j = '{ }' WHERE id = 1");
        assertThat(fixture.changed("same", fixture.lookup("same", "1", "1", "2")))
                .isEqualTo(1);
        assertThat(fixture.differs("same")).isFalse();
        assertThat(fixture.changed("same")).isZero();
    }

    @Test
    void keysThatAreHardToWrite() throws Exception {
        execute(
                "CREATE TABLE words (id text PRIMARY KEY, v int)",
                "INSERT INTO words VALUES ('it''s', 1), ('b\\c', 1), ('{\"q\",}', 1), ('', 1), ('NULL', 1), ('false', 1)",
                "CREATE TABLE truths (id boolean PRIMARY KEY, w text, v int)",
                "INSERT INTO truths VALUES (false, 'b\\c', 1), (true, '{\"q\",}', 1)");
        fixture.view(
                "hard",
                "SELECT w.id AS refreshd_1, t.id AS refreshd_2, w.v, t.v AS tv FROM words w LEFT JOIN truths t ON t.w = w.id",
                2,
                List.of(1));
        execute("UPDATE words SET v = 2", "UPDATE truths SET v = 2");
        fixture.changed(
                "hard",
                fixture.lookup("hard", "1", "it's", "", "NULL", "false"),
                fixture.lookup("hard", "2", "f", "t"));
        assertThat(fixture.differs("hard")).isFalse();
    }

    @Test
    void aTableThatIsReadTwice() throws Exception {
        execute(
                "CREATE TABLE people (id int PRIMARY KEY, boss int, v text)",
                "INSERT INTO people VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 1, 'c')");
        fixture.view(
                "bosses",
                "SELECT p.id AS refreshd_1, b.id AS refreshd_2, p.v, b.v AS boss FROM people p LEFT JOIN people b ON b.id = p.boss",
                2,
                List.of(1));
        execute("UPDATE people SET v = 'new', boss = 3 WHERE id = 1");
        fixture.changed("bosses", fixture.lookup("bosses", "1", "1"), fixture.lookup("bosses", "2", "1"));
        assertThat(fixture.differs("bosses")).isFalse();
    }

    @Test
    void keysOfSeveralColumns() throws Exception {
        execute(
                "CREATE TABLE pairs (a int, b text, v int, PRIMARY KEY (a, b))",
                "INSERT INTO pairs SELECT i / 3, 'x' || i, i FROM generate_series(1, 9) i");
        fixture.view("paired", "SELECT a AS refreshd_1, b AS refreshd_2, v FROM pairs", 2, List.of(1, 2));
        execute("UPDATE pairs SET v = 100", "DELETE FROM pairs WHERE b = 'x4'");
        assertThat(fixture.changed("paired", fixture.lookup("paired", "1,2", "0 x1", "1 x4", "2 x1")))
                .isEqualTo(2);
        assertThat(rows("paired")).contains("(100)").hasSize(8);
        // The parts in another order are looked up.
        fixture.changed("paired", fixture.lookup("paired", "2,1", "x2 0"));
        assertThat(fixture.database.query("SELECT count(*) FROM public.paired WHERE v = 100"))
                .containsExactly("2");
    }

    @Test
    void rowsThatMoveBetweenPartitions() throws Exception {
        execute(
                "CREATE TABLE parts (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY LIST (day)",
                "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0)",
                "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)",
                "INSERT INTO parts VALUES (1, 0, 'a'), (2, 1, 'b')");
        fixture.view("parted", "SELECT id AS refreshd_1, day AS refreshd_2, v FROM parts", 2, List.of(1, 2));
        execute("UPDATE parts SET day = 1 WHERE id = 1");
        assertThat(fixture.changed("parted", fixture.lookup("parted", "1,2", "1 0", "1 1")))
                .isEqualTo(2);
        assertThat(fixture.differs("parted")).isFalse();
    }

    @Test
    void truncatedAndFilledInOneTransaction() throws Exception {
        mainAndDetails("emptied");
        execute(
                "BEGIN; INSERT INTO emptied_d VALUES (8, 1, 'gone'); TRUNCATE emptied_d; INSERT INTO emptied_d VALUES (9, 1, 'd9'); COMMIT");
        fixture.changed("emptied");
        assertThat(fixture.differs("emptied")).isFalse();
        assertThat(fixture.lastDetail("emptied")).startsWith("everything recomputed: not every change has a key");
    }

    /** To a transaction with an older snapshot a truncated table is empty: the view would be of no moment at all. */
    @Test
    void noTableCanBeTruncatedBetweenSnapshotAndStatement() throws Exception {
        mainAndDetails("kept");
        execute("UPDATE kept_m SET v = 'new' WHERE id = 1");
        RefreshOutcome outcome = fixture.refresher.refresh(
                fixture.task("kept", Set.of(), List.of(fixture.lookup("kept", "1", "1"))), position -> {
                    assertThat(sqlState("SET lock_timeout = '10ms'; TRUNCATE kept_d"))
                            .isEqualTo("55P03");
                    return Optional.of(List.of());
                });
        assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
    }

    private static String sqlState(String sql) {
        try (Connection other = fixture.database.connect();
                Statement statement = other.createStatement()) {
            statement.execute(sql);
            return "";
        } catch (SQLException e) {
            return e.getSQLState();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aChangeThatCameAfterTheTaskAndThatTheSnapshotSees() throws Exception {
        mainAndDetails("late");
        execute("UPDATE late_m SET v = 'early' WHERE id = 1", "UPDATE late_m SET v = 'later' WHERE id = 2");
        KeyLookup more = fixture.lookup("late", "1", "2");
        fixture.refresher.refresh(
                fixture.task("late", Set.of(), List.of(fixture.lookup("late", "1", "1"))),
                position -> Optional.of(List.of(more)));
        assertThat(fixture.differs("late")).isFalse();
    }

    @Test
    void ifTheKeysOfLaterChangesAreNotKnownEverythingIsRecomputed() throws Exception {
        mainAndDetails("unknown");
        execute("UPDATE unknown_m SET v = 'new'");
        fixture.refresher.refresh(
                fixture.task("unknown", Set.of(), List.of(fixture.lookup("unknown", "1", "1"))), LaterChanges.UNKNOWN);
        assertThat(fixture.differs("unknown")).isFalse();
        assertThat(fixture.lastDetail("unknown"))
                .isEqualTo("everything recomputed: the keys of changes that came meanwhile are not known");
    }

    @Test
    void doesNotBeginBeforeTheTransactionIsVisible() throws Exception {
        mainAndDetails("awaited");
        try (Connection open = fixture.database.connect();
                Statement statement = open.createStatement()) {
            open.setAutoCommit(false);
            Xid xid;
            try (var row = statement.executeQuery("SELECT pg_current_xact_id()::text")) {
                row.next();
                xid = new Xid(Long.parseLong(row.getString(1)));
            }
            RefreshTask task = fixture.task("awaited", Set.of(), List.of());
            assertThat(fixture.refresher.refresh(
                            new TaskBuilder(task.view(), task.oid(), task.method())
                                    .awaited(Xids.of(xid))
                                    .build(),
                            LaterChanges.UNKNOWN))
                    .isEqualTo(new RefreshOutcome.NotVisibleYet(xid));
        }
    }

    /** Capture marks the view while the round waits for the log to be read, and again and again. */
    @Test
    void marksDuringARoundDoNotEndIt() throws Exception {
        mainAndDetails("marked");
        ViewId view = new ViewId("public", "marked");
        for (int i = 0; i < 3; i++) {
            execute("UPDATE marked_m SET v = v || '.' WHERE id = 1");
            long number = 100 + i;
            RefreshOutcome outcome = fixture.refresher.refresh(
                    fixture.task("marked", Set.of(), List.of(fixture.lookup("marked", "1", "1"))), position -> {
                        mark(view, number);
                        return Optional.of(List.of());
                    });
            assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
        }
        assertThat(fixture.differs("marked")).isFalse();
        assertThat(ViewRows.load(fixture.handle).get(view).entry().dirty()).isTrue();
    }

    private static void mark(ViewId view, long number) {
        try {
            fixture.database
                    .jdbi()
                    .useHandle(handle -> DirtyMarks.write(
                            handle,
                            fixture.lease.token(),
                            number,
                            Map.of(view, Instant.EPOCH),
                            Set.of(),
                            io.refreshd.model.Lsn.ZERO,
                            Optional.empty()));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aReaderSeesTheOldRowsUntilTheRoundCommits() throws Exception {
        mainAndDetails("reading");
        execute("UPDATE reading_m SET v = 'new'");
        fixture.refresher.refresh(
                fixture.task("reading", Set.of(), List.of(fixture.lookup("reading", "1", "1", "2", "3", "4", "5"))),
                position -> {
                    try {
                        assertThat(rows("reading")).noneMatch(row -> row.contains("new"));
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                    return Optional.of(List.of());
                });
        assertThat(rows("reading")).allMatch(row -> row.contains("new"));
    }

    @Test
    void viewsThatReadItAreMarkedIfRowsChangedOrAnEarlierRoundMayNotHaveToldThem() throws Exception {
        mainAndDetails("base");
        mainAndDetails("above");
        Set<ViewId> above = Set.of(new ViewId("public", "above"));
        // Nothing is known of rounds before a start.
        assertThat(marks("base", above)).isTrue();
        assertThat(marks("base", above)).isFalse();
        execute("UPDATE base_m SET v = 'new' WHERE id = 1");
        assertThat(marks("base", above)).isTrue();
        assertThat(marks("base", above)).isFalse();

        // The rows are committed, and the ledger is not written, as in a crash between the two.
        execute("UPDATE base_m SET v = 'newer' WHERE id = 1");
        fixture.database.execute("UPDATE refreshd.view_state SET view_name = 'away' WHERE view_name = 'base'");
        assertThat(fixture.round("base", fixture.lookup("base", "1", "1"))).isInstanceOf(RefreshOutcome.Gone.class);
        fixture.database.execute("UPDATE refreshd.view_state SET view_name = 'base' WHERE view_name = 'away'");
        assertThat(fixture.differs("base")).isFalse();
        assertThat(marks("base", above)).isTrue();
    }

    private static boolean marks(String view, Set<ViewId> above) throws Exception {
        RefreshOutcome outcome = fixture.refresher.refresh(
                fixture.task(view, above, List.of(fixture.lookup(view, "1", "1"))), position -> Optional.of(List.of()));
        return ((RefreshOutcome.Refreshed) outcome).downstreamMarked();
    }

    @Test
    void codeOfOthersIsNotRunAndTheViewSaysSo() throws Exception {
        mainAndDetails("unsafe");
        execute(
                "CREATE ROLE mallory_of_rounds",
                "GRANT CREATE ON SCHEMA public TO mallory_of_rounds",
                "ALTER TABLE unsafe_d OWNER TO mallory_of_rounds",
                "GRANT SELECT ON unsafe_d TO postgres",
                "SET ROLE mallory_of_rounds; CREATE FUNCTION unsafe_act(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS"
                        + " 'BEGIN RETURN $1; END'; CREATE INDEX ON unsafe_d (unsafe_act(v)); RESET ROLE");
        try {
            execute("UPDATE unsafe_m SET v = 'new' WHERE id = 1");
            assertThat(fixture.round("unsafe", fixture.lookup("unsafe", "1", "1")))
                    .isInstanceOfSatisfying(RefreshOutcome.Failed.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(Failure.Kind.PERMANENT);
                        assertThat(failed.failure().what()).contains("unsafe_act");
                        assertThat(failed.failure().remedy().toString()).contains("refreshd resume public.unsafe");
                    });
            assertThat(rows("unsafe")).noneMatch(row -> row.contains("new"));
        } finally {
            execute("DROP OWNED BY mallory_of_rounds CASCADE", "DROP ROLE mallory_of_rounds");
        }
    }

    @Test
    void theDefinitionRunsUnderTheSettingsOfTheOwner() throws Exception {
        execute(
                "CREATE ROLE owner_of_rounds",
                "ALTER ROLE owner_of_rounds SET TimeZone = 'Asia/Tokyo'",
                "CREATE TABLE moments (id timestamptz PRIMARY KEY, v int)",
                "INSERT INTO moments VALUES ('2024-01-01 20:00+00', 1)");
        fixture.view("days", "SELECT id AS refreshd_1, id::date AS day, v FROM moments", 1, List.of(1));
        try {
            execute(
                    "ALTER VIEW public.days OWNER TO owner_of_rounds",
                    "GRANT SELECT ON refreshd_store.days, moments TO owner_of_rounds");
            fixture.changed("days");
            assertThat(rows("days")).containsExactly("(2024-01-02,1)");
            execute("UPDATE moments SET v = 2");
            fixture.changed("days", fixture.lookup("days", "1", "2024-01-01 20:00:00+00"));
            assertThat(rows("days")).containsExactly("(2024-01-02,2)");
            execute("ALTER ROLE owner_of_rounds SET DateStyle = 'German'", "UPDATE moments SET v = 3");
            fixture.changed("days", fixture.lookup("days", "1", "2024-01-01 20:00:00+00"));
            assertThat(rows("days")).containsExactly("(2024-01-02,3)");
            assertThat(fixture.lastDetail("days")).contains("DateStyle");
        } finally {
            execute(
                    "REASSIGN OWNED BY owner_of_rounds TO postgres",
                    "DROP OWNED BY owner_of_rounds",
                    "DROP ROLE owner_of_rounds");
        }
    }

    @Test
    void aViewThatIsConvertedBackOrDroppedIsGone() throws Exception {
        mainAndDetails("gone");
        RefreshTask task = fixture.task("gone", Set.of(), List.of());
        execute("DELETE FROM refreshd.incremental_view WHERE view_oid = 'public.gone'::regclass");
        assertThat(fixture.refresher.refresh(task, LaterChanges.UNKNOWN)).isInstanceOf(RefreshOutcome.Gone.class);
    }

    @Test
    void anEmptyStoreIsFilled() throws Exception {
        mainAndDetails("filled");
        execute("TRUNCATE refreshd_store.filled");
        assertThat(fixture.changed("filled")).isEqualTo(8);
        assertThat(fixture.differs("filled")).isFalse();
    }

    @Test
    void theIndexThatIsMissingIsNamed() throws Exception {
        execute(
                "CREATE TABLE sparse_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE sparse_d (id int PRIMARY KEY, m int, v text)",
                "INSERT INTO sparse_m SELECT i, 'm' FROM generate_series(1, 100) i",
                "INSERT INTO sparse_d SELECT i, i, repeat('x', 200) FROM generate_series(1, 40000) i",
                "ANALYZE sparse_m, sparse_d");
        fixture.view(
                "sparse",
                "SELECT m.id AS refreshd_1, d.id AS refreshd_2, d.v FROM sparse_m m LEFT JOIN sparse_d d ON d.m = m.id",
                2,
                List.of(1));
        fixture.changed("sparse");
        fixture.changed("sparse", fixture.lookup("sparse", "1", "1"));
        assertThat(fixture.refresher.missingIndex(fixture.oid("sparse")))
                .hasValueSatisfying(index ->
                        assertThat(index.remedy().toString()).isEqualTo("CREATE INDEX ON \"public\".\"sparse_d\" (m)"));
        execute(index());
        fixture.refresher = fixture.newRefresher();
        fixture.changed("sparse", fixture.lookup("sparse", "1", "1"));
        assertThat(fixture.refresher.missingIndex(fixture.oid("sparse"))).isEmpty();
    }

    private static String index() throws Exception {
        return fixture.refresher
                .missingIndex(fixture.oid("sparse"))
                .orElseThrow()
                .remedy()
                .toString();
    }
}
