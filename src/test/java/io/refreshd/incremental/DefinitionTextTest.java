package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.catalog.IncrementalQuery.Carried;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionTextTest {
    private static final List<HiddenColumn> HIDDEN = List.of(
            new HiddenColumn("refreshd_1", "a \"b\"", "id", 0, 1, List.of()),
            new HiddenColumn("refreshd_2", "c", "x,y", 1, 2, List.of()));

    private static final String INSERTED =
            " \"a \"\"b\"\"\".\"id\" AS \"refreshd_1\", \"c\".\"x,y\" AS \"refreshd_2\",";

    /** Where the columns belong is marked by #. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                " SELECT# id\n   FROM t",
                " WITH w AS (\n         SELECT t.id FROM t\n        )\n SELECT# w.id,\n    w.x\n   FROM w",
                " WITH \"SELECT\" AS (SELECT 'a)(' AS \"x)\") SELECT# \"SELECT\".x FROM \"SELECT\"",
                " WITH w AS (SELECT E'it\\\\'' SELECT (' AS a) SELECT# ((a, b))[1:2], ',' AS c FROM w",
                " WITH w AS (SELECT 'E''' AS e) SELECT# e'\\\\'',' AS \"a\"\",b\" FROM w",
            })
    void theOutermostListIsFound(String marked) {
        String query = marked.replace("#", "");
        String with = DefinitionText.withHidden(query, HIDDEN);
        assertThat(with).isEqualTo(marked.replace("#", INSERTED));
        assertThat(DefinitionText.without(with, 2).replaceAll("\\s+", " ")).isEqualTo(query.replaceAll("\\s+", " "));
        assertThat(DefinitionText.withHidden(query, List.of())).isEqualTo(query);
    }

    /** Where a column is carried through is marked by #. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT s.x FROM (a LEFT JOIN ( SELECT t.x, (t.a IS DISTINCT FROM t.b) AS y# FROM t) s ON (true))",
                "SELECT ( SELECT s.x FROM s) AS s FROM ( SELECT s.x FROM s) s_1, ( SELECT t.x, EXTRACT(year FROM t.d) AS y# FROM t) s(x, y)",
                "SELECT s.x FROM ( WITH w AS ( SELECT 1 FROM u) SELECT 's(' AS x# FROM w) \"s\"",
            })
    void theListOfASubSelectIsFound(String marked) {
        String query = marked.replace("#", "");
        List<HiddenColumn> hidden = List.of(carried("refreshd_1", "a"), carried("refreshd_2", "B"));
        String with = DefinitionText.withHidden(query, hidden);
        assertThat(with)
                .isEqualTo(
                        marked.replace("#", ", \"t\".\"a\" AS \"refreshd_1\", \"t\".\"B\" AS \"refreshd_2\"")
                                .replaceFirst(
                                        "SELECT",
                                        "SELECT \"s\".\"refreshd_1\" AS \"refreshd_1\", \"s\".\"refreshd_2\" AS \"refreshd_2\","));
        assertThat(DefinitionText.without(with, 2)).isEqualTo(query);
    }

    /** Where columns belong is marked by #, and what they show by [ ]. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT# u.name FROM u GROUP BY u.x, [(date_trunc('day, '::text, u.at))], u.y HAVING (count(*) > 1) ORDER BY u.name",
                "WITH w AS ( SELECT 1 AS a FROM t GROUP BY t.b) SELECT# w.a FROM w GROUP BY w.c, [w.b]",
                "SELECT DISTINCT ON (t.a, [(t.b || ','::text)])# t.c FROM t ORDER BY t.a",
                "SELECT# rank() OVER (PARTITION BY t.a, [t.b] ORDER BY t.c) AS r FROM t",
                "SELECT# rank() OVER w AS r FROM t WINDOW w AS (PARTITION BY t.a, [t.b])",
            })
    void aKeyOfGroupsIsShown(String marked) {
        String key = marked.substring(marked.indexOf('[') + 1, marked.indexOf(']'));
        String query = marked.replaceAll("[#\\[\\]]", "");
        String with = DefinitionText.withHidden(query, List.of(HiddenColumn.ofGroups("refreshd_1", "", 2)));
        assertThat(with).isEqualTo(marked.replaceAll("[\\[\\]]", "").replace("#", " " + key + " AS \"refreshd_1\","));
        assertThat(DefinitionText.without(with, 1)).isEqualTo(query);
        assertThatThrownBy(() -> DefinitionText.withHidden(query, List.of(HiddenColumn.ofGroups("refreshd_1", "", 4))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static HiddenColumn carried(String name, String column) {
        return new HiddenColumn(
                name, "s", name, 0, 1, List.of(new Carried(List.of(new Inner("s", false)), "t", column)));
    }

    @Test
    void aColumnIsCarriedThroughSeveralLists() {
        String query = "WITH w(x) AS NOT MATERIALIZED ( SELECT t.x FROM ( SELECT u.x FROM u) t) SELECT w.x FROM w";
        Inner w = new Inner("w", true);
        HiddenColumn column = new HiddenColumn(
                "r",
                "w",
                "r",
                0,
                1,
                List.of(new Carried(List.of(w), "t", "r"), new Carried(List.of(w, new Inner("t", false)), "u", "id")));
        String with = DefinitionText.withHidden(query, List.of(column));
        assertThat(with)
                .isEqualTo(
                        "WITH w(x) AS NOT MATERIALIZED ( SELECT t.x, \"t\".\"r\" AS \"r\" FROM ( SELECT u.x, \"u\".\"id\" AS \"r\" FROM u) t)"
                                + " SELECT \"w\".\"r\" AS \"r\", w.x FROM w");
        assertThat(DefinitionText.without(with, 1)).isEqualTo(query);
    }

    /** The server writes the names of all columns where a sub-select has other names than its list. */
    @Test
    void aCarriedColumnIsTakenOutOfTheNamesOfColumns() {
        assertThat(DefinitionText.without(
                        "WITH w(m, r_1) AS ( SELECT t.x, t.a AS r_1 FROM t) SELECT w.r_1, s.r_2, (w.m, s.k) AS c FROM w,"
                                + " ( SELECT u.y, u.a AS r_1, u.b AS r_2 FROM u) s(k, r_1, r_2)",
                        2))
                .isEqualTo(
                        "WITH w(m) AS ( SELECT t.x FROM t) SELECT (w.m, s.k) AS c FROM w, ( SELECT u.y FROM u) s(k)");
    }

    @Test
    void aTextWithoutTheListIsNoQuery() {
        assertThatThrownBy(() -> DefinitionText.withHidden("TABLE t", HIDDEN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.withHidden("(SELECT 1", HIDDEN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.without("SELECT a, b FROM t", 2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.without("SELECT 'a", 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesFitAndDiffer() {
        String longest = "ä".repeat(31) + "x";
        StoreNames first = StoreNames.of(new ViewId("public", longest), 4_294_967_295L);
        StoreNames second = StoreNames.of(new ViewId("other", longest), 16_384);
        assertThat(List.of(
                        first.store().name(),
                        first.definition().name(),
                        second.store().name(),
                        second.definition().name()))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.getBytes(StandardCharsets.UTF_8).length <= 63);
        assertThat(StoreNames.of(new ViewId("public", "v"), 5).store()).isEqualTo(new ViewId("refreshd_store", "v_5"));
    }
}
