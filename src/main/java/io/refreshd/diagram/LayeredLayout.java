package io.refreshd.diagram;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Layered drawing of a directed graph from left to right: columns by the longest path, dummy vertices on edges that pass a column,
 * an order with few crossings, and heights near those of the neighbours. Deterministic.
 *
 * <p>Source: Sugiyama, Tagawa, Toda, Methods for Visual Understanding of Hierarchical System Structures, IEEE Transactions on Systems,
 * Man, and Cybernetics 11(2), 1981. In the place of its priority method, heights are least squares ({@link Spread}).
 *
 * @param columns number of columns
 * @param column the column of each vertex
 * @param y the upper edge of each vertex
 * @param routes for each edge of the layering the vertices and dummies that it passes
 * @param heights the centre of each column that a route passes, as {@code routes}
 */
record LayeredLayout(int columns, int[] column, double[] y, double height, List<int[]> routes, List<double[]> heights) {
    /** What a drawing may have of vertices, edges and passed columns together. */
    static final int MOST = 20_000;

    private static final int ROUNDS = 12;
    /** A dummy is a line, and leaves this place to its neighbours. */
    private static final double LANE = 7;

    /**
     * @param boxHeight height of each vertex
     * @param gap the least distance between two vertices of a column
     * @return empty if the graph is too large to be drawn
     */
    static Optional<LayeredLayout> of(Digraph graph, double boxHeight, double gap) {
        Layering layering = Layering.of(graph);
        if (graph.vertices() + graph.edges().size() + layering.passed() > MOST) {
            return Optional.empty();
        }
        LayeredGraph layered = new LayeredGraph(layering);
        List<List<Integer>> order = CrossingReduction.order(layered);
        double[] centre = new Heights(layered, order, boxHeight, gap).centres();
        double top = Double.POSITIVE_INFINITY;
        double bottom = 0;
        for (int v = 0; v < graph.vertices(); v++) {
            top = Math.min(top, centre[v] - boxHeight / 2);
        }
        for (int v = graph.vertices(); v < centre.length; v++) {
            top = Math.min(top, centre[v] - LANE / 2);
        }
        for (int v = 0; v < centre.length; v++) {
            centre[v] = Math.rint(centre[v] - top);
            bottom = Math.max(bottom, centre[v] + (layered.isDummy(v) ? LANE : boxHeight) / 2);
        }
        bottom = Math.ceil(bottom);
        double[] y = new double[graph.vertices()];
        Arrays.setAll(y, v -> centre[v] - boxHeight / 2);
        List<double[]> heights = layered.chains().stream()
                .map(chain -> Arrays.stream(chain).mapToDouble(v -> centre[v]).toArray())
                .toList();
        return Optional.of(
                new LayeredLayout(layering.count(), layering.layers(), y, bottom, layered.chains(), heights));
    }

    /** The heights of all vertices: each is drawn to its neighbours, and a chain of dummies to a straight line. */
    private record Heights(LayeredGraph graph, List<List<Integer>> order, double boxHeight, double gap) {
        double[] centres() {
            double[] y = new double[graph.vertices()];
            for (List<Integer> layer : order) {
                double[] distances = distances(layer);
                double at = 0;
                for (int i = 0; i < layer.size(); i++) {
                    at += i == 0 ? 0 : distances[i];
                    y[layer.get(i)] = at;
                }
                // All columns begin with a common centre line.
                double middle = at / 2;
                layer.forEach(v -> y[v] -= middle);
            }
            int last = order.size() - 1;
            for (int round = 0; round < ROUNDS; round++) {
                for (int step = 1; step <= last; step++) {
                    settle(order.get(step), y, true, false);
                }
                for (int step = last - 1; step >= 0; step--) {
                    settle(order.get(step), y, false, true);
                }
            }
            for (List<Integer> layer : order) {
                settle(layer, y, true, true);
            }
            return y;
        }

        private void settle(List<Integer> layer, double[] y, boolean before, boolean after) {
            int n = layer.size();
            double[] wanted = new double[n];
            double[] weights = new double[n];
            for (int i = 0; i < n; i++) {
                int v = layer.get(i);
                double sum = 0;
                double weight = 0;
                if (before) {
                    for (int u : graph.before(v)) {
                        sum += y[u] * weight(u, v);
                        weight += weight(u, v);
                    }
                }
                if (after) {
                    for (int w : graph.after(v)) {
                        sum += y[w] * weight(v, w);
                        weight += weight(v, w);
                    }
                }
                wanted[i] = weight > 0 ? sum / weight : y[v];
                weights[i] = weight > 0 ? weight : 0.1;
            }
            double[] placed = Spread.place(wanted, weights, distances(layer));
            for (int i = 0; i < n; i++) {
                y[layer.get(i)] = placed[i];
            }
        }

        /** Bends cost most within a long edge. */
        private double weight(int from, int to) {
            boolean one = graph.isDummy(from);
            boolean other = graph.isDummy(to);
            return one && other ? 8 : one || other ? 2 : 1;
        }

        private double[] distances(List<Integer> layer) {
            double[] distances = new double[layer.size()];
            for (int i = 1; i < distances.length; i++) {
                boolean one = graph.isDummy(layer.get(i - 1));
                boolean other = graph.isDummy(layer.get(i));
                distances[i] = one && other ? LANE : one || other ? (boxHeight + LANE) / 2 + gap / 2 : boxHeight + gap;
            }
            return distances;
        }
    }
}
