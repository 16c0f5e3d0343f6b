package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The columns of each relation that a query reads to compute some of its output columns. An output column that nobody asks for, and by
 * which nothing is grouped, sorted or made distinct, reads nothing.
 *
 * <p>{@code pg_depend} records the columns of a whole query, and no whole-row reference beside them. The query tree tells both
 * apart: each reference names its relation.
 */
final class QueryColumns {
    // The server's RTEKind.
    private static final int RELATION = 0;
    private static final int SUBQUERY = 1;
    private static final int JOIN = 2;

    /** Stands for all columns: a whole-row reference. */
    static final int WHOLE_ROW = 0;

    private final Map<Long, Set<Integer>> read = new TreeMap<>();

    private QueryColumns() {}

    /**
     * Returns the numbers of the columns by oid of the relation; 0 stands for the whole row, negative numbers for system columns. A
     * relation of which no column is read is left out. The result is empty if the query holds something of an unknown form.
     *
     * @param outputs the numbers of the output columns that are asked for, from 1; 0 among them stands for all
     */
    static Optional<Map<Long, Set<Integer>>> of(Node query, Set<Integer> outputs) {
        QueryColumns columns = new QueryColumns();
        try {
            columns.query(new Scope(query, null), outputs);
            return Optional.of(columns.read);
        } catch (UnsupportedQueryException unknownForm) {
            return Optional.empty();
        }
    }

    private void query(Scope scope, Set<Integer> outputs) throws UnsupportedQueryException {
        Node query = scope.query();
        // Each row of a UNION, and each row that a set-returning function adds, depends on all output columns.
        boolean all =
                outputs.contains(WHOLE_ROW) || !query.isNull("setOperations") || !query.is("hasTargetSRFs", "false");
        for (Part target : query.items("targetList")) {
            if (all || !(target instanceof Node entry) || isNeeded(entry, outputs)) {
                visit(target, scope);
            }
        }
        for (Map.Entry<String, List<Part>> field : query.fields().entrySet()) {
            if (!field.getKey().equals("targetList") && !field.getKey().equals("rtable")) {
                visitAll(field.getValue(), scope);
            }
        }
        for (int index = 1; index <= scope.size(); index++) {
            Node entry = scope.entry(index);
            switch ((int) entry.number("rtekind")) {
                case SUBQUERY -> {
                    // What is referred to counts. The sides of a UNION are referred to by place alone.
                    if (!query.isNull("setOperations")) {
                        scope.askedOf(index).add(WHOLE_ROW);
                    }
                }
                case JOIN -> {
                    // Only what is referred to counts.
                }
                default ->
                    visitAll(
                            entry.fields().values().stream()
                                    .flatMap(Collection::stream)
                                    .toList(),
                            scope);
            }
        }
        subqueries(scope);
    }

    /** A lateral sub-select may refer to others, so that they are walked until none is asked for another column. */
    private void subqueries(Scope scope) throws UnsupportedQueryException {
        Map<Integer, Set<Integer>> walked = new TreeMap<>();
        boolean again = true;
        while (again) {
            again = false;
            for (int index = 1; index <= scope.size(); index++) {
                Node entry = scope.entry(index);
                Set<Integer> asked = scope.askedOf(index);
                if (entry.number("rtekind") == SUBQUERY && !asked.equals(walked.get(index))) {
                    walked.put(index, new TreeSet<>(asked));
                    query(new Scope(onlyNode(entry, "subquery"), scope), walked.get(index));
                    again = true;
                }
            }
        }
    }

    private static boolean isNeeded(Node target, Set<Integer> outputs) {
        return !target.is("resjunk", "false")
                || target.number("ressortgroupref") != 0
                || outputs.contains((int) target.number("resno"));
    }

    private void visitAll(List<Part> parts, Scope scope) throws UnsupportedQueryException {
        for (Part part : parts) {
            visit(part, scope);
        }
    }

    private void visit(Part part, Scope scope) throws UnsupportedQueryException {
        switch (part) {
            case Token token -> {
                // Holds no reference.
            }
            case Items items -> visitAll(items.parts(), scope);
            case Node node -> {
                switch (node.label()) {
                    case "VAR" -> reference(node, scope);
                    case "QUERY" -> query(new Scope(node, scope), Set.of(WHOLE_ROW));
                    default -> {
                        for (List<Part> field : node.fields().values()) {
                            visitAll(field, scope);
                        }
                    }
                }
            }
        }
    }

    private void reference(Node reference, Scope from) throws UnsupportedQueryException {
        Scope scope = from.up(reference.number("varlevelsup"));
        int index = (int) reference.number("varno");
        int column = (int) reference.number("varattno");
        Node entry = scope.entry(index);
        switch ((int) entry.number("rtekind")) {
            case RELATION ->
                read.computeIfAbsent(entry.number("relid"), oid -> new TreeSet<>())
                        .add(column);
            case SUBQUERY -> scope.askedOf(index).add(column);
            case JOIN -> {
                List<Part> columns = entry.items("joinaliasvars");
                if (column == WHOLE_ROW) {
                    visitAll(columns, scope);
                } else if (column >= 1 && column <= columns.size()) {
                    visit(columns.get(column - 1), scope);
                } else {
                    throw unknownForm();
                }
            }
            default -> {
                // Functions, VALUES and the like were visited as a whole.
            }
        }
    }

    private static Node onlyNode(Node owner, String field) throws UnsupportedQueryException {
        if (owner.all(field).size() == 1 && owner.all(field).getFirst() instanceof Node node) {
            return node;
        }
        throw unknownForm();
    }

    private static UnsupportedQueryException unknownForm() {
        return new UnsupportedQueryException("a query tree of an unknown form");
    }

    /**
     * One query of the tree, inside the query that holds it.
     *
     * @param asked for each entry of the range table, the columns that are referred to; used of sub-selects alone
     */
    private record Scope(Node query, @Nullable Scope outer, List<Set<Integer>> asked) {
        Scope(Node query, @Nullable Scope outer) {
            this(
                    query,
                    outer,
                    IntStream.range(0, query.items("rtable").size())
                            .mapToObj(i -> (Set<Integer>) new TreeSet<Integer>())
                            .collect(Collectors.toList()));
        }

        int size() {
            return query.items("rtable").size();
        }

        Node entry(int index) throws UnsupportedQueryException {
            if (index >= 1 && index <= size() && query.items("rtable").get(index - 1) instanceof Node entry) {
                return entry;
            }
            throw unknownForm();
        }

        Set<Integer> askedOf(int index) {
            return asked.get(index - 1);
        }

        Scope up(long levels) throws UnsupportedQueryException {
            Scope scope = this;
            for (long i = 0; i < levels; i++) {
                if (scope.outer == null) {
                    throw unknownForm();
                }
                scope = scope.outer;
            }
            if (levels < 0) {
                throw unknownForm();
            }
            return scope;
        }
    }
}
