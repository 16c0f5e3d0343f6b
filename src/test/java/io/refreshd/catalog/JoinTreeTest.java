package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The range table holds a, b and c as 1, 2 and 3; 4 is a join, which merges columns. */
class JoinTreeTest {
    private final RangeTable rangeTable = rangeTable();

    private static RangeTable rangeTable() {
        CatalogBuilder catalog =
                new CatalogBuilder().table("a", "id").table("b", "id").table("c", "id");
        Catalog built = catalog.build();
        StringBuilder entries = new StringBuilder();
        for (Relation relation : built.relations()) {
            entries.append("{RANGETBLENTRY :rtekind 0 :relid %d} ".formatted(relation.oid()));
        }
        String query = "({QUERY :rtable (" + entries + "{RANGETBLENTRY :rtekind 2})})";
        return new RangeTable(NodeTree.query(query).orElseThrow(), new CatalogIndex(built));
    }

    private JoinTree tree(String text) throws UnsupportedQueryException {
        return JoinTree.of(NodeTree.parse(text), rangeTable, QueryPurpose.COMPARED);
    }

    private static String from(String where, String... items) {
        return "{FROMEXPR :fromlist (" + String.join(" ", items) + ") :quals " + where + "}";
    }

    private static String table(int index) {
        return "{RANGETBLREF :rtindex " + index + "}";
    }

    private static String join(int type, String left, String right, String condition) {
        return "{JOINEXPR :jointype %d :larg %s :rarg %s :quals %s}".formatted(type, left, right, condition);
    }

    private static String condition(int... entries) {
        StringBuilder variables = new StringBuilder();
        for (int entry : entries) {
            variables.append("{VAR :varno %d :varattno 1 :varlevelsup 0} ".formatted(entry));
        }
        return "{OPEXPR :args (" + variables + ")}";
    }

    @Test
    void innerJoinsMakeNothingNullable() throws Exception {
        JoinTree tree = tree(from(condition(1), join(0, table(1), table(2), condition(1, 2)), table(3)));
        assertThat(tree.joined()).containsExactlyInAnyOrder(1, 2, 3);
        assertThat(tree.preserved()).isEmpty();
        assertThat(tree.isReferenced(2)).isTrue();
        assertThat(tree.isReferenced(3)).isFalse();
    }

    @Test
    void outerJoinsPreserveTheOtherSide() throws Exception {
        assertThat(tree(join(1, table(1), table(2), condition(1, 2))).preserved())
                .isEqualTo(Map.of(2, Set.of(1)));
        assertThat(tree(join(3, table(1), table(2), condition(1, 2))).preserved())
                .isEqualTo(Map.of(1, Set.of(2)));
        assertThat(tree(join(2, table(1), table(2), condition(1, 2))).preserved())
                .isEqualTo(Map.of(1, Set.of(2), 2, Set.of(1)));
    }

    @Test
    void onlyConditionsAboveAnOuterJoinHideItsNullableSide() throws Exception {
        String outer = join(1, table(1), table(2), condition(1, 2));
        assertThat(tree(from("<>", outer)).isHidden(2)).isFalse();
        assertThat(tree(from(condition(1), outer)).isHidden(2)).isFalse();
        assertThat(tree(from(condition(2), outer)).isHidden(2)).isTrue();
        assertThat(tree(from("<>", join(0, outer, table(3), condition(2, 3)))).isHidden(2))
                .isTrue();
        assertThat(tree(from(condition(4), outer)).isHidden(2))
                .as("a column that a join merged")
                .isTrue();
    }

    /** The condition of an outer join drops no row of its preserved side, but it decides what a condition above sees. */
    @Test
    void theConditionOfAnOuterJoinHidesNothingOfItsPreservedSide() throws Exception {
        String inner = join(1, table(1), table(2), condition(1, 2));
        String chain = join(1, inner, table(3), condition(2, 3));
        assertThat(tree(from("<>", chain)).isHidden(2)).isFalse();
        assertThat(tree(from(condition(3), chain)).isHidden(2)).isTrue();
        assertThat(tree(from("<>", join(3, table(3), inner, condition(2, 3)))).isHidden(2))
                .isFalse();
        assertThat(tree(from("<>", join(1, table(3), inner, condition(2, 3)))).isHidden(2))
                .as("on the nullable side")
                .isTrue();
        assertThat(tree(from("<>", join(2, inner, table(3), condition(2, 3)))).isHidden(2))
                .as("a full join")
                .isTrue();
    }

    @Test
    void refusesWhatIsNoJoin() {
        assertThatThrownBy(() -> tree(from("<>", "{SOMETHING :new 1}"))).hasMessageContaining("SOMETHING");
        assertThatThrownBy(() -> tree(join(5, table(1), table(2), "<>"))).hasMessageContaining("unknown kind");
        assertThatThrownBy(() -> tree(from("<>", table(1), table(1)))).hasMessageContaining("unknown form");
        assertThatThrownBy(() -> tree(from("{SUBLINK :testexpr <>}", table(1)))).hasMessageContaining("a sub-query");
    }
}
