package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.List;
import java.util.Set;

/**
 * The key of a view that has one row for all rows that it reads: the constant TRUE, in a hidden column. So it has a group like any other,
 * but one that stays when it has no rows.
 */
final class OneRowKey {
    /** As the server stores it. */
    private static final Node COLUMN = (Node) NodeTree.parse("{TARGETENTRY :expr {CONST :consttype 16 :consttypmod -1"
            + " :constcollid 0 :constlen 1 :constbyval true :constisnull false :location -1"
            + " :constvalue 1 [ 1 0 0 0 0 0 0 0 ]} :resno 1 :ressortgroupref 0 :resjunk false}");

    private OneRowKey() {}

    static Node column() {
        return COLUMN;
    }

    static boolean isKey(Node expression) {
        return expression.label().equals("CONST") && expression.is("consttype", "16");
    }

    /**
     * The plan of a view, or why there is none: without totals each change would cost reading all rows, which is what a refresh costs.
     *
     * @param query the view's own, with the hidden column
     */
    static IncrementalQuery checked(IncrementalQuery plan, Relation view, Node query) {
        return !plan.possible()
                        || !GroupKey.isOfOneRow(query)
                        || (GroupTotals.mapOf(plan) > 0 && GroupTotals.suffice(query, List.of(1), Set.of()))
                ? plan
                : IncrementalQuery.not(view, List.of(obstacle(view.sql())));
    }

    /** @param view name of the view */
    static Obstacle obstacle(String view) {
        return new Obstacle(
                view + " has " + GroupKey.ONE_ROW
                        + ", that is not kept by differences: each change would cost reading all rows",
                Remedy.text(
                        "use count, and sum, avg, min and max of whole numbers, numeric (no min or max), dates or timestamps"
                                + " alone, without DISTINCT or ORDER BY, over tables; or group the rows by a column, and aggregate the"
                                + " groups in a plain view over it"));
    }
}
