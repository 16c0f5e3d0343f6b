package io.refreshd.diagram;

import io.refreshd.diagram.Digraph.Edge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Layers by the longest path: a vertex without predecessors is in layer 0, any other one layer above its highest predecessor.
 *
 * <p>An edge that closes a cycle is left out, so every edge that is kept leads to a higher layer. Deterministic.
 *
 * @param layers the layer of each vertex
 * @param edges the edges that are kept
 */
record Layering(int[] layers, List<Edge> edges) {

    static Layering of(Digraph graph) {
        int n = graph.vertices();
        List<List<Integer>> after = new ArrayList<>();
        for (int v = 0; v < n; v++) {
            after.add(new ArrayList<>());
        }
        int[] awaited = new int[n];
        for (Edge edge : graph.edges()) {
            after.get(edge.from()).add(edge.to());
            awaited[edge.to()]++;
        }
        PriorityQueue<Integer> ready = new PriorityQueue<>();
        for (int v = 0; v < n; v++) {
            if (awaited[v] == 0) {
                ready.add(v);
            }
        }
        int[] layers = new int[n];
        int[] turn = new int[n];
        Arrays.fill(turn, -1);
        int next = 0;
        for (int placed = 0; placed < n; placed++) {
            if (ready.isEmpty()) {
                // All that are left wait for each other: the first of them goes ahead.
                while (turn[next] >= 0) {
                    next++;
                }
                ready.add(next);
            }
            int v = ready.remove();
            turn[v] = placed;
            for (int w : after.get(v)) {
                if (turn[w] < 0) {
                    layers[w] = Math.max(layers[w], layers[v] + 1);
                    awaited[w]--;
                    if (awaited[w] == 0) {
                        ready.add(w);
                    }
                }
            }
        }
        List<Edge> kept = graph.edges().stream()
                .filter(edge -> turn[edge.from()] < turn[edge.to()])
                .toList();
        return new Layering(layers, kept);
    }

    int count() {
        return Arrays.stream(layers).max().orElse(-1) + 1;
    }

    /** The number of places that the edges pass on layers between their ends. */
    long passed() {
        return edges.stream()
                .mapToLong(edge -> layers[edge.to()] - layers[edge.from()] - 1L)
                .sum();
    }
}
