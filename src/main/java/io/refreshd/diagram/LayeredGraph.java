package io.refreshd.diagram;

import io.refreshd.diagram.Digraph.Edge;
import java.util.ArrayList;
import java.util.List;

/**
 * A graph in layers in which every link leads from one layer to the next. An edge that spans several layers is a chain with a dummy
 * vertex in each layer that it passes. Dummies have the numbers after those of the vertices.
 */
final class LayeredGraph {
    private final int real;
    private final List<Integer> layerOf = new ArrayList<>();
    private final List<List<Integer>> layers = new ArrayList<>();
    private final List<List<Integer>> before = new ArrayList<>();
    private final List<List<Integer>> after = new ArrayList<>();
    private final List<int[]> chains = new ArrayList<>();

    LayeredGraph(Layering layering) {
        real = layering.layers().length;
        for (int layer = 0; layer < layering.count(); layer++) {
            layers.add(new ArrayList<>());
        }
        for (int layer : layering.layers()) {
            add(layer);
        }
        for (Edge edge : layering.edges()) {
            int from = layering.layers()[edge.from()];
            int to = layering.layers()[edge.to()];
            int[] chain = new int[to - from + 1];
            chain[0] = edge.from();
            chain[chain.length - 1] = edge.to();
            for (int i = 1; i < chain.length - 1; i++) {
                chain[i] = add(from + i);
            }
            for (int i = 1; i < chain.length; i++) {
                after.get(chain[i - 1]).add(chain[i]);
                before.get(chain[i]).add(chain[i - 1]);
            }
            chains.add(chain);
        }
    }

    private int add(int layer) {
        int vertex = layerOf.size();
        layerOf.add(layer);
        layers.get(layer).add(vertex);
        before.add(new ArrayList<>());
        after.add(new ArrayList<>());
        return vertex;
    }

    int vertices() {
        return layerOf.size();
    }

    int layerOf(int vertex) {
        return layerOf.get(vertex);
    }

    boolean isDummy(int vertex) {
        return vertex >= real;
    }

    /** The vertices of each layer, in their order. */
    List<List<Integer>> layers() {
        return layers;
    }

    List<Integer> before(int vertex) {
        return before.get(vertex);
    }

    List<Integer> after(int vertex) {
        return after.get(vertex);
    }

    /** For each edge the vertices that it passes, both ends included. */
    List<int[]> chains() {
        return chains;
    }
}
