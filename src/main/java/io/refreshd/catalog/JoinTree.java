package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.catalog.NodeTree.Token;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The FROM and WHERE of one query. Says which entries of the range table are joined, and what outer joins and conditions do to them.
 * All entries are named by their numbers in the range table.
 */
final class JoinTree {
    // The server's JoinType.
    private static final int INNER = 0;
    private static final int LEFT = 1;
    private static final int FULL = 2;
    private static final int RIGHT = 3;

    private final RangeTable rangeTable;
    private final QueryPurpose purpose;
    private final Set<Integer> joined = new HashSet<>();
    private final Set<Integer> referenced = new HashSet<>();
    private final Set<Integer> hidden = new HashSet<>();
    private final Map<Integer, Set<Integer>> preserved = new HashMap<>();
    private final List<SubLink> subLinks = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private final List<HiddenSide> hiddenSides = new ArrayList<>();

    /**
     * The nullable side of an outer join to which a condition above the join refers.
     *
     * @param entries of both sides
     */
    private record HiddenSide(Set<Integer> nullable, Set<Integer> entries) {}

    /**
     * A join, or FROM as a whole, with its condition.
     *
     * @param condition of ON or WHERE
     * @param entries all that is joined here
     * @param nullable those for which this join makes NULLs where no row matches
     */
    record Place(Part condition, Set<Integer> entries, Set<Integer> nullable) {}

    private JoinTree(RangeTable rangeTable, QueryPurpose purpose) {
        this.rangeTable = rangeTable;
        this.purpose = purpose;
    }

    /**
     * @param tree the query's {@code jointree}
     * @throws UnsupportedQueryException if the tree holds anything but joins, or a condition is not safe
     */
    static JoinTree of(Part tree, RangeTable rangeTable, QueryPurpose purpose) throws UnsupportedQueryException {
        JoinTree joinTree = new JoinTree(rangeTable, purpose);
        joinTree.walk(tree, Set.of(), false);
        return joinTree;
    }

    /** The tables, views and sub-selects that are joined. */
    Set<Integer> joined() {
        return joined;
    }

    /** Whether a condition, of WHERE or of any join, refers to the entry. */
    boolean isReferenced(int index) {
        return referenced.contains(index);
    }

    /** Whether the entry is on the nullable side of an outer join: the join makes a row with NULLs where no row matches. */
    boolean isNullable(int index) {
        return preserved.containsKey(index);
    }

    /** For each entry on the nullable side of an outer join: the entries on the other side, whose rows the join preserves. */
    Map<Integer, Set<Integer>> preserved() {
        return preserved;
    }

    /**
     * Whether the entry is on the nullable side of an outer join, and a condition above that join refers to that side. The condition
     * may then drop the row with NULLs and keep the row that replaces it, or the other way round.
     */
    boolean isHidden(int index) {
        return hidden.contains(index);
    }

    /**
     * Whether {@link #isHidden}, and rows with NULLs in place of the entry may be in the result. If a condition above lets none of them
     * pass, the outer join is no other than an inner one, and a row of the entry shows in each row of the result that it concerns.
     */
    boolean mayHide(int index) {
        return hiddenSides.stream().anyMatch(side -> side.nullable().contains(index) && !isInner(side));
    }

    private boolean isInner(HiddenSide side) {
        return places.stream()
                .filter(place -> place.nullable().isEmpty() && place.entries().containsAll(side.entries()))
                .flatMap(place -> RequiredConditions.in(place.condition()).stream())
                .flatMap(condition -> NullRejection.of(condition).stream())
                .anyMatch(side.nullable()::contains);
    }

    /** The sub-queries in the conditions. */
    List<SubLink> subLinks() {
        return subLinks;
    }

    /** The places of all conditions. */
    List<Place> places() {
        return places;
    }

    /**
     * Whether these entries are on the nullable side of an outer join, all of them, and a condition above that join refers to that side.
     * Their own joins, and the conditions of these, do not count.
     */
    boolean isHiddenAbove(Set<Integer> entries) {
        return hiddenSides.stream().anyMatch(side -> side.nullable().containsAll(entries));
    }

    /**
     * @param referencedAbove the entries to which conditions above this part refer
     * @param nullable whether the part is on the nullable side of an outer join
     * @return the entries that are joined in this part
     */
    private Set<Integer> walk(Part part, Set<Integer> referencedAbove, boolean nullable)
            throws UnsupportedQueryException {
        if (!(part instanceof Node node)) {
            throw unknownForm();
        }
        return switch (node.label()) {
            case "RANGETBLREF" -> reference(node);
            case "FROMEXPR" -> from(node, referencedAbove, nullable);
            case "JOINEXPR" -> join(node, referencedAbove, nullable);
            default -> throw new UnsupportedQueryException("a FROM of an unknown form (" + node.label() + ")");
        };
    }

    private Set<Integer> reference(Node node) throws UnsupportedQueryException {
        int index = (int) node.number("rtindex");
        if (!joined.add(index)) {
            throw unknownForm();
        }
        return Set.of(index);
    }

    private Set<Integer> from(Node node, Set<Integer> referencedAbove, boolean nullable)
            throws UnsupportedQueryException {
        Set<Integer> referencedHere = new HashSet<>(referencedAbove);
        referencedHere.addAll(referencesOf(node, nullable));
        Set<Integer> found = new HashSet<>();
        for (Part item : node.items("fromlist")) {
            found.addAll(walk(item, referencedHere, nullable));
        }
        addPlace(node, found, Set.of());
        return found;
    }

    private Set<Integer> join(Node node, Set<Integer> referencedAbove, boolean nullable)
            throws UnsupportedQueryException {
        int kind = (int) node.number("jointype");
        Set<Integer> referencedHere = new HashSet<>(referencedAbove);
        referencedHere.addAll(referencesOf(node, nullable || kind != INNER));
        if (node.all("larg").size() != 1 || node.all("rarg").size() != 1) {
            throw new UnsupportedQueryException("a join of an unknown form");
        }
        Part leftPart = node.all("larg").getFirst();
        Part rightPart = node.all("rarg").getFirst();
        boolean leftNullable = nullable || kind == RIGHT || kind == FULL;
        boolean rightNullable = nullable || kind == LEFT || kind == FULL;
        Set<Integer> left;
        Set<Integer> right;
        if (kind == RIGHT) {
            left = walk(leftPart, referencedHere, leftNullable);
            right = walk(rightPart, abovePreserved(left, referencedAbove, referencedHere), rightNullable);
        } else {
            right = walk(rightPart, referencedHere, rightNullable);
            left = walk(
                    leftPart,
                    kind == LEFT ? abovePreserved(right, referencedAbove, referencedHere) : referencedHere,
                    leftNullable);
        }
        // A join's own condition is not above the join, so that it hides nothing.
        switch (kind) {
            case INNER -> {
                // Makes no row with NULLs.
            }
            case LEFT -> addNullable(right, left, referencedAbove);
            case FULL -> {
                addNullable(left, right, referencedAbove);
                addNullable(right, left, referencedAbove);
            }
            case RIGHT -> addNullable(left, right, referencedAbove);
            default -> throw new UnsupportedQueryException("a join of an unknown kind");
        }
        Set<Integer> found = new HashSet<>(left);
        found.addAll(right);
        addPlace(
                node,
                found,
                switch (kind) {
                    case LEFT -> right;
                    case RIGHT -> left;
                    case FULL -> found;
                    default -> Set.of();
                });
        return found;
    }

    private void addPlace(Node owner, Set<Integer> entries, Set<Integer> nullable) {
        for (Part condition : owner.all("quals")) {
            if (!(condition instanceof Token)) {
                places.add(new Place(condition, Set.copyOf(entries), Set.copyOf(nullable)));
            }
        }
    }

    /**
     * The entries to which conditions above the preserved side of an outer join refer that may drop its rows. The join's own condition
     * drops none: it only decides what stands beside them. So it counts if a condition above refers to that.
     */
    private static Set<Integer> abovePreserved(
            Set<Integer> nullable, Set<Integer> referencedAbove, Set<Integer> referencedHere) {
        return nullable.stream().anyMatch(referencedAbove::contains) ? referencedHere : referencedAbove;
    }

    private void addNullable(Set<Integer> side, Set<Integer> preservedSide, Set<Integer> referencedAbove) {
        side.forEach(
                index -> preserved.computeIfAbsent(index, i -> new HashSet<>()).addAll(preservedSide));
        if (side.stream().anyMatch(referencedAbove::contains)) {
            hidden.addAll(side);
            Set<Integer> both = new HashSet<>(side);
            both.addAll(preservedSide);
            hiddenSides.add(new HiddenSide(Set.copyOf(side), both));
        }
    }

    /**
     * The entries to which the node's own condition refers, and what is computed of their columns in what the node joins. A column that a
     * join merged counts as a reference to every entry.
     */
    private Set<Integer> referencesOf(Node owner, boolean outer) throws UnsupportedQueryException {
        Set<Integer> found = new HashSet<>();
        for (Part condition : owner.all("quals")) {
            if (!(condition instanceof Token)) {
                SafeExpressions.check(condition, purpose);
                subLinks.addAll(SubLink.inCondition(condition, outer));
                OwnReferences.visit(condition, node -> addReference((int) node.number("varno"), found));
            }
        }
        for (String field : List.of("fromlist", "larg", "rarg")) {
            owner.all(field).forEach(side -> addComputed(side, found));
        }
        referenced.addAll(found);
        return found;
    }

    private void addReference(int index, Set<Integer> found) {
        if (rangeTable.relation(index) == null) {
            for (int i = 1; i <= rangeTable.size(); i++) {
                found.add(i);
            }
        }
        found.add(index);
    }

    /**
     * Adds the entries of which rows are computed that may drop rows of the part: a computed entry without a row drops what stands beside
     * it, unless it is on the right side of a LEFT JOIN.
     */
    private void addComputed(Part part, Set<Integer> found) {
        if (part instanceof Items items) {
            items.parts().forEach(item -> addComputed(item, found));
        } else if (part instanceof Node node) {
            switch (node.label()) {
                case "RANGETBLREF" ->
                    ComputedEntry.of(rangeTable, (int) node.number("rtindex"))
                            .ifPresent(entry -> entry.references().forEach(index -> addReference(index, found)));
                case "JOINEXPR" -> {
                    node.all("larg").forEach(side -> addComputed(side, found));
                    if (node.number("jointype") != LEFT) {
                        node.all("rarg").forEach(side -> addComputed(side, found));
                    }
                }
                default -> node.all("fromlist").forEach(item -> addComputed(item, found));
            }
        }
    }

    private static UnsupportedQueryException unknownForm() {
        return new UnsupportedQueryException("a query tree of an unknown form");
    }
}
