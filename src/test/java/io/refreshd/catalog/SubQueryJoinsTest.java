package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.NodeTree.Node;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The range table of each query holds a and b as 1 and 2. Bindings are written as {@code a.1 = outer.1}, with the numbers of columns;
 * tables of a sub-query inside have a quote.
 */
class SubQueryJoinsTest {
    private static final String FLAGS =
            " :hasAggs false :hasWindowFuncs false :hasTargetSRFs false :hasDistinctOn false"
                    + " :hasRecursive false :hasModifyingCTE false :cteList <> :groupClause <> :groupingSets <> :havingQual <>"
                    + " :windowClause <> :distinctClause <> :limitOffset <> :limitCount <> :rowMarks <> :setOperations <>";

    private static final String A = "{RANGETBLREF :rtindex 1}";
    private static final String B = "{RANGETBLREF :rtindex 2}";

    private final Catalog catalog =
            new CatalogBuilder().table("a", "id", "x").table("b", "id", "x").build();

    private String query(String from, String where) {
        StringBuilder entries = new StringBuilder();
        for (Relation relation : catalog.relations()) {
            entries.append("{RANGETBLENTRY :rtekind 0 :relid %d} ".formatted(relation.oid()));
        }
        return "{QUERY :rtable (" + entries + ") :jointree {FROMEXPR :fromlist (" + from + ") :quals " + where
                + "} :targetList ({TARGETENTRY :expr " + variable(1, 1, 0) + " :resno 1 :resjunk false})" + FLAGS + "}";
    }

    private static String variable(int entry, int column, int level) {
        return "{VAR :varno %d :varattno %d :varlevelsup %d :varcollid 0}".formatted(entry, column, level);
    }

    private static String equal(String left, String right) {
        return "{OPEXPR :opno 96 :inputcollid 0 :args (" + left + " " + right + ")}";
    }

    private static String both(String one, String other) {
        return "{BOOLEXPR :boolop and :args (" + one + " " + other + ")}";
    }

    private static String join(int type, String condition) {
        return "{JOINEXPR :jointype %d :larg %s :rarg %s :quals %s}".formatted(type, A, B, condition);
    }

    private static String in(String value, String query) {
        return "{SUBLINK :subLinkType 2 :testexpr " + equal(value, "{PARAM :paramkind 2 :paramid 1}") + " :subselect "
                + query + "}";
    }

    private static Node node(String text) {
        return (Node) NodeTree.parse(text);
    }

    private List<String> bindings(String query) {
        return bindings(new SubLink(node(query), Optional.empty(), true, false));
    }

    private List<String> bindings(SubLink subLink) {
        SubQueryJoins joins = new SubQueryJoins(subLink, new CatalogIndex(catalog), outer -> outer.is("varattno", "1"));
        return joins.bindings().stream()
                .map(binding -> name(joins, binding.column()) + " = "
                        + switch (binding.value()) {
                            case SubQueryJoins.Inner inner -> name(joins, inner);
                            case SubQueryJoins.Outer(Node outer) -> "outer." + outer.number("varattno");
                        })
                .toList();
    }

    private static String name(SubQueryJoins joins, SubQueryJoins.Inner column) {
        return joins.reads().get(column.read()).table().name() + (column.read() < 2 ? "." : "'.") + column.column();
    }

    @Test
    void anInnerJoinBindsEachSideToTheOther() {
        assertThat(bindings(query(
                        join(0, equal(variable(1, 2, 0), variable(2, 1, 0))),
                        equal(variable(1, 1, 0), variable(1, 1, 1)))))
                .containsExactlyInAnyOrder("a.2 = b.1", "b.1 = a.2", "a.1 = outer.1");
    }

    /** A row of the preserved side stays, whether or not it meets the condition. */
    @Test
    void anOuterJoinBindsItsNullableSideAlone() {
        String condition = equal(variable(1, 2, 0), variable(2, 1, 0));
        assertThat(bindings(query(join(1, condition), "<>"))).containsExactly("b.1 = a.2");
        assertThat(bindings(query(join(3, condition), "<>"))).containsExactly("a.2 = b.1");
        assertThat(bindings(query(join(2, condition), "<>"))).isEmpty();
        assertThat(bindings(query(join(1, equal(variable(1, 2, 0), variable(1, 1, 1))), "<>")))
                .isEmpty();
    }

    @Test
    void aSubQueryInsideIsBoundToTheQueriesAroundIt() {
        String inside = query(
                A, both(equal(variable(1, 2, 0), variable(2, 1, 1)), equal(variable(1, 1, 0), variable(1, 2, 2))));
        assertThat(bindings(query(A + " " + B, "{SUBLINK :subLinkType 0 :testexpr <> :subselect " + inside + "}")))
                .containsExactlyInAnyOrder("a'.2 = b.1", "a'.1 = outer.2");
    }

    /** The row that is kept out of the one column may come through the other. */
    @Test
    void aConditionUnderOrBindsNothing() {
        String either = "{BOOLEXPR :boolop or :args (" + equal(variable(1, 1, 0), variable(1, 1, 1)) + " "
                + equal(variable(1, 2, 0), variable(1, 1, 1)) + ")}";
        assertThat(bindings(query(A, either))).isEmpty();
    }

    @Test
    void inBindsWhatItComparesAndNotInColumnsOfKeysAlone() {
        SubLink in = new SubLink(
                node(query(A, "<>")),
                Optional.of(node(equal(variable(1, 2, 0), "{PARAM :paramkind 2 :paramid 1}"))),
                true,
                false);
        assertThat(bindings(in)).containsExactly("a.1 = outer.2");
        assertThat(bindings(new SubLink(in.query(), in.comparison(), false, false)))
                .isEmpty();
        Optional<Node> ofKeys = Optional.of(node(equal(variable(1, 1, 0), "{PARAM :paramkind 2 :paramid 1}")));
        assertThat(bindings(new SubLink(in.query(), ofKeys, false, false))).containsExactly("a.1 = outer.1");
        // An outer join puts NULL in the place of the key.
        Node nullable = node(query(join(3, "<>"), "<>"));
        assertThat(bindings(new SubLink(nullable, ofKeys, false, false))).isEmpty();
        assertThat(bindings(new SubLink(nullable, ofKeys, true, false))).containsExactly("a.1 = outer.1");
    }

    @Test
    void notInInsideOfASubQuery() {
        String rows = query(A, "<>");
        assertThat(bindings(query(B, in(variable(2, 2, 0), rows)))).containsExactly("a'.1 = b.2");
        String not = "{BOOLEXPR :boolop not :args (%s)}";
        assertThat(bindings(query(B, not.formatted(in(variable(2, 2, 0), rows)))))
                .isEmpty();
        assertThat(bindings(query(B, not.formatted(in(variable(2, 1, 0), rows)))))
                .containsExactly("a'.1 = b.1");
    }
}
