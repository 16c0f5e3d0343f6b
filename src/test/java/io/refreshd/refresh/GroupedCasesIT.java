package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.incremental.ReverseConversion;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;

/**
 * Cases of grouped views that tools of this kind have got wrong. Each view is converted; changes come from the log, and are routed. After
 * each round the view, and its maps of rows to groups, hold what their definitions give. All tables have REPLICA IDENTITY DEFAULT unless
 * a test says otherwise.
 */
class GroupedCasesIT extends ConvertedCases {
    @Test
    void aRowThatMovesBetweenGroupsWithOnlyItsKeyInTheLog() throws Exception {
        execute(
                "CREATE TABLE mv (id int PRIMARY KEY, g text, n int)",
                "INSERT INTO mv VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 3), (4, NULL, 4)");
        view("moved", "SELECT g, count(*) AS c, sum(n) AS s FROM mv GROUP BY g HAVING count(*) < 3");
        assertThat(byKeys("moved", "UPDATE mv SET g = 'b' WHERE id = 1")).isEqualTo(2);
        assertThat(rows("moved")).containsExactly("(,1,4)", "(a,1,2)", "(b,2,4)");
        // A group that empties, and NULL as a group.
        assertThat(byKeys("moved", "UPDATE mv SET g = NULL WHERE id = 2")).isEqualTo(2);
        assertThat(rows("moved")).containsExactly("(,2,6)", "(b,2,4)");
        // A round without effect writes no row.
        assertThat(byKeys("moved", "UPDATE mv SET n = n WHERE id = 4")).isZero();
        assertThat(byKeys("moved", "UPDATE mv SET id = 9, n = 5 WHERE id = 4", "DELETE FROM mv WHERE id = 3"))
                .isEqualTo(2);
        assertThat(rows("moved")).containsExactly("(,2,7)", "(b,1,1)");
    }

    @Test
    void groupsByAColumnThatIsNamedTwice() throws Exception {
        execute("CREATE TABLE gd (id int PRIMARY KEY, g int)", "INSERT INTO gd VALUES (1, 1), (2, 1)");
        view("by_distinct", "SELECT g, count(*) AS c FROM gd GROUP BY DISTINCT g, g");
        assertThat(byKeys("by_distinct", "UPDATE gd SET g = 2 WHERE id = 1")).isEqualTo(2);
        assertThat(rows("by_distinct")).containsExactly("(1,1)", "(2,1)");
    }

    @Test
    void groupsByAnEnumWhoseLabelsAreRenamed() throws Exception {
        execute(
                "CREATE TYPE state AS ENUM ('open', 'paid', 'void')",
                "CREATE TABLE en (id int PRIMARY KEY, s state, n int)",
                "INSERT INTO en VALUES (1, 'open', 1), (2, 'open', 2), (3, 'paid', 3), (4, NULL, 4)");
        view("by_enum", "SELECT s, count(*) AS c, sum(n) AS n FROM en GROUP BY s");
        assertThat(layout("by_enum").maps().getFirst().totals()).isPresent();
        assertThat(byKeys("by_enum", "UPDATE en SET s = 'paid' WHERE id = 1", "INSERT INTO en VALUES (5, 'void', 5)"))
                .isEqualTo(3);
        execute("ALTER TYPE state RENAME VALUE 'void' TO 'gone'", "ALTER TYPE state ADD VALUE 'new' BEFORE 'open'");
        assertThat(byKeys("by_enum", "UPDATE en SET s = 'new' WHERE id = 5")).isEqualTo(2);
        assertThat(rows("by_enum")).containsExactly("(,1,4)", "(new,1,5)", "(open,1,2)", "(paid,2,4)");
    }

    @Test
    void groupsByADomain() throws Exception {
        execute(
                "CREATE DOMAIN score AS int CHECK (value > 0)",
                "CREATE TABLE dm (id int PRIMARY KEY, d score, n int)",
                "INSERT INTO dm VALUES (1, 1, 1), (2, 2, 2), (3, 2, 3), (4, NULL, 4)");
        view("by_domain", "SELECT d, array_agg(n ORDER BY n) AS n FROM dm GROUP BY d");
        assertThat(byKeys("by_domain", "UPDATE dm SET d = 9 WHERE id = 2", "INSERT INTO dm VALUES (5, NULL, 5)"))
                .isEqualTo(3);
        assertThat(rows("by_domain")).containsExactly("(,\"{4,5}\")", "(1,{1})", "(2,{3})", "(9,{2})");
    }

    @Test
    void aGroupThatEmptiesInOneStatementAndFillsInAnother() throws Exception {
        execute(
                "CREATE TABLE ef (id int PRIMARY KEY, g boolean, h numeric, n float8)",
                "INSERT INTO ef VALUES (1, false, 1.0, 0.1), (2, true, 1.00, 0.2), (3, false, 2, 0.3)");
        view("emptied", "SELECT g, h, max(n) AS m, count(*) AS c FROM ef GROUP BY g, h");
        assertThat(byKeys(
                        "emptied",
                        "DELETE FROM ef WHERE NOT g AND h = 1",
                        "INSERT INTO ef VALUES (4, false, 1.0, 0.1)"))
                .isZero();
        assertThat(byKeys("emptied", "DELETE FROM ef WHERE h = 1")).isEqualTo(2);
        assertThat(byKeys("emptied", "INSERT INTO ef VALUES (5, true, 1.00, 5)"))
                .isEqualTo(1);
        assertThat(byKeys("emptied", "UPDATE ef SET g = NULL, h = NULL WHERE id = 3"))
                .isEqualTo(2);
        assertThat(byKeys("emptied", "UPDATE ef SET h = 7 WHERE id = 3")).isEqualTo(2);
        assertThat(rows("emptied")).containsExactly("(,7,0.3,1)", "(t,1.00,5,1)");
    }

    /** As in applications: grouped by a primary key, of which the name alone is shown. */
    @Test
    void aKeyOfGroupsThatTheViewDoesNotShow() throws Exception {
        execute(
                "CREATE TABLE hu (id int PRIMARY KEY, name text)",
                "CREATE TABLE hp (id int PRIMARY KEY, u int, n int, at timestamp)",
                "INSERT INTO hu VALUES (1, 'a'), (2, 'a'), (3, 'c')",
                "INSERT INTO hp VALUES (1, 1, 1, '2026-01-01'), (2, 1, 2, '2026-01-01'), (3, 2, 3, '2026-01-02'), (4, NULL, 4, NULL)");
        view(
                "users_posts",
                "SELECT u.name, count(p.id) AS n, max(p.at)::date AS last FROM hu u LEFT JOIN hp p ON p.u = u.id GROUP BY u.id");
        // Two users of one name: only one of them is recomputed.
        assertThat(byKeys("users_posts", "UPDATE hp SET u = 3, at = '2026-02-01' WHERE id = 1"))
                .isEqualTo(2);
        assertThat(fixture.lastDetail("users_posts")).isEqualTo("2 keys recomputed");
        assertThat(rows("users_posts")).containsExactly("(a,1,2026-01-01)", "(a,1,2026-01-02)", "(c,1,2026-02-01)");
        assertThat(byKeys("users_posts", "UPDATE hu SET name = 'b' WHERE id = 2", "DELETE FROM hu WHERE id = 3"))
                .isEqualTo(2);
        view("of_days", "SELECT count(*) AS n, sum(n) AS s FROM hp GROUP BY u, (at::date), lower('A' || n)");
        // Two groups go, and two come.
        assertThat(byKeys("of_days", "UPDATE hp SET at = NULL, n = 9 WHERE id IN (2, 3)"))
                .isEqualTo(4);
        view(
                "latest_of",
                "SELECT DISTINCT ON (p.u, (p.n > 2)) p.at, p.n FROM hp p ORDER BY p.u, (p.n > 2), p.at DESC, p.id");
        assertThat(byKeys("latest_of", "INSERT INTO hp VALUES (5, 3, 7, '2027-01-01')"))
                .isEqualTo(1);
        view("placed", "SELECT p.at, rank() OVER (PARTITION BY p.u, p.n ORDER BY p.at) AS place FROM hp p");
        assertThat(byKeys("placed", "INSERT INTO hp VALUES (6, 3, 7, '2026-12-01')"))
                .isEqualTo(2);
    }

    /** The hidden key is that of the totals too. */
    @Test
    void totalsOfGroupsThatTheViewDoesNotShow() throws Exception {
        execute(
                "CREATE TABLE ht (id int PRIMARY KEY, role text, day date, n int)",
                "INSERT INTO ht SELECT i, (ARRAY['a', 'b', NULL])[i % 3 + 1], date '2026-01-01' + i % 2, i FROM generate_series(1, 30) i");
        view("hidden_totals", "SELECT count(*) AS c, day, sum(n) AS s FROM ht GROUP BY day, role HAVING count(*) > 1");
        assertThat(totals("hidden_totals").store().names().recomputeKey()).hasSize(2);
        assertThat(byKeys("hidden_totals", "UPDATE ht SET role = 'b' WHERE id = 3"))
                .isEqualTo(2);
        List<String> before = rows("hidden_totals");
        assertThat(spoiltRound("hidden_totals", "UPDATE ht SET n = n + 1 WHERE id = 3"))
                .isNotEqualTo(before);
    }

    /** All rows are one group, which stays when it has none. */
    @Test
    void aggregatesWithoutGroupByAreOneGroupThatStays() throws Exception {
        execute(
                "CREATE TABLE al (id int PRIMARY KEY, n int, d numeric, s text)",
                "INSERT INTO al VALUES (1, 1, 1.5, 'a'), (2, 5, 2.25, 'b'), (3, 9, NULL, 'a'), (4, -1, 7, 'a')");
        view(
                "overall",
                "SELECT count(*) AS c, sum(n) AS s, avg(d) AS a, min(n) AS least, max(n) AS most, count(d) FILTER (WHERE s = 'b') AS b"
                        + " FROM al WHERE n > 0");
        assertThat(rows("overall")).containsExactly("(3,15,1.8750000000000000,1,9,1)");
        assertThat(byKeys(
                        "overall",
                        "UPDATE al SET n = 3, d = 1.50 WHERE id = 1",
                        "INSERT INTO al VALUES (5, 4, 1, 'b')"))
                .as("the minimum goes")
                .isOne();
        assertThat(rows("overall")).containsExactly("(4,21,1.5833333333333333,3,9,2)");
        assertThat(byKeys("overall", "UPDATE al SET id = 9 WHERE id = 5")).isZero();
        assertThat(byKeys("overall", "DELETE FROM al")).isOne();
        assertThat(rows("overall")).containsExactly("(0,,,,,0)");
        assertThat(byKeys("overall", "INSERT INTO al VALUES (1, -5, 3, 'a')", "INSERT INTO al VALUES (2, 2, 3, 'a')"))
                .isOne();
        assertThat(rows("overall")).containsExactly("(1,2,3.0000000000000000,2,2,0)");
        List<String> before = rows("overall");
        assertThat(spoiltRound("overall", "UPDATE al SET n = n + 1 WHERE id = 2"))
                .isNotEqualTo(before);
        try (Handle own = fixture.connectAsRefreshd()) {
            ReverseConversion.back(own, new ViewId("public", "overall"));
        }
        assertThat(rows("overall")).containsExactly("(1,3,3.0000000000000000,3,3,0)");

        execute("CREATE TABLE al_d (id int PRIMARY KEY, al int)");
        view(
                "of_none",
                "SELECT 'all' AS what, count(*) AS c, coalesce(sum(a.n), 0) AS s FROM al a JOIN al_d d ON d.al = a.id");
        assertThat(rows("of_none")).containsExactly("(all,0,0)");
        assertThat(byKeys("of_none", "INSERT INTO al_d VALUES (1, 2), (2, 2), (3, 7)"))
                .isOne();
        assertThat(rows("of_none")).containsExactly("(all,2,6)");
        assertThat(byKeys("of_none", "DELETE FROM al_d")).isOne();
        assertThat(rows("of_none")).containsExactly("(all,0,0)");
        assertThat(byKeys("of_none", "INSERT INTO al_d VALUES (1, 2), (2, 2), (3, 7)"))
                .isOne();
        view("of_many", "SELECT count(*) AS c FROM al_d HAVING count(*) > 2");
        assertThat(byKeys("of_many", "DELETE FROM al_d WHERE id = 3")).isOne();
        assertThat(rows("of_many")).isEmpty();
        assertThat(byKeys("of_many", "INSERT INTO al_d VALUES (4, 2), (5, 2)")).isOne();
        assertThat(rows("of_many")).containsExactly("(4)");
    }

    @Test
    void aHiddenKeyOfGroupsIsTakenAwayAgain() throws Exception {
        execute("CREATE TABLE hb (id int PRIMARY KEY, g int, h int)", "INSERT INTO hb VALUES (1, 1, 1), (2, 1, 2)");
        for (String query : List.of(
                "SELECT count(*) AS c FROM hb GROUP BY g, h",
                "SELECT DISTINCT ON (hb.h, hb.g) id FROM hb ORDER BY hb.h, hb.g, id",
                "WITH w AS (SELECT g, h FROM hb) SELECT rank() OVER (PARTITION BY g ORDER BY h) AS r FROM w")) {
            view("hidden_back", query);
            List<String> before = rows("hidden_back");
            String text = "SELECT pg_get_viewdef('public.hidden_back'::regclass)";
            try (Handle own = fixture.connectAsRefreshd()) {
                ReverseConversion.back(own, new ViewId("public", "hidden_back"));
            }
            List<String> back = fixture.database.query(text);
            execute("DROP MATERIALIZED VIEW hidden_back", "CREATE MATERIALIZED VIEW hidden_back AS " + query);
            assertThat(back).isEqualTo(fixture.database.query(text));
            assertThat(rows("hidden_back")).isEqualTo(before);
            execute("DROP MATERIALIZED VIEW hidden_back");
        }
    }

    /** The view reads no key. Its map does, so that an update of the key alone concerns it. */
    @Test
    void aKeyThatMovesBeforeItsRowMovesToAnotherGroup() throws Exception {
        execute(
                "CREATE TABLE km (id int PRIMARY KEY, g int)",
                "ALTER TABLE km REPLICA IDENTITY FULL",
                "INSERT INTO km VALUES (1, 1), (2, 2)");
        view("key_moved", "SELECT g, count(*) FROM km GROUP BY g");
        assertThat(byKeys("key_moved", "UPDATE km SET id = 5 WHERE id = 1")).isZero();
        assertThat(byKeys("key_moved", "UPDATE km SET g = 2 WHERE id = 5")).isEqualTo(2);
        assertThat(rows("key_moved")).containsExactly("(2,2)");
    }

    /** Makes the totals of all groups wrong by a thousand rows, so that a group that is recomputed from all its rows is told from others. */
    private static void spoilTotals(String view) throws Exception {
        execute("UPDATE " + SqlNames.qualified(totals(view).store().names().store())
                + " SET count_0_0 = count_0_0 + 1000");
    }

    private static StoreLayout.Totals totals(String view) throws Exception {
        return layout(view).maps().getFirst().totals().orElseThrow();
    }

    private static List<String> spoiltRound(String view, String... changes) throws Exception {
        spoilTotals(view);
        execute(changes);
        fixture.refresher = fixture.newRefresher();
        RefreshOutcome outcome = fixture.refresher.refresh(
                fixture.task(view, Set.of(), routed(view).orElseThrow()), position -> Optional.of(List.of()));
        assertThat(outcome).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(fixture.lastDetail(view)).isEqualTo("1 key recomputed");
        List<String> rows = rows(view);
        round(view, List.of());
        return rows;
    }

    @Test
    void fewLargeGroupsAreBroughtUpToDateFromTotals() throws Exception {
        execute(
                "CREATE TABLE fg (id int PRIMARY KEY, role text, i2 int2, i4 int, i8 int8, n numeric(10,2), at timestamp, ok boolean)",
                "INSERT INTO fg SELECT i, (ARRAY['a', 'b', NULL])[i % 3 + 1], i, i * 1000, i * 100000000000, i / 8.0,"
                        + " timestamp '2024-01-01' + i * interval '1 day', i % 2 = 0 FROM generate_series(1, 30) i");
        view(
                "by_role",
                "SELECT count(*) AS all_of_it, role, count(i2) AS i2, sum(i2) AS s2, sum(i4) AS s4, sum(i8) AS s8, sum(n) AS sn,"
                        + " avg(i2) AS a2, avg(i4) AS a4, avg(i8) AS a8, avg(n) AS an, round(avg(n), 1) AS rounded,"
                        + " coalesce(sum(i4) FILTER (WHERE ok), 0) / count(*) AS share, count(*) FILTER (WHERE NOT ok) AS n_not_ok,"
                        + " min(at) AS first, max(at)::date AS last, sum(i4 * 2 + id) AS computed"
                        + " FROM fg GROUP BY role HAVING count(*) FILTER (WHERE ok) > 1");
        assertThat(byKeys("by_role", "UPDATE fg SET i2 = NULL, i4 = 7, n = 0.5 WHERE id = 6"))
                .isEqualTo(1);
        assertThat(byKeys("by_role", "INSERT INTO fg (id, role, ok) VALUES (31, 'a', NULL), (32, NULL, true)"))
                .isEqualTo(2);
        // A row that moves, and one whose key moves.
        assertThat(byKeys("by_role", "UPDATE fg SET role = 'b' WHERE id = 3", "UPDATE fg SET id = 100 WHERE id = 5"))
                .isPositive();
        // HAVING lets the group go and come back.
        assertThat(byKeys("by_role", "UPDATE fg SET ok = false WHERE role = 'a'"))
                .isEqualTo(1);
        assertThat(rows("by_role")).hasSize(2);
        assertThat(byKeys("by_role", "UPDATE fg SET ok = true, i8 = NULL WHERE role = 'a'"))
                .isEqualTo(1);
        // A group that empties, a new one, and one that empties and fills in one round.
        assertThat(byKeys("by_role", "DELETE FROM fg WHERE role = 'a'")).isEqualTo(1);
        assertThat(byKeys(
                        "by_role",
                        "INSERT INTO fg SELECT i, 'a', 1, 1, 1, 1, 'infinity', true FROM generate_series(200, 203) i"))
                .isEqualTo(1);
        assertThat(byKeys(
                        "by_role",
                        "DELETE FROM fg WHERE role = 'a'",
                        "INSERT INTO fg SELECT i, 'a', 1, 1, 1, 1, 'infinity', true FROM generate_series(210, 213) i"))
                .isEqualTo(1);
        byKeys("by_role", "UPDATE fg SET role = 'c'");
        assertThat(rows("by_role")).hasSize(1);
        // No row but the changed one is read.
        assertThat(spoiltRound("by_role", "UPDATE fg SET ok = NULL WHERE id = 210"))
                .singleElement()
                .asString()
                .startsWith("(10");
    }

    @Test
    void aChangeThatIsDeliveredTwiceIsAppliedToTotalsOnce() throws Exception {
        execute(
                "CREATE TABLE tt (id int PRIMARY KEY, g int, n int)",
                "INSERT INTO tt SELECT i, i % 2, i FROM generate_series(1, 10) i");
        view("twice", "SELECT g, count(*) AS c, sum(n) AS s FROM tt GROUP BY g");
        execute(
                "UPDATE tt SET g = 1, n = 50 WHERE id = 2",
                "DELETE FROM tt WHERE id = 4",
                "INSERT INTO tt VALUES (11, 0, 7)");
        List<KeyLookup> lookups = routed("twice").orElseThrow();
        assertThat(round("twice", lookups)).isEqualTo(2);
        assertThat(round("twice", lookups)).isZero();
        assertThat(rows("twice")).containsExactly("(0,4,31)", "(1,6,75)");
    }

    @Test
    void sumsOfNumericHaveTheDecimalsThatTheDefinitionGives() throws Exception {
        execute(
                "CREATE TABLE nd (id int PRIMARY KEY, g int, n numeric)",
                "INSERT INTO nd SELECT i, 1, 2.0 FROM generate_series(1, 20) i");
        view("decimals", "SELECT g, sum(n) AS s, avg(n) AS a, count(n) AS c FROM nd GROUP BY g");
        byKeys("decimals", "UPDATE nd SET n = 1.000 WHERE id = 1", "UPDATE nd SET n = 7 WHERE id = 2");
        assertThat(rows("decimals")).singleElement().asString().startsWith("(1,44.000,");
        assertThat(byKeys("decimals", "UPDATE nd SET n = 1.0 WHERE id = 1")).isEqualTo(1);
        assertThat(rows("decimals")).singleElement().asString().startsWith("(1,44.0,");
        assertThat(spoiltRound("decimals", "DELETE FROM nd WHERE id > 2"))
                .containsExactly("(1,8.0,4.0000000000000000,2)");
        for (String special : List.of("NaN", "-Infinity")) {
            byKeys("decimals", "UPDATE nd SET n = '" + special + "' WHERE id = 1");
            byKeys("decimals", "INSERT INTO nd VALUES (3, 1, 'Infinity'), (4, 1, 0.5)");
            byKeys("decimals", "DELETE FROM nd WHERE id = 3");
            byKeys("decimals", "UPDATE nd SET n = 1 WHERE id = 1", "DELETE FROM nd WHERE id = 4");
        }
        assertThat(rows("decimals")).containsExactly("(1,8,4.0000000000000000,2)");
        byKeys("decimals", "UPDATE nd SET n = NULL");
        assertThat(rows("decimals")).containsExactly("(1,,,0)");
        byKeys("decimals", "UPDATE nd SET n = 1e-16000 WHERE id = 1", "UPDATE nd SET n = 0.00 WHERE id = 2");
        byKeys("decimals", "UPDATE nd SET n = 3 WHERE id = 1");
        assertThat(rows("decimals")).singleElement().asString().startsWith("(1,3.00,");
    }

    @Test
    void aMinimumThatGoesIsLookedForInTheMap() throws Exception {
        execute(
                "CREATE TABLE mm (id int PRIMARY KEY, g int, n int)",
                "INSERT INTO mm SELECT i, 1, i FROM generate_series(1, 10) i",
                "INSERT INTO mm VALUES (11, 1, 10)");
        view("extremes", "SELECT g, min(n) AS least, max(n) AS most, count(*) AS c FROM mm GROUP BY g");
        assertThat(byKeys("extremes", "UPDATE mm SET n = 99 WHERE id = 5")).isEqualTo(1);
        assertThat(rows("extremes")).containsExactly("(1,1,99,11)");
        byKeys("extremes", "DELETE FROM mm WHERE id IN (1, 5)");
        assertThat(rows("extremes")).containsExactly("(1,2,10,9)");
        assertThat(byKeys("extremes", "UPDATE mm SET n = 5 WHERE id = 11")).isZero();
        // One goes and a better one comes; NULLs; all go.
        byKeys("extremes", "UPDATE mm SET n = 1 WHERE id = 2");
        byKeys("extremes", "UPDATE mm SET n = NULL WHERE n > 3");
        assertThat(rows("extremes")).containsExactly("(1,1,3,9)");
        byKeys("extremes", "UPDATE mm SET n = NULL");
        byKeys("extremes", "UPDATE mm SET n = id");
        assertThat(rows("extremes")).containsExactly("(1,2,11,9)");
        assertThat(spoiltRound("extremes", "UPDATE mm SET n = 12 WHERE id = 4")).containsExactly("(1,2,12,1009)");
        assertThat(spoiltRound("extremes", "DELETE FROM mm WHERE id = 4")).containsExactly("(1,2,11,8)");
    }

    /** A unique index on a result, and a table of names below the groups. */
    @Test
    void totalsOfJoinedRowsUnderAUniqueIndex() throws Exception {
        execute(
                "CREATE TABLE tj_d (id int PRIMARY KEY, name text)",
                "CREATE TABLE tj (id int PRIMARY KEY, d int, n int NOT NULL)",
                "INSERT INTO tj_d VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO tj SELECT i, i % 4, i FROM generate_series(1, 40) i");
        view("by_user", "SELECT d.name, sum(t.n) AS s FROM tj t LEFT JOIN tj_d d ON d.id = t.d GROUP BY d.name");
        execute("CREATE UNIQUE INDEX ON "
                + SqlNames.qualified(layout("by_user").names().store()) + " (s)");
        assertThat(byKeys("by_user", "UPDATE tj_d SET name = 'b' WHERE id = 3")).isEqualTo(3);
        byKeys("by_user", "UPDATE tj SET d = d % 3");
        byKeys("by_user", "UPDATE tj_d SET id = id + 10", "INSERT INTO tj_d VALUES (1, 'new')");
        byKeys("by_user", "DELETE FROM tj_d");
    }

    @Test
    void whatTotalsDoNotTellToTheLastBitIsRecomputed() throws Exception {
        execute(
                "CREATE TABLE nt (id int PRIMARY KEY, g int, h numeric, f float8, n numeric, t text)",
                "INSERT INTO nt SELECT i, i % 2, 1, i / 3.0, i, i FROM generate_series(1, 6) i");
        int number = 0;
        for (String query : List.of(
                "g, sum(f) FROM nt GROUP BY g",
                "g, count(DISTINCT n) FROM nt GROUP BY g",
                "g, max(t) FROM nt GROUP BY g",
                "g, count(nt) FROM nt GROUP BY g",
                "g, sum(1 / (id - 3)) FILTER (WHERE id <> 3) FROM nt GROUP BY g",
                "h, count(*) FROM nt GROUP BY h",
                "g, count(*) FROM nt GROUP BY g, h",
                "g, g + 1, count(*) FROM nt GROUP BY g")) {
            String name = "no_totals_" + number++;
            view(name, "SELECT " + query.replaceFirst("(^.*?)( FROM)", "$1 AS x$2"));
            assertThat(layout(name).maps().getFirst().totals()).as(query).isEmpty();
        }
    }

    @Test
    void truncateRecomputesEverything() throws Exception {
        execute("CREATE TABLE tr (id int PRIMARY KEY, g int)", "INSERT INTO tr VALUES (1, 1), (2, 2)");
        view("truncated", "SELECT g, count(*) FROM tr GROUP BY g");
        execute("INSERT INTO tr VALUES (3, 3)", "TRUNCATE tr", "INSERT INTO tr VALUES (4, 4)");
        assertThat(routed("truncated")).isEmpty();
        round("truncated", List.of());
        assertThat(rows("truncated")).containsExactly("(4,1)");
        // The map was recomputed too.
        assertThat(byKeys("truncated", "UPDATE tr SET g = 5")).isEqualTo(2);
    }

    @Test
    void groupsOfAColumnTwoJoinsAwayAndAnExpression() throws Exception {
        execute(
                "CREATE TABLE gj_country (id int PRIMARY KEY, name text)",
                "CREATE TABLE gj_city (id int PRIMARY KEY, country int, name text)",
                "CREATE TABLE gj_sale (id int PRIMARY KEY, city int, at timestamp, amount numeric)",
                "INSERT INTO gj_country VALUES (1, 'x'), (2, 'y')",
                "INSERT INTO gj_city VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')",
                "INSERT INTO gj_sale SELECT i, i % 4, timestamp '2024-01-01' + i * interval '5 hours', i FROM generate_series(1, 20) i");
        view(
                "by_country",
                "SELECT date_trunc('day', s.at) AS day, n.name, sum(s.amount) AS sum, count(*) FILTER (WHERE s.amount > 5) AS large,"
                        + " percentile_disc(0.5) WITHIN GROUP (ORDER BY s.amount) AS median, string_agg(c.name, ',' ORDER BY s.id) AS cities"
                        + " FROM gj_sale s LEFT JOIN gj_city c ON c.id = s.city LEFT JOIN gj_country n ON n.id = c.country"
                        + " WHERE s.amount > 0 GROUP BY date_trunc('day', s.at), n.name");
        byKeys("by_country", "UPDATE gj_city SET country = 2 WHERE id = 1");
        byKeys("by_country", "UPDATE gj_country SET name = 'z' WHERE id = 2", "DELETE FROM gj_city WHERE id = 2");
        byKeys(
                "by_country",
                "UPDATE gj_sale SET at = at + interval '1 day', city = 3 WHERE id < 4",
                "UPDATE gj_sale SET amount = -1 WHERE id = 7",
                "INSERT INTO gj_city VALUES (0, 1, 'new')");
    }

    @Test
    void parentAndChildrenDeletedTogether() throws Exception {
        execute(
                "CREATE TABLE pd_m (id int PRIMARY KEY, v text)",
                "CREATE TABLE pd_d (id int PRIMARY KEY, m int REFERENCES pd_m ON DELETE CASCADE, n int)",
                "INSERT INTO pd_m VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO pd_d VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7)");
        view("cascaded", "SELECT m.id, m.v, max(d.n) AS n FROM pd_m m LEFT JOIN pd_d d ON d.m = m.id GROUP BY m.id");
        assertThat(byKeys("cascaded", "DELETE FROM pd_m WHERE id = 1")).isEqualTo(1);
        assertThat(byKeys("cascaded", "UPDATE pd_d SET m = 3")).isEqualTo(2);
        assertThat(rows("cascaded")).containsExactly("(2,b,)", "(3,c,7)");
    }

    @Test
    void rowsThatMoveBetweenPartitions() throws Exception {
        execute(
                "CREATE TABLE pt (id int, day int, v text, PRIMARY KEY (id, day)) PARTITION BY LIST (day)",
                "CREATE TABLE pt_0 PARTITION OF pt FOR VALUES IN (0)",
                "CREATE TABLE pt_1 PARTITION OF pt FOR VALUES IN (1)",
                "INSERT INTO pt VALUES (1, 0, 'a'), (2, 1, 'a'), (3, 1, 'b')");
        view("partitions", "SELECT v, min(day) AS first, count(*) FROM pt GROUP BY v");
        assertThat(byKeys("partitions", "UPDATE pt SET day = 1 WHERE id = 1")).isEqualTo(1);
        assertThat(byKeys("partitions", "UPDATE pt SET v = 'b', day = 0 WHERE id = 2"))
                .isEqualTo(2);
        assertThat(rows("partitions")).containsExactly("(a,1,1)", "(b,0,2)");
    }

    @Test
    void distinctRows() throws Exception {
        execute(
                "CREATE TABLE di (id int PRIMARY KEY, a text, b int)",
                "INSERT INTO di VALUES (1, 'x', 1), (2, 'x', 1), (3, 'x', NULL), (4, 'y', 2)");
        view("distinct_rows", "SELECT DISTINCT a, b, b + 1 AS c FROM di");
        assertThat(byKeys("distinct_rows", "DELETE FROM di WHERE id = 1")).isZero();
        assertThat(byKeys("distinct_rows", "DELETE FROM di WHERE id = 2")).isEqualTo(1);
        assertThat(byKeys("distinct_rows", "UPDATE di SET a = 'z', b = NULL WHERE id > 2"))
                .isEqualTo(3);
        assertThat(rows("distinct_rows")).containsExactly("(z,,)");
    }

    @Test
    void theLatestRowOfEachKey() throws Exception {
        execute(
                "CREATE TABLE la (id int PRIMARY KEY, u int, at int, v text)",
                "INSERT INTO la VALUES (1, 1, 1, 'a'), (2, 1, 2, 'b'), (3, 2, 1, 'c')");
        view("by_distinct_on", "SELECT DISTINCT ON (u) u, at, v FROM la WHERE v <> 'no' ORDER BY u, at DESC, id");
        view(
                "by_rank",
                "SELECT r.u, r.v, r.at FROM (SELECT u, v, at, rank() OVER (PARTITION BY u ORDER BY at DESC, id) AS place,"
                        + " count(*) OVER (PARTITION BY u) AS n FROM la) r WHERE r.place = 1 AND r.n < 4");
        for (String view : List.of("by_distinct_on", "by_rank")) {
            execute("UPDATE la SET at = 9, u = 2, v = 'a' WHERE id = 1");
            assertThat(routed(view)).isPresent();
            byKeys(view, "UPDATE la SET u = 1 WHERE id = 1", "INSERT INTO la VALUES (10, 1, 20, 'd'), (11, 3, 1, 'e')");
            assertThat(byKeys(view, "UPDATE la SET v = 'f' WHERE id = 2")).isZero();
            byKeys(view, "DELETE FROM la WHERE id IN (10, 3)", "UPDATE la SET u = NULL WHERE id = 11");
            byKeys(view, "DELETE FROM la WHERE id > 9", "INSERT INTO la VALUES (3, 2, 1, 'c')");
        }
    }

    @Test
    void windowsInTheQueryItself() throws Exception {
        execute(
                "CREATE TABLE wi (id int PRIMARY KEY, g int, n int)",
                "INSERT INTO wi SELECT i, i % 3, i FROM generate_series(1, 9) i");
        view(
                "windows",
                "SELECT g, id, sum(n) OVER (PARTITION BY g ORDER BY id) AS running, lag(n) OVER w AS before FROM wi"
                        + " WINDOW w AS (PARTITION BY g ORDER BY id)");
        assertThat(byKeys("windows", "UPDATE wi SET n = 10 WHERE id = 1")).isEqualTo(3);
        byKeys("windows", "UPDATE wi SET g = 2 WHERE id = 3", "DELETE FROM wi WHERE id = 4");
    }

    @Test
    void aggregatesInSubSelectsThatAreJoinedOnTheKey() throws Exception {
        execute(
                "CREATE TABLE us (id int PRIMARY KEY, name text)",
                "CREATE TABLE us_post (id int PRIMARY KEY, user_id int, likes int)",
                "CREATE TABLE us_login (id int PRIMARY KEY, user_id int, at int)",
                "INSERT INTO us VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO us_post VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7)",
                "INSERT INTO us_login VALUES (1, 1, 5), (2, 3, 6)",
                "CREATE VIEW us_last AS SELECT DISTINCT ON (user_id) user_id, at FROM us_login ORDER BY user_id, at DESC");
        view(
                "users",
                "SELECT u.name, coalesce(p.n, 0) AS posts, p.best, l.at FROM us u"
                        + " LEFT JOIN (SELECT user_id, count(*) AS n, max(likes) AS best FROM us_post GROUP BY user_id) p ON p.user_id = u.id"
                        + " LEFT JOIN us_last l ON l.user_id = u.id");
        byKeys("users", "UPDATE us_post SET user_id = 3 WHERE id = 1");
        byKeys("users", "INSERT INTO us_login VALUES (3, 2, 9)", "DELETE FROM us_login WHERE id = 1");
        byKeys("users", "UPDATE us SET name = 'z', id = 7 WHERE id = 3");
        byKeys("users", "INSERT INTO us VALUES (3, 'again')", "DELETE FROM us_post WHERE user_id = 1");
        assertThat(rows("users")).containsExactly("(a,0,,)", "(again,1,5,6)", "(b,1,7,9)", "(z,0,,)");
        // Groups that no row of the view shows leave the map right.
        assertThat(byKeys("users", "INSERT INTO us_post VALUES (10, 99, 1)")).isZero();
        byKeys("users", "UPDATE us_post SET user_id = 1 WHERE id = 10");
        assertThat(rows("users")).contains("(a,1,1,)");
    }

    /** The rows that have the one part of a key from one changed row, and the other part from another one, are left alone. */
    @Test
    void groupsThatAreJoinedToATableWithTwoKeyColumns() throws Exception {
        execute(
                "CREATE TABLE tk (a int, b int, n int, PRIMARY KEY (a, b))",
                "CREATE TABLE tk_d (id int PRIMARY KEY, n int)",
                "INSERT INTO tk VALUES (1, 1, 1), (1, 2, 2), (2, 1, 3), (2, 2, 4)",
                "INSERT INTO tk_d SELECT i, i % 4 FROM generate_series(1, 9) i");
        view(
                "two_keys",
                "SELECT t.n, d.c FROM tk t LEFT JOIN (SELECT n, count(*) AS c FROM tk_d GROUP BY n) d ON d.n = t.n");
        assertThat(byKeys("two_keys", "UPDATE tk SET n = n + 5 WHERE a = b")).isPositive();
        assertThat(rows("two_keys")).containsExactly("(2,2)", "(3,2)", "(6,)", "(9,)");
    }

    @Test
    void aGroupedQueryOfWithIsJoinedToADimension() throws Exception {
        execute(
                "CREATE TABLE wd (id int PRIMARY KEY, name text)",
                "CREATE TABLE wd_f (id int PRIMARY KEY, d int, n int)",
                "INSERT INTO wd VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO wd_f VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7)");
        view(
                "with_totals",
                "WITH totals AS (SELECT f.d, sum(f.n) AS n FROM wd_f f GROUP BY f.d)"
                        + " SELECT t.d, t.n, wd.name FROM totals t JOIN wd ON wd.id = t.d WHERE t.n > 6");
        assertThat(byKeys("with_totals", "UPDATE wd_f SET d = 2 WHERE id = 2")).isEqualTo(2);
        assertThat(byKeys("with_totals", "UPDATE wd SET name = 'c' WHERE id = 2"))
                .isEqualTo(1);
        assertThat(rows("with_totals")).containsExactly("(2,13,c)");
    }

    @Test
    void setOperationsBranchByBranch() throws Exception {
        execute(
                "CREATE TABLE so_a (id int PRIMARY KEY, x int, t text)",
                "CREATE TABLE so_b (id int PRIMARY KEY, x int, t text)",
                "CREATE TABLE so_c (id int PRIMARY KEY, x int)",
                "INSERT INTO so_a VALUES (1, 1, 'p'), (2, 2, 'q'), (3, NULL, NULL)",
                "INSERT INTO so_b VALUES (1, 1, 'p'), (2, 5, 'r')",
                "INSERT INTO so_c VALUES (1, 1), (2, 7)");
        view("so_all", "SELECT id, x, 'a' AS kind FROM so_a WHERE x > 0 UNION ALL SELECT id, x, 'b' FROM so_b");
        assertThat(byKeys("so_all", "UPDATE so_a SET x = 9 WHERE id = 1", "UPDATE so_b SET id = 7 WHERE id = 2"))
                .isEqualTo(3);
        view(
                "so_mixed",
                "(SELECT x, t FROM so_a UNION SELECT x, t FROM so_b) EXCEPT SELECT b.x, b.t FROM so_b b JOIN so_c c ON c.x = b.x");
        byKeys("so_mixed", "UPDATE so_c SET x = 5 WHERE id = 2");
        byKeys("so_mixed", "UPDATE so_a SET t = 'r', x = 5", "DELETE FROM so_c");
        byKeys("so_mixed", "UPDATE so_b SET t = NULL, x = NULL");
        view("so_and", "SELECT x FROM so_a INTERSECT ALL SELECT x FROM so_c");
        byKeys("so_and", "INSERT INTO so_c VALUES (5, 5), (6, 5)");
        assertThat(rows("so_and")).containsExactly("(5)", "(5)");
        view(
                "so_grouped",
                "SELECT x, count(*) AS n FROM so_a GROUP BY x UNION ALL SELECT x, sum(id) FROM so_b GROUP BY x HAVING sum(id) > 1");
        byKeys("so_grouped", "UPDATE so_b SET x = 2, id = id + 20", "UPDATE so_a SET x = 2 WHERE id = 2");
    }

    @Test
    void aPlainViewThatGroupsRowsAndATableThatIsReadTwice() throws Exception {
        execute(
                "CREATE TABLE tw (id int PRIMARY KEY, boss int, pay numeric)",
                "INSERT INTO tw VALUES (1, NULL, 10), (2, 1, 5), (3, 1, 6), (4, 2, 1)",
                "CREATE VIEW tw_sums AS SELECT t.boss, sum(t.pay) AS pay FROM tw t GROUP BY t.boss");
        view("bosses_pay", "SELECT t.id, t.pay, s.pay AS below FROM tw t LEFT JOIN tw_sums s ON s.boss = t.id");
        byKeys("bosses_pay", "UPDATE tw SET boss = 3, pay = 2 WHERE id = 4");
        assertThat(rows("bosses_pay")).containsExactly("(1,10,11)", "(2,5,)", "(3,6,2)", "(4,2,)");
        byKeys("bosses_pay", "DELETE FROM tw WHERE id = 3", "INSERT INTO tw VALUES (3, 4, 8)");
        view("all_of_it", "SELECT boss, pay FROM tw_sums WHERE pay > 1");
        assertThat(byKeys("all_of_it", "UPDATE tw SET pay = 0 WHERE id = 2")).isEqualTo(1);
    }

    /** Inside of a query the server numbers a name that the query around it uses. */
    @Test
    void aSubSelectWhoseNameIsAlsoGivenInsideOfIt() throws Exception {
        execute(
                "CREATE TABLE nm (id int PRIMARY KEY, of int)",
                "CREATE TABLE nm_a (id int PRIMARY KEY)",
                "INSERT INTO nm_a VALUES (1), (2), (3)",
                "INSERT INTO nm VALUES (1, 1), (2, 1), (3, 2)");
        view(
                "names_twice",
                "SELECT a.id, n.n FROM nm_a a LEFT JOIN (SELECT n.of, count(DISTINCT a.id) AS n"
                        + " FROM nm n JOIN nm_a a ON a.id = n.id GROUP BY n.of) n ON n.of = a.id");
        byKeys("names_twice", "UPDATE nm SET of = 3 WHERE id = 2");
        view(
                "names_of_branches",
                "SELECT u.id, u.of FROM (SELECT u.id, u.of FROM nm u UNION ALL SELECT -u.id, u.of FROM nm u) u"
                        + " WHERE u.of > 0");
        byKeys("names_of_branches", "UPDATE nm SET of = 2 WHERE id = 1");
    }

    @Test
    void whatASubQueryInWhereReads() throws Exception {
        execute(
                "CREATE TABLE sq (id int PRIMARY KEY, g int)",
                "CREATE TABLE sq_d (id int PRIMARY KEY, sq int)",
                "INSERT INTO sq VALUES (1, 1), (2, 1), (3, 2)",
                "INSERT INTO sq_d VALUES (1, 1), (2, 3)");
        view(
                "with_details",
                "SELECT g, count(*) FROM sq WHERE EXISTS (SELECT FROM sq_d d WHERE d.sq = sq.id) GROUP BY g");
        assertThat(byKeys("with_details", "UPDATE sq_d SET sq = 2 WHERE id = 2"))
                .isEqualTo(2);
        assertThat(rows("with_details")).containsExactly("(1,2)");
        // One map leads to rows of the other one, whose totals are kept as well.
        assertThat(layout("with_details").maps())
                .extracting(map ->
                        map.values() + " " + map.of() + " " + map.totals().isPresent())
                .containsExactly("true 2 false", "false 0 true");
        assertThat(byKeys("with_details", "UPDATE sq SET g = 2 WHERE id = 1", "DELETE FROM sq_d WHERE id = 2"))
                .isEqualTo(2);
        assertThat(rows("with_details")).containsExactly("(2,1)");
        assertThat(byKeys("with_details", "INSERT INTO sq_d VALUES (3, 3)", "UPDATE sq SET id = 4 WHERE id = 1"))
                .isZero();
    }

    @Test
    void whatCannotBeIncrementalIsNamed() throws Exception {
        execute("CREATE TABLE re (id int PRIMARY KEY, g int, n int, j jsonb)", "CREATE TABLE re_keyless (g int)");
        for (String oneRow : List.of(
                "SELECT count(DISTINCT g) FROM re",
                "SELECT sum(n::float8) FROM re",
                "SELECT count(*), (SELECT max(n) FROM re) AS m FROM re",
                "SELECT count(*) FROM (SELECT g, count(*) FROM re GROUP BY g) s",
                "SELECT re.id, s.c FROM re CROSS JOIN (SELECT true AS one, count(*) AS c FROM re) s",
                "SELECT true AS b, count(*) FROM re UNION ALL SELECT false, count(*) FROM re",
                "SELECT 1 FROM re HAVING true")) {
            assertThat(refused(oneRow))
                    .as(oneRow)
                    .singleElement()
                    .asString()
                    .contains("an aggregate over all rows, without GROUP BY");
        }
        assertThat(refused("SELECT g, current_user FROM re"))
                .anySatisfy(why -> assertThat(why).contains("CURRENT_USER"));
        assertThat(refused("SELECT x.n FROM re, XMLTABLE('/r' PASSING (re.j::text::xml) COLUMNS n int PATH 'n') x"))
                .anySatisfy(why -> assertThat(why).contains("the rows of JSON_TABLE or XMLTABLE, \"x\", in FROM"));
        assertThat(plan("SELECT v.g, re.n FROM (VALUES (1)) v (g) LEFT JOIN re ON re.g = v.g")
                        .obstacles())
                .singleElement()
                .satisfies(obstacle -> {
                    assertThat(obstacle.what()).contains("on the nullable side");
                    assertThat(obstacle.remedy().text()).doesNotContain("UNION ALL");
                });
        assertThat(plan("SELECT a.n, b.g FROM re a FULL JOIN re b ON b.g = a.id")
                        .obstacles())
                .singleElement()
                .satisfies(obstacle ->
                        assertThat(obstacle.remedy().text()).contains("write the FULL JOIN as a UNION ALL"));
        assertThat(refused("SELECT g, rank() OVER (ORDER BY n) FROM re"))
                .singleElement()
                .asString()
                .contains("a window over all rows, without PARTITION BY");
        assertThat(refused("SELECT g, n, rank() OVER (PARTITION BY n) AS a, rank() OVER (PARTITION BY g) AS b FROM re"))
                .singleElement()
                .asString()
                .contains("shows no column");
        assertThat(refused("SELECT g, count(*) FROM re GROUP BY GROUPING SETS ((g), ())"))
                .singleElement()
                .asString()
                .contains("GROUPING SETS");
        assertThat(refused("SELECT g, count(*) FROM re GROUP BY g ORDER BY g LIMIT 5"))
                .singleElement()
                .asString()
                .contains("LIMIT");
        assertThat(refused("SELECT count(*) FROM re GROUP BY j"))
                .singleElement()
                .asString()
                .contains("shows no column");
        assertThat(refused("SELECT DISTINCT count(*) FROM re GROUP BY g"))
                .singleElement()
                .asString()
                .contains("shows no column");
        assertThat(refused("SELECT g, count(*) FROM re_keyless GROUP BY g"))
                .anySatisfy(why ->
                        assertThat(why).contains("re_keyless").contains("no primary key or replica identity index"));
        assertThat(
                        refused(
                                "SELECT c, count(*) FROM (SELECT g, string_agg(j::text, ',') AS c FROM re GROUP BY g) s GROUP BY c"))
                .singleElement()
                .asString()
                .contains("may depend on the order in which rows are read (c)");
        assertThat(
                        refused(
                                "SELECT s.g, t.g AS h FROM (SELECT g, count(*) FROM re GROUP BY g) s FULL JOIN re t ON t.g = s.g"))
                .singleElement()
                .asString()
                .contains("the grouped rows of \"s\": on the nullable side");
        execute(
                "CREATE ROLE re_user",
                "CREATE AGGREGATE re_sum (int) (sfunc = int4pl, stype = int)",
                "ALTER AGGREGATE re_sum (int) OWNER TO re_user");
        assertThat(refused("SELECT g, re_sum(n) FROM re GROUP BY g"))
                .anySatisfy(why -> assertThat(why).contains("re_sum").contains("belongs to re_user"));
    }

    @Test
    void isAMaterializedViewAgainWithoutAnyRemains() throws Exception {
        execute("CREATE TABLE ba (id int PRIMARY KEY, g int)", "INSERT INTO ba VALUES (1, 1)");
        view("back", "SELECT g, count(*) FROM ba GROUP BY g");
        long oid = fixture.oid("back");
        try (Handle own = fixture.connectAsRefreshd()) {
            ReverseConversion.back(own, new ViewId("public", "back"));
        }
        assertThat(fixture.database.query(
                        "SELECT relname FROM pg_class WHERE relname LIKE '%\\_" + oid + "%' AND relkind IN ('r', 'v')"))
                .isEmpty();
        assertThat(fixture.database.query("SELECT count(*) FROM refreshd.incremental_map WHERE view_oid = " + oid))
                .containsExactly("0");
        assertThat(rows("back")).containsExactly("(1,1)");
    }
}
