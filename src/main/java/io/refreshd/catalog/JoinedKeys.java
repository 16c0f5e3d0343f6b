package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Finds which of the joined entries identify a row of a join: those whose keys determine the rows of all others, by the equalities in
 * ON and WHERE.
 */
final class JoinedKeys {
    /** Oids of built-in operators {@code =}: int2, int4 and int8 in any pair, text, bpchar, oid, uuid, numeric, dates and times. */
    private static final Set<Long> EQUALITY = Set.of(
            94L, 96L, 410L, 532L, 533L, 15L, 416L, 1862L, 1868L, 98L, 1054L, 607L, 2972L, 1752L, 1093L, 1320L, 2060L);

    /** A column of an entry of the range table. */
    private record Column(int entry, int number) {}

    /**
     * The column has the value of the other one, or of a constant.
     *
     * @param by entry of the other column; 0 for a constant
     */
    private record Determined(Column column, int by) {}

    private final List<Determined> determined = new ArrayList<>();
    private final Map<Integer, List<List<Integer>>> keys;

    private JoinedKeys(Map<Integer, List<List<Integer>>> keys) {
        this.keys = keys;
    }

    /** The entries that FROM joins; empty if it holds a full join, or anything but joins. */
    static Optional<SortedSet<Integer>> entries(Node jointree) {
        SortedSet<Integer> found = new TreeSet<>();
        boolean[] supported = {true};
        for (Part part : jointree.items("fromlist")) {
            part.visit(node -> {
                if (node.label().equals("RANGETBLREF")) {
                    found.add((int) node.number("rtindex"));
                } else if (node.label().equals("JOINEXPR")
                        && (node.number("jointype") < 0 || node.number("jointype") > 3 || node.is("jointype", "2"))) {
                    supported[0] = false;
                }
            });
        }
        return supported[0] && !found.isEmpty() ? Optional.of(found) : Optional.empty();
    }

    /**
     * Chooses the entries.
     *
     * @param keys for each joined entry its unique keys, as numbers of columns
     * @param shown for each entry one of these keys that the query shows, if there is one
     * @return the entries whose shown keys identify a row together; empty if none do
     */
    static Set<Integer> identifying(
            Node jointree, Map<Integer, List<List<Integer>>> keys, SortedMap<Integer, ?> shown) {
        JoinedKeys joined = new JoinedKeys(keys);
        joined.collect(jointree);
        SortedSet<Integer> chosen = new TreeSet<>(shown.keySet());
        if (!joined.determineAll(chosen)) {
            return Set.of();
        }
        for (int entry : shown.keySet()) {
            SortedSet<Integer> without = new TreeSet<>(chosen);
            without.remove(entry);
            if (!without.isEmpty() && joined.determineAll(without)) {
                chosen = without;
            }
        }
        return chosen;
    }

    /** The entries whose rows are determined by a row of the given one, itself included. */
    static Set<Integer> determinedBy(Node jointree, Map<Integer, List<List<Integer>>> keys, int entry) {
        JoinedKeys joined = new JoinedKeys(keys);
        joined.collect(jointree);
        return joined.closure(Set.of(entry));
    }

    private boolean determineAll(Set<Integer> entries) {
        return closure(entries).containsAll(keys.keySet());
    }

    private Set<Integer> closure(Set<Integer> entries) {
        Set<Integer> known = new HashSet<>(entries);
        boolean more = true;
        while (more) {
            more = false;
            for (int entry : keys.keySet()) {
                if (!known.contains(entry)
                        && keys.getOrDefault(entry, List.of()).stream().anyMatch(key -> isKnown(entry, key, known))) {
                    known.add(entry);
                    more = true;
                }
            }
        }
        return known;
    }

    private boolean isKnown(int entry, List<Integer> key, Set<Integer> known) {
        return !key.isEmpty()
                && key.stream()
                        .allMatch(number -> determined.stream()
                                .anyMatch(equality -> equality.column().equals(new Column(entry, number))
                                        && (equality.by() == 0 || known.contains(equality.by()))));
    }

    private void collect(Part part) {
        switch (part) {
            case Items items -> items.parts().forEach(item -> collect(item));
            case Node node
            when node.label().equals("FROMEXPR") -> {
                node.all("quals").forEach(condition -> equality(condition, Set.of()));
                node.all("fromlist").forEach(item -> collect(item));
            }
            case Node node
            when node.label().equals("JOINEXPR") -> {
                Set<Integer> side = switch ((int) node.number("jointype")) {
                    case 1 -> refs(node.all("rarg"));
                    case 3 -> refs(node.all("larg"));
                    default -> Set.of();
                };
                node.all("quals").forEach(condition -> equality(condition, side));
                node.all("larg").forEach(item -> collect(item));
                node.all("rarg").forEach(item -> collect(item));
            }
            default -> {
                // No join.
            }
        }
    }

    private static Set<Integer> refs(List<Part> parts) {
        Set<Integer> found = new HashSet<>();
        parts.forEach(part -> part.visit(node -> {
            if (node.label().equals("RANGETBLREF")) {
                found.add((int) node.number("rtindex"));
            }
        }));
        return found;
    }

    /** @param only entries that alone are determined: the nullable side of an outer join; empty: all */
    private void equality(Part condition, Set<Integer> only) {
        if (!(condition instanceof Node node)) {
            return;
        }
        if (node.label().equals("BOOLEXPR") && node.is("boolop", "and")) {
            node.items("args").forEach(part -> equality(part, only));
        } else if (node.label().equals("OPEXPR")
                && EQUALITY.contains(node.number("opno"))
                && node.items("args").size() == 2) {
            Part left = NodeTree.bare(node.items("args").get(0));
            Part right = NodeTree.bare(node.items("args").get(1));
            add(left, right, only);
            add(right, left, only);
        }
    }

    private void add(Part side, Part other, Set<Integer> only) {
        Optional<Column> column = column(side);
        if (column.isEmpty() || (!only.isEmpty() && !only.contains(column.get().entry()))) {
            return;
        }
        if (other instanceof Node constant && constant.label().equals("CONST")) {
            determined.add(new Determined(column.get(), 0));
        } else {
            column(other).ifPresent(by -> determined.add(new Determined(column.get(), by.entry())));
        }
    }

    private static Optional<Column> column(Part part) {
        return part instanceof Node node && node.label().equals("VAR") && node.is("varlevelsup", "0")
                ? Optional.of(new Column((int) node.number("varno"), (int) node.number("varattno")))
                : Optional.empty();
    }
}
