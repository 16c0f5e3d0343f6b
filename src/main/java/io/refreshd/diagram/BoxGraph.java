package io.refreshd.diagram;

import io.refreshd.diagram.Digraph.Edge;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * The graph of the boxes. Many tables that have the same readers are one box, and so are many views that have the same sources and
 * readers: partitions of a table, and views of roles. No edge is lost by that, since all of them have the same ones.
 */
record BoxGraph(List<Box> boxes, Digraph graph) {

    /** @param apart the greatest number of equals that have a box each */
    static BoxGraph of(Lineage lineage, int apart) {
        List<TableId> tables = new ArrayList<>(lineage.readers().keySet());
        List<ViewId> views = new ArrayList<>(lineage.upstream().keySet());
        Map<ViewId, Integer> numbers = new HashMap<>();
        views.forEach(view -> numbers.put(view, tables.size() + numbers.size()));
        List<TreeSet<Integer>> sources = sets(tables.size() + views.size());
        List<TreeSet<Integer>> readers = sets(tables.size() + views.size());
        int table = 0;
        for (Collection<ViewId> of : lineage.readers().values()) {
            for (ViewId view : of) {
                int reader = Objects.requireNonNull(numbers.get(view));
                sources.get(reader).add(table);
                readers.get(table).add(reader);
            }
            table++;
        }
        lineage.upstream()
                .forEach((view, of) -> of.forEach(source -> {
                    int from = Objects.requireNonNull(numbers.get(source));
                    int to = Objects.requireNonNull(numbers.get(view));
                    sources.get(to).add(from);
                    readers.get(from).add(to);
                }));
        Map<Equals, List<Integer>> groups = new HashMap<>();
        List<List<Integer>> groupOf = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            List<Integer> group = groups.computeIfAbsent(
                    new Equals(i < tables.size(), sources.get(i), readers.get(i)), key -> new ArrayList<>());
            group.add(i);
            groupOf.add(group);
        }
        List<Box> boxes = new ArrayList<>();
        int[] boxOf = new int[sources.size()];
        for (int i = 0; i < boxOf.length; i++) {
            List<Integer> members = groupOf.get(i).size() > apart ? groupOf.get(i) : List.of(i);
            if (members.getFirst() == i) {
                for (int member : members) {
                    boxOf[member] = boxes.size();
                }
                boxes.add(
                        i < tables.size()
                                ? new Box(members.stream().map(tables::get).toList(), List.of())
                                : new Box(
                                        List.of(),
                                        members.stream()
                                                .map(member -> views.get(member - tables.size()))
                                                .toList()));
            }
        }
        List<Edge> edges = new ArrayList<>();
        for (int i = 0; i < boxOf.length; i++) {
            for (int reader : readers.get(i)) {
                edges.add(new Edge(boxOf[i], boxOf[reader]));
            }
        }
        return new BoxGraph(List.copyOf(boxes), new Digraph(boxes.size(), edges));
    }

    private record Equals(boolean tables, TreeSet<Integer> sources, TreeSet<Integer> readers) {}

    private static List<TreeSet<Integer>> sets(int size) {
        List<TreeSet<Integer>> sets = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            sets.add(new TreeSet<>());
        }
        return sets;
    }
}
