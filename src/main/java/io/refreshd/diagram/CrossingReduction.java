package io.refreshd.diagram;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Orders the vertices of each layer so that few edges cross. Each layer in turn is sorted by the barycentres of its vertices: the mean
 * places of their neighbours in the layer before, and in the next sweep of those in the layer after. The order with the fewest
 * crossings is kept. Deterministic.
 */
final class CrossingReduction {
    private static final int SWEEPS = 24;
    /** Sweeps without fewer crossings after which no further one is made. */
    private static final int PATIENCE = 6;

    private final LayeredGraph graph;
    private final double[] place;
    private final double[] centre;

    private CrossingReduction(LayeredGraph graph) {
        this.graph = graph;
        this.place = new double[graph.vertices()];
        this.centre = new double[graph.vertices()];
    }

    /** The order of each layer. */
    static List<List<Integer>> order(LayeredGraph graph) {
        return new CrossingReduction(graph).best();
    }

    private List<List<Integer>> best() {
        List<List<Integer>> order = copy(graph.layers());
        order.forEach(this::number);
        List<List<Integer>> best = copy(order);
        long fewest = crossings(graph, order);
        int last = order.size() - 1;
        int inVain = 0;
        for (int sweep = 0; sweep < SWEEPS && fewest > 0 && inVain < PATIENCE; sweep++) {
            boolean forward = sweep % 2 == 0;
            for (int step = 1; step <= last; step++) {
                sort(order.get(forward ? step : last - step), forward);
            }
            long crossings = crossings(graph, order);
            inVain++;
            if (crossings < fewest) {
                fewest = crossings;
                best = copy(order);
                inVain = 0;
            }
        }
        return best;
    }

    private void sort(List<Integer> layer, boolean forward) {
        for (int vertex : layer) {
            List<Integer> neighbours = forward ? graph.before(vertex) : graph.after(vertex);
            centre[vertex] = neighbours.stream()
                    .mapToDouble(neighbour -> place[neighbour])
                    .average()
                    .orElse(place[vertex]);
        }
        layer.sort(Comparator.comparingDouble(vertex -> centre[vertex]));
        number(layer);
    }

    /** Places are between 0 and 1, so that a layer without neighbours compares with a longer one. */
    private void number(List<Integer> layer) {
        for (int i = 0; i < layer.size(); i++) {
            place[layer.get(i)] = (i + 0.5) / layer.size();
        }
    }

    private static List<List<Integer>> copy(List<List<Integer>> order) {
        List<List<Integer>> copy = new ArrayList<>();
        order.forEach(layer -> copy.add(new ArrayList<>(layer)));
        return copy;
    }

    /** The number of pairs of edges that cross. */
    static long crossings(LayeredGraph graph, List<List<Integer>> order) {
        int[] index = new int[graph.vertices()];
        for (List<Integer> layer : order) {
            for (int i = 0; i < layer.size(); i++) {
                index[layer.get(i)] = i;
            }
        }
        long crossings = 0;
        for (int layer = 0; layer + 1 < order.size(); layer++) {
            // Edges in the order of their beginnings cross those whose ends are further on and have been counted:
            // inversions, in a
            // Fenwick tree.
            int size = order.get(layer + 1).size();
            int[] tree = new int[size + 1];
            int counted = 0;
            for (int vertex : order.get(layer)) {
                int[] ends = graph.after(vertex).stream()
                        .mapToInt(end -> index[end])
                        .sorted()
                        .toArray();
                for (int end : ends) {
                    crossings += counted - upTo(tree, end);
                }
                for (int end : ends) {
                    for (int i = end + 1; i <= size; i += i & -i) {
                        tree[i]++;
                    }
                }
                counted += ends.length;
            }
        }
        return crossings;
    }

    private static int upTo(int[] tree, int end) {
        int sum = 0;
        for (int i = end + 1; i > 0; i -= i & -i) {
            sum += tree[i];
        }
        return sum;
    }
}
