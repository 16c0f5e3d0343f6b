package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.List;
import java.util.function.Consumer;

/** The references of an expression to columns of the query that holds it, also those inside of sub-queries. */
final class OwnReferences {
    private OwnReferences() {}

    /** Calls the visitor with each VAR node that refers to the query. */
    static void visit(Part expression, Consumer<Node> visitor) {
        visit(expression, 0, visitor);
    }

    /** @param level how many queries lie between the part and the query */
    private static void visit(Part part, int level, Consumer<Node> visitor) {
        if (part instanceof Items items) {
            items.parts().forEach(item -> visit(item, level, visitor));
        } else if (part instanceof Node node) {
            if (node.label().equals("VAR") && node.number("varlevelsup") == level) {
                visitor.accept(node);
            }
            int below = node.label().equals("QUERY") ? level + 1 : level;
            for (List<Part> field : node.fields().values()) {
                field.forEach(inside -> visit(inside, below, visitor));
            }
        }
    }
}
