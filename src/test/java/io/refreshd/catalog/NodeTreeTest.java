package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NodeTreeTest {
    @Test
    void aTreeOfAnyDepthIsExaminedOrNot() {
        assertThat(NodeTree.query(nested(100)).map(NodeTreeTest::nodes)).contains(101);
        for (int depth = 120; depth < 1_000_000; depth *= 2) {
            NodeTree.query(nested(depth)).ifPresent(NodeTreeTest::nodes);
        }
        assertThat(NodeTree.query(nested(1_000_000))).isEmpty();
    }

    @Test
    void whatIsOpenedAndNeverClosedIsNoTree() {
        assertThat(NodeTree.query("(".repeat(1_000_000))).isEmpty();
        assertThat(NodeTree.query("({QUERY :a {")).isEmpty();
        assertThat(NodeTree.query("\\")).isEmpty();
    }

    /** A view of a gigabyte in all would fill the heap, one parsed tree after the other. */
    @Test
    void parsedTreesAreForgotten() {
        ParsedQueries queries = new ParsedQueries();
        String tree = "({QUERY :a " + "1 ".repeat(60_000) + "})";
        NodeTree.Node first = queries.of(rule(1, tree)).orElseThrow();
        assertThat(queries.of(rule(1, tree)).orElseThrow()).as("known").isSameAs(first);
        for (int relation = 2; relation < 8; relation++) {
            queries.of(rule(relation, tree));
        }
        assertThat(queries.of(rule(1, tree)).orElseThrow()).as("forgotten").isNotSameAs(first);
    }

    private static Rule rule(long relation, String tree) {
        return new Rule(relation, "", Set.of(), List.of(), new TreeSet<>(), tree);
    }

    private static String nested(int depth) {
        return "({QUERY " + ":args ({OPEXPR ".repeat(depth) + "})".repeat(depth) + "})";
    }

    private static int nodes(NodeTree.Node query) {
        AtomicInteger nodes = new AtomicInteger();
        query.visit(node -> nodes.incrementAndGet());
        return nodes.get();
    }
}
