package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

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

    private static String nested(int depth) {
        return "({QUERY " + ":args ({OPEXPR ".repeat(depth) + "})".repeat(depth) + "})";
    }

    private static int nodes(NodeTree.Node query) {
        AtomicInteger nodes = new AtomicInteger();
        query.visit(node -> nodes.incrementAndGet());
        return nodes.get();
    }
}
