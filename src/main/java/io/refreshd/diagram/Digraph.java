package io.refreshd.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A directed graph. Its vertices are the numbers from 0 on.
 *
 * @param edges without repetition
 */
record Digraph(int vertices, List<Edge> edges) {
    record Edge(int from, int to) {}

    Digraph {
        edges = List.copyOf(new LinkedHashSet<>(edges));
    }

    /** The vertices of each connected component, each list in ascending order, by their least vertex. */
    List<List<Integer>> components() {
        int[] parent = new int[vertices];
        Arrays.setAll(parent, v -> v);
        for (Edge edge : edges) {
            int one = root(parent, edge.from());
            int other = root(parent, edge.to());
            parent[Math.max(one, other)] = Math.min(one, other);
        }
        List<List<Integer>> components = new ArrayList<>();
        int[] place = new int[vertices];
        for (int v = 0; v < vertices; v++) {
            int root = root(parent, v);
            if (root == v) {
                place[v] = components.size();
                components.add(new ArrayList<>());
            }
            components.get(place[root]).add(v);
        }
        return components;
    }

    private static int root(int[] parent, int vertex) {
        int v = vertex;
        while (parent[v] != v) {
            parent[v] = parent[parent[v]];
            v = parent[v];
        }
        return v;
    }

    /** The part of the graph between these vertices; vertex {@code i} of the part is the {@code i}th of them. */
    Digraph part(List<Integer> chosen) {
        int[] place = new int[vertices];
        Arrays.fill(place, -1);
        for (int i = 0; i < chosen.size(); i++) {
            place[chosen.get(i)] = i;
        }
        Set<Edge> kept = new LinkedHashSet<>();
        for (Edge edge : edges) {
            if (place[edge.from()] >= 0 && place[edge.to()] >= 0) {
                kept.add(new Edge(place[edge.from()], place[edge.to()]));
            }
        }
        return new Digraph(chosen.size(), List.copyOf(kept));
    }
}
