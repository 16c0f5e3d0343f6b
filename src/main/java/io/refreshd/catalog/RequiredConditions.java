package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the conditions that every row has passed which comes out of a query's FROM and WHERE: the conditions of WHERE and of inner
 * joins, split at AND.
 */
final class RequiredConditions {
    private final List<Node> found = new ArrayList<>();

    private RequiredConditions() {}

    static List<Node> of(Node query) {
        RequiredConditions conditions = new RequiredConditions();
        query.all("jointree").forEach(conditions::collect);
        return conditions.found;
    }

    /** The conditions of one condition of ON or WHERE, split at AND. */
    static List<Node> in(Part condition) {
        RequiredConditions conditions = new RequiredConditions();
        conditions.split(condition);
        return conditions.found;
    }

    private void collect(Part tree) {
        if (tree instanceof Items items) {
            items.parts().forEach(this::collect);
        } else if (tree instanceof Node node && node.label().equals("FROMEXPR")) {
            node.all("quals").forEach(this::split);
            node.all("fromlist").forEach(this::collect);
        } else if (tree instanceof Node node && node.label().equals("JOINEXPR") && node.is("jointype", "0")) {
            node.all("quals").forEach(this::split);
            node.all("larg").forEach(this::collect);
            node.all("rarg").forEach(this::collect);
        }
    }

    private void split(Part condition) {
        if (condition instanceof Items items) {
            items.parts().forEach(this::split);
        } else if (condition instanceof Node node) {
            if (node.label().equals("BOOLEXPR") && node.is("boolop", "and")) {
                node.items("args").forEach(this::split);
            } else {
                found.add(node);
            }
        }
    }
}
