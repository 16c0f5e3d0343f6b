package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.ViewId;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cases of groups over groups, LATERAL, and what is computed row by row. Set-up as in {@link GroupedCasesIT}: tables have REPLICA IDENTITY
 * DEFAULT unless a test says otherwise.
 */
class OperatorCasesIT extends ConvertedCases {
    /** The tables whose changes recompute everything. */
    private static List<String> everything(String query) throws Exception {
        IncrementalQuery plan = plan(query);
        assertThat(plan.obstacles()).isEmpty();
        return plan.allTables().stream()
                .filter(table -> table.everything().isPresent())
                .map(TableChanges::table)
                .map(table -> table.name())
                .toList();
    }

    @Test
    void groupsByAPartOfTheKeyOfOtherGroups() throws Exception {
        execute(
                "CREATE TABLE gp_pipe (id int PRIMARY KEY, project int)",
                "CREATE TABLE gp_job (id int PRIMARY KEY, pipe int)",
                "INSERT INTO gp_pipe SELECT i, i % 3 FROM generate_series(1, 6) i",
                "INSERT INTO gp_job SELECT i, i % 7 FROM generate_series(1, 20) i");
        view(
                "load",
                "SELECT project, avg(jobs) AS mean, max(jobs) AS most FROM (SELECT p.project, p.id, count(j.id) AS jobs"
                        + " FROM gp_pipe p LEFT JOIN gp_job j ON j.pipe = p.id GROUP BY p.project, p.id) s WHERE jobs > 1"
                        + " GROUP BY project");
        // One map serves both levels.
        assertThat(layout("load").maps()).hasSize(1);
        byKeys("load", "UPDATE gp_job SET pipe = 1 WHERE id IN (2, 3)");
        byKeys("load", "UPDATE gp_pipe SET project = 5 WHERE id = 1", "DELETE FROM gp_job WHERE id = 4");
        byKeys("load", "DELETE FROM gp_pipe WHERE project = 0", "INSERT INTO gp_job VALUES (30, 1)");
        assertThat(rows("load")).anyMatch(row -> row.startsWith("(5,"));
    }

    @Test
    void groupsOfTheRowsOfAUnion() throws Exception {
        execute(
                "CREATE TABLE gu (id int PRIMARY KEY, product int, source int, target int, n numeric, done boolean)",
                "INSERT INTO gu SELECT i, i % 2, i % 3, i % 4, i, i % 5 > 0 FROM generate_series(1, 20) i");
        view(
                "stock",
                "SELECT product, place, sum(n) AS n FROM (SELECT product, target AS place, n FROM gu WHERE done"
                        + " UNION ALL SELECT product, source, -n FROM gu WHERE done) moved GROUP BY product, place");
        assertThat(layout("stock").maps()).hasSize(2);
        byKeys("stock", "UPDATE gu SET target = 9 WHERE id = 1");
        byKeys("stock", "UPDATE gu SET done = false, product = 7 WHERE id = 2", "DELETE FROM gu WHERE id = 3");
        byKeys("stock", "UPDATE gu SET target = NULL, source = NULL WHERE id = 6");
        view(
                "first_of_both",
                "SELECT DISTINCT ON (x.product) x.product, x.n, x.id FROM (SELECT id, product, n FROM gu WHERE done"
                        + " UNION ALL SELECT -id, product, n FROM gu WHERE NOT done) x ORDER BY x.product, x.n DESC, x.id");
        byKeys("first_of_both", "UPDATE gu SET product = 1 - product WHERE id = 20");
    }

    /** The rows of the outer groups come and go with inner groups, which come and go with rows that no longer show them. */
    @Test
    void groupsOfATableThatIsJoinedWithGroups() throws Exception {
        execute(
                "CREATE TABLE gg_team (id int PRIMARY KEY, name text)",
                "CREATE TABLE gg_channel (id int PRIMARY KEY, team int)",
                "CREATE TABLE gg_post (id int PRIMARY KEY, channel int, at int)",
                "INSERT INTO gg_team VALUES (1, 'a'), (2, 'b'), (3, 'b')",
                "INSERT INTO gg_channel SELECT i, i % 4 FROM generate_series(1, 8) i",
                "INSERT INTO gg_post SELECT i, i % 9, i FROM generate_series(1, 30) i");
        String perChannel = "(SELECT c.team, p.channel, count(*) AS posts, max(p.at) AS last FROM gg_post p"
                + " JOIN gg_channel c ON c.id = p.channel GROUP BY c.team, p.channel)";
        view(
                "by_team",
                "SELECT t.name, count(s.channel) AS channels, sum(s.posts) AS posts, max(s.last) AS last FROM gg_team t"
                        + " LEFT JOIN " + perChannel + " s ON s.team = t.id GROUP BY t.name");
        // That of the posts leads to that of the teams, which leads to the view.
        assertThat(layout("by_team").maps()).hasSize(2);
        assertThat(layout("by_team").maps().getFirst().of()).isEqualTo(2);
        byKeys("by_team", "UPDATE gg_post SET channel = 1 WHERE id = 2");
        byKeys("by_team", "UPDATE gg_channel SET team = 3 WHERE id = 1", "UPDATE gg_team SET name = 'c' WHERE id = 3");
        byKeys("by_team", "DELETE FROM gg_post WHERE channel = 1", "DELETE FROM gg_team WHERE id = 2");
        byKeys("by_team", "UPDATE gg_channel SET team = NULL WHERE id = 2");
        byKeys("by_team", "INSERT INTO gg_team VALUES (0, 'b')", "UPDATE gg_channel SET id = 50 WHERE id = 4");
        view(
                "busy_channels",
                "SELECT t.name, count(*) AS n FROM gg_team t JOIN " + perChannel
                        + " s ON s.team = t.id AND s.posts > 2 GROUP BY t.name");
        byKeys("busy_channels", "DELETE FROM gg_post WHERE id IN (5, 14)");
        byKeys("busy_channels", "INSERT INTO gg_post SELECT i, 5, 1 FROM generate_series(100, 105) i");
        // Recomputed as a whole, the maps are too.
        execute("TRUNCATE gg_post", "INSERT INTO gg_post VALUES (1, 5, 1), (2, 5, 1), (3, 5, 2)");
        assertThat(routed("busy_channels")).isEmpty();
        round("busy_channels", List.of());
        byKeys("busy_channels", "UPDATE gg_post SET channel = 6");
    }

    @Test
    void groupsByWhatIsComputedOfOtherGroups() throws Exception {
        execute(
                "CREATE TABLE gh (id int PRIMARY KEY, g int)",
                "INSERT INTO gh SELECT i, i % 5 FROM generate_series(1, 12) i");
        view(
                "histogram",
                "SELECT n, count(*) AS groups FROM (SELECT g, count(*) AS n FROM gh GROUP BY g) s GROUP BY n");
        byKeys("histogram", "UPDATE gh SET g = 1 WHERE id = 2");
        byKeys("histogram", "UPDATE gh SET g = NULL WHERE g = 3", "DELETE FROM gh WHERE g = 4");
        assertThat(rows("histogram")).containsExactly("(2,3)", "(4,1)");
        view(
                "ranked",
                "SELECT g, n, rank() OVER (PARTITION BY n ORDER BY g) AS place FROM"
                        + " (SELECT g, count(*) AS n FROM gh GROUP BY g) s");
        byKeys("ranked", "UPDATE gh SET g = 9 WHERE id = 5");
    }

    @Test
    void twoUsesOfOneColumnHaveOneMap() throws Exception {
        execute(
                "CREATE TABLE tw_u (id int PRIMARY KEY, boss int)",
                "CREATE TABLE tw_p (id int PRIMARY KEY, u int)",
                "INSERT INTO tw_u VALUES (1, 3), (2, 3), (3, NULL)",
                "INSERT INTO tw_p VALUES (11, 1), (12, 3), (13, 3)");
        view(
                "used_twice",
                "SELECT u.id, (SELECT count(*) FROM tw_p p WHERE p.u = u.id) AS own,"
                        + " (SELECT count(*) FROM tw_p p WHERE p.u = u.boss) AS of_boss FROM tw_u u");
        assertThat(layout("used_twice").maps())
                .hasSize(2)
                .extracting(map -> map.store().storeOid())
                .containsOnly(layout("used_twice").maps().getFirst().store().storeOid());
        assertThat(byKeys("used_twice", "UPDATE tw_p SET u = 2 WHERE id = 12")).isEqualTo(3);
        assertThat(rows("used_twice")).containsExactly("(1,1,1)", "(2,1,1)", "(3,1,0)");
        assertThat(byKeys("used_twice", "DELETE FROM tw_p WHERE id = 13", "INSERT INTO tw_p VALUES (14, 1)"))
                .isEqualTo(3);
        execute("TRUNCATE tw_p");
        assertThat(routed("used_twice")).as("everything").isEmpty();
        round("used_twice", List.of());
        try (Handle own = fixture.connectAsRefreshd()) {
            ReverseConversion.back(own, new ViewId("public", "used_twice"));
        }
        assertThat(fixture.database.query("SELECT relname FROM pg_class WHERE relname LIKE 'used_twice\\_%'"))
                .isEmpty();
    }

    /** A comment leads to a user over a post. Of each of them the log holds the key alone. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(SELECT count(*) FROM T_c c JOIN T_p p ON p.id = c.p WHERE p.u = u.id)",
                "EXISTS (SELECT FROM T_p p WHERE p.u = u.id AND EXISTS (SELECT FROM T_c c WHERE c.p = p.id))",
                "(SELECT max(c.id) FROM T_c c, T_p p WHERE p.id = c.p AND u.id = p.u)",
            })
    void aColumnThatLeadsThroughAnotherTableAndIsNotInTheLog(String expression) throws Exception {
        String t = "lead" + Math.abs(expression.hashCode());
        String view = t + "_view";
        for (String sql : List.of(
                "CREATE TABLE T_u (id int PRIMARY KEY, v text)",
                "CREATE TABLE T_p (id int PRIMARY KEY, u int)",
                "CREATE TABLE T_c (id int PRIMARY KEY, p bigint)",
                "INSERT INTO T_u VALUES (1, 'a'), (2, 'b'), (3, 'c')",
                "INSERT INTO T_p VALUES (11, 1), (12, 2), (13, NULL)",
                "INSERT INTO T_c VALUES (21, 11), (22, NULL)")) {
            execute(sql.replace("T_", t + "_"));
        }
        view(view, ("SELECT u.v, " + expression + " AS n FROM T_u u").replace("T_", t + "_"));
        assertThat(layout(view).maps()).hasSize(2);
        for (String sql : List.of(
                "UPDATE T_c SET p = 12 WHERE id = 21",
                "UPDATE T_p SET u = 3 WHERE id = 12; UPDATE T_c SET p = 12 WHERE id = 22; UPDATE T_c SET p = 11 WHERE id = 21",
                "UPDATE T_p SET id = 14 WHERE id = 11; UPDATE T_c SET id = 24, p = 14 WHERE id = 22",
                "BEGIN; DELETE FROM T_p WHERE id = 14; DELETE FROM T_c; COMMIT",
                "INSERT INTO T_c VALUES (25, 12), (26, 5000000000)")) {
            assertThat(byKeys(view, sql.replace("T_", t + "_"))).as(sql).isPositive();
            for (StoreLayout.GroupMap map : layout(view).maps()) {
                assertThat(fixture.differs(map.store()))
                        .as("a map after " + sql)
                        .isFalse();
            }
        }
        assertThat(rows(view)).hasSize(3);
    }

    /** What refreshd advises in place of a FULL JOIN has the same rows. */
    @Test
    void groupsOfAUnionInPlaceOfAFullJoin() throws Exception {
        execute(
                "CREATE TABLE fu_in (id int PRIMARY KEY, product int, n int)",
                "CREATE TABLE fu_out (id int PRIMARY KEY, product int, n int)",
                "INSERT INTO fu_in VALUES (1, 1, 5), (2, 1, 2), (3, 2, 1)",
                "INSERT INTO fu_out VALUES (1, 2, 1), (2, 3, 9)");
        String received = "SELECT product, sum(n) AS received%s FROM fu_in GROUP BY product";
        String ordered = "SELECT product%s, sum(n) AS ordered FROM fu_out GROUP BY product";
        String full = "SELECT coalesce(r.product, o.product) AS product, r.received, o.ordered FROM ("
                + received.formatted("") + ") r FULL JOIN (" + ordered.formatted("") + ") o ON o.product = r.product";
        assertThat(plan(full).obstacles()).singleElement().satisfies(why -> {
            assertThat(why.what()).contains("of a FULL JOIN both sides are");
            assertThat(why.remedy().toString()).contains("UNION ALL of both sides");
        });
        view(
                "full_of_union",
                "SELECT product, max(received) AS received, max(ordered) AS ordered FROM ("
                        + received.formatted(", NULL AS ordered") + " UNION ALL " + ordered.formatted(", NULL")
                        + ") s GROUP BY product");
        byKeys("full_of_union", "UPDATE fu_out SET product = 1 WHERE id = 1", "DELETE FROM fu_in WHERE product = 2");
        assertThat(rows("full_of_union")).containsExactly("(1,7,1)", "(3,,9)");
        byKeys("full_of_union", "DELETE FROM fu_out WHERE id = 2", "INSERT INTO fu_in VALUES (4, 3, 1)");
        assertThat(rows("full_of_union"))
                .containsExactlyElementsOf(fixture.database.query("SELECT x::text FROM (" + full + ") x ORDER BY 1"));
    }

    @Test
    void groupsInsideOfASubSelectThatJoins() throws Exception {
        execute(
                "CREATE TABLE gi (id int PRIMARY KEY, name text)",
                "CREATE TABLE gi_d (id int PRIMARY KEY, gi int)",
                "INSERT INTO gi VALUES (1, 'a'), (2, 'b')",
                "INSERT INTO gi_d VALUES (1, 1), (2, 1), (3, 2)");
        view(
                "inside",
                "SELECT upper(x.name) AS name, x.n FROM (SELECT t.name, d.n FROM gi t LEFT JOIN"
                        + " (SELECT gi, count(*) AS n FROM gi_d GROUP BY gi) d ON d.gi = t.id) x");
        byKeys("inside", "UPDATE gi_d SET gi = 2 WHERE id = 1");
        byKeys("inside", "DELETE FROM gi_d WHERE gi = 2", "UPDATE gi SET id = 5 WHERE id = 1");
        assertThat(rows("inside")).containsExactly("(A,)", "(B,)");
    }

    /** Of a column that several tables have after USING, it is not known whose it is. */
    @Test
    void theLatestRowByALateralSubSelect() throws Exception {
        execute(
                "CREATE TABLE la_p (id int PRIMARY KEY, name text, gone boolean)",
                "CREATE TABLE la_r (id int PRIMARY KEY, p int, status text, at int)",
                "INSERT INTO la_p VALUES (1, 'a', false), (2, 'b', NULL), (3, 'c', true)",
                "INSERT INTO la_r VALUES (1, 1, 'x', 1), (2, 1, 'y', 2), (3, 3, 'z', 3)");
        String latest = "SELECT p.name, l.status, l.at FROM la_p p LEFT JOIN LATERAL (SELECT r.status, r.at FROM la_r r"
                + " WHERE r.p = p.id ORDER BY r.at DESC, r.id LIMIT 1) l ON true WHERE p.gone IS NOT TRUE";
        assertThat(everything(latest)).isEmpty();
        view("latest", latest);
        // The log holds no old value of p.
        assertThat(layout("latest").maps()).hasSize(1);
        assertThat(byKeys("latest", "UPDATE la_r SET p = 2 WHERE id = 2")).isEqualTo(2);
        assertThat(byKeys("latest", "INSERT INTO la_r VALUES (9, 2, 'w', 1)")).isZero();
        byKeys("latest", "DELETE FROM la_r WHERE id = 2", "UPDATE la_p SET gone = false WHERE id = 3");
        assertThat(rows("latest")).containsExactly("(a,x,1)", "(b,w,1)", "(c,z,3)");
        view(
                "sums",
                "SELECT p.name, s.n, s.all FROM la_p p CROSS JOIN LATERAL (SELECT count(*) AS n, string_agg(r.status, ','"
                        + " ORDER BY r.id) AS all FROM la_r r WHERE r.p = p.id HAVING count(*) > 0) s");
        byKeys("sums", "UPDATE la_r SET p = 1", "UPDATE la_r SET status = 'q' WHERE id = 9");
        assertThat(rows("sums")).containsExactly("(a,3,\"x,z,q\")");
    }

    /** A row that finds its match, and then none by LATERAL, goes with the row that has NULLs in its place. */
    @Test
    void aLateralSubSelectThatCorrelatesWithANullableSide() throws Exception {
        execute(
                "CREATE TABLE ln_t (id int PRIMARY KEY)",
                "CREATE TABLE ln_u (id int PRIMARY KEY, t int)",
                "CREATE TABLE ln_x (id int PRIMARY KEY, u int)",
                "ALTER TABLE ln_x REPLICA IDENTITY FULL",
                "ALTER TABLE ln_u REPLICA IDENTITY FULL",
                "INSERT INTO ln_t VALUES (1), (2)",
                "INSERT INTO ln_x VALUES (1, 7)");
        view(
                "without_any",
                "SELECT t.id AS t FROM ln_t t LEFT JOIN ln_u u ON u.t = t.id CROSS JOIN LATERAL"
                        + " (SELECT count(*) AS n FROM ln_x x WHERE x.u = u.id HAVING count(*) = 0) l");
        assertThat(rows("without_any")).containsExactly("(1)", "(2)");
        byKeys("without_any", "INSERT INTO ln_u VALUES (7, 1)");
        assertThat(rows("without_any")).containsExactly("(2)");
        byKeys("without_any", "UPDATE ln_u SET id = 8");
        assertThat(rows("without_any")).containsExactly("(1)", "(2)");
    }

    @Test
    void subQueriesWhoseValueDependsOnTheOrderOfRows() throws Exception {
        execute(
                "CREATE TABLE so_t (id int PRIMARY KEY, n int)",
                "CREATE TABLE so_u (id int PRIMARY KEY, t int, v text, n int)",
                "ALTER TABLE so_u REPLICA IDENTITY FULL",
                "CREATE TABLE so_other (id int PRIMARY KEY, n int)",
                "INSERT INTO so_t VALUES (1, 1), (2, 2)",
                "INSERT INTO so_other VALUES (1, 1), (2, 3)",
                "INSERT INTO so_u VALUES (1, 1, 'a', 1), (2, 1, 'b', 2), (3, 2, 'c', 3)");
        view(
                "ordered",
                "SELECT t.id, ARRAY(SELECT u.v FROM so_u u WHERE u.t = t.id ORDER BY u.id) AS all,"
                        + " (SELECT u.v FROM so_u u WHERE u.t = t.id ORDER BY u.id DESC LIMIT 1) AS last,"
                        + " (SELECT string_agg(u.v, '+' ORDER BY u.v) FROM so_u u WHERE u.t = t.id) AS text,"
                        + " t.n >= ALL (SELECT u.n FROM so_u u WHERE u.t = t.id) AS most FROM so_t t");
        assertThat(byKeys("ordered", "UPDATE so_u SET t = 2 WHERE id = 2")).isEqualTo(2);
        assertThat(rows("ordered")).containsExactly("(1,{a},a,a,t)", "(2,\"{b,c}\",c,b+c,f)");
        // One that is the same for all rows alters all of them.
        String same = "SELECT t.id, t.n > (SELECT avg(o.n) FROM so_other o) AS above FROM so_t t";
        assertThat(everything(same)).containsExactly("so_other");
        view("above", same);
        assertThat(byKeys("above", "UPDATE so_t SET n = 9 WHERE id = 2")).isEqualTo(1);
        execute("UPDATE so_other SET n = 99");
        assertThat(routed("above")).isEmpty();
        round("above", List.of());
        assertThat(rows("above")).containsExactly("(1,f)", "(2,f)");
    }

    @Test
    void subQueriesInColumnsAndHavingOfAGroupedQuery() throws Exception {
        execute(
                "CREATE TABLE sg (id int PRIMARY KEY, g int, n int)",
                "CREATE TABLE sg_name (id int PRIMARY KEY, name text)",
                "CREATE TABLE sg_hidden (g int, why text)",
                "ALTER TABLE sg_hidden REPLICA IDENTITY FULL",
                "INSERT INTO sg SELECT i, i % 3, i FROM generate_series(1, 9) i",
                "INSERT INTO sg_name VALUES (1, 'one'), (2, 'two')",
                "INSERT INTO sg_hidden VALUES (2, 'x')");
        String query = "SELECT s.g, sum(s.n) AS n, (SELECT d.name FROM sg_name d WHERE d.id = s.g) AS name FROM sg s"
                + " GROUP BY s.g HAVING NOT EXISTS (SELECT FROM sg_hidden h WHERE h.g = s.g)";
        assertThat(everything(query)).isEmpty();
        view("named_groups", query);
        assertThat(byKeys("named_groups", "UPDATE sg_name SET name = 'ONE' WHERE id = 1"))
                .isEqualTo(1);
        assertThat(byKeys("named_groups", "UPDATE sg_hidden SET g = 1")).isEqualTo(2);
        assertThat(rows("named_groups")).containsExactly("(0,18,)", "(2,15,two)");
        byKeys("named_groups", "UPDATE sg SET g = 7 WHERE id = 2", "INSERT INTO sg_name VALUES (7, 'seven')");
        // Beside other tables, in a part of FROM.
        view(
                "joined_with_named",
                "SELECT d.id, x.n, x.why FROM sg_name d LEFT JOIN (SELECT s.g, count(*) AS n,"
                        + " (SELECT max(h.why) FROM sg_hidden h WHERE h.g = s.g) AS why FROM sg s GROUP BY s.g) x ON x.g = d.id");
        byKeys("joined_with_named", "UPDATE sg_hidden SET g = 2, why = 'y'");
        byKeys("joined_with_named", "UPDATE sg SET g = 1 WHERE g = 0", "DELETE FROM sg_hidden");
        // What an aggregate reads of a sub-query is not the same for all rows of the group.
        assertThat(
                        everything(
                                "SELECT s.g, sum((SELECT count(*) FROM sg_hidden h WHERE h.g = s.n)) AS n FROM sg s GROUP BY s.g"))
                .containsExactly("sg_hidden");
    }

    @Test
    void functionsAndValuesInFromAndSeveralRowsOfOne() throws Exception {
        execute(
                "CREATE TABLE fn (id int PRIMARY KEY, tags text[], n int)",
                "INSERT INTO fn VALUES (1, '{a,b}', 2), (2, '{}', 1), (3, NULL, NULL), (4, '{b}', 0)");
        view(
                "tags",
                "SELECT f.n, tag, place, v.name FROM fn f CROSS JOIN unnest(f.tags) WITH ORDINALITY AS x(tag, place)"
                        + " LEFT JOIN (VALUES (1, 'one'), (2, 'two')) v(n, name) ON v.n = f.n");
        assertThat(byKeys("tags", "UPDATE fn SET tags = '{c}' WHERE id = 2")).isEqualTo(1);
        byKeys("tags", "UPDATE fn SET n = 1, tags = '{a,a}' WHERE id = 1");
        view("of_columns", "SELECT unnest(tags) AS tag, generate_series(1, n) AS i FROM fn");
        byKeys("of_columns", "UPDATE fn SET tags = tags || '{z}', n = 3 WHERE id IN (1, 3)");
        view("by_tag", "SELECT unnest(f.tags) AS tag, count(*) AS n FROM fn f GROUP BY 1");
        assertThat(byKeys("by_tag", "UPDATE fn SET tags = '{b,q}' WHERE id = 1"))
                .isPositive();
        assertThat(rows("by_tag")).contains("(b,2)", "(q,1)").doesNotContain("(a,1)");
        // The shorter one is filled up with NULLs, whose groups a map of the other one does not know.
        assertThat(refused("SELECT unnest(tags) AS tag, generate_series(1, n) AS i, count(*) FROM fn GROUP BY 1, 2"))
                .singleElement()
                .asString()
                .contains("a set-returning function");
    }

    @Test
    void expressionsThatDependOnTheirOwnRowAlone() throws Exception {
        execute(
                "CREATE DOMAIN ex_short AS text CHECK (length(VALUE) < 9)",
                "CREATE TYPE ex_pair AS (x int, y int)",
                "CREATE TABLE ex (id int PRIMARY KEY, n int, t text, a text[], j jsonb, p ex_pair)",
                "INSERT INTO ex VALUES (1, 1, 'b', '{x,y}', '{\"k\": 1}', '(1,2)'), (2, 5, 'A', NULL, NULL, NULL)");
        view(
                "forms",
                "SELECT a[1] AS first, j['k'] AS k, t COLLATE \"C\" < 'a' AS upper, t::ex_short AS short,"
                        + " a::varchar[] AS b, (p).y FROM ex WHERE (n, id) > (0, 9)");
        assertThat(byKeys("forms", "UPDATE ex SET a[1] = 'q', t = 'Z', n = 2 WHERE id = 1"))
                .isEqualTo(1);
        assertThat(rows("forms")).anyMatch(row -> row.startsWith("(q,1,t,Z,"));
        execute(
                "CREATE ROLE ex_user",
                "CREATE FUNCTION ex_check(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
                "CREATE DOMAIN ex_foreign AS text CHECK (ex_check(VALUE))",
                "ALTER FUNCTION ex_check(text) OWNER TO ex_user");
        assertThat(refused("SELECT id, t::ex_foreign FROM ex"))
                .anySatisfy(why -> assertThat(why).contains("ex_check").contains("belongs to ex_user"));
        assertThat(refused("SELECT id, CURRENT_DATE AS day FROM ex"))
                .singleElement()
                .asString()
                .contains("reads the clock");
        assertThat(refused("SELECT id, CURRENT_USER AS who FROM ex"))
                .anySatisfy(why -> assertThat(why).contains("CURRENT_DATE or the like"));
    }
}
