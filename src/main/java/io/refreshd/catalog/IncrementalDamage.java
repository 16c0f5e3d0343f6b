package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Finds what is wrong with the parts of an incremental view: something was dropped, or altered by somebody else than refreshd. */
final class IncrementalDamage {
    private final Relation view;
    private final @Nullable Rule shown;
    private final IncrementalRows.Row row;

    private IncrementalDamage(Relation view, @Nullable Rule shown, IncrementalRows.Row row) {
        this.view = view;
        this.shown = shown;
        this.row = row;
    }

    /**
     * What is wrong; empty if nothing is.
     *
     * @param shown the query of the view that users read
     * @param owner oid of the role that all parts belong to
     */
    static Optional<Obstacle> of(
            Relation view,
            @Nullable Rule shown,
            @Nullable Relation store,
            @Nullable Relation definition,
            IncrementalRows.Row row,
            long owner) {
        IncrementalDamage damage = new IncrementalDamage(view, shown, row);
        if (store == null) {
            return damage.because("the table that held the rows of " + view.sql() + " was dropped");
        }
        if (definition == null) {
            return damage.because("the definition of " + view.sql() + " was dropped");
        }
        return damage.ofParts(store, definition, owner);
    }

    /** What is wrong with a map of the view; empty if nothing is. */
    static Optional<Obstacle> ofMap(
            Relation view,
            @Nullable Relation store,
            @Nullable Relation definition,
            IncrementalRows.Row row,
            IncrementalMap map,
            long owner) {
        IncrementalDamage damage = new IncrementalDamage(view, null, row);
        return store == null || definition == null
                ? damage.because("the table that held the groups of " + view.sql() + ", or its definition, was dropped")
                : damage.altered(store, definition, map.recomputeKey(), owner);
    }

    /** A view over a store that the ledger does not know. */
    static Obstacle unknown(Relation view, Relation store) {
        return new Obstacle(
                view.sql() + " shows the rows of " + store.sql()
                        + ", which the ledger does not know under its present oid: a dump was restored",
                Remedy.sql("UPDATE refreshd.incremental_view SET view_oid = " + literal(view)
                                + "::regclass, store_oid = "
                                + literal(store) + "::regclass, definition_oid = "
                                + SqlNames.literal(SqlNames.identifier(store.schema()) + "."
                                        + SqlNames.identifier(store.name() + "_definition"))
                                + "::regclass WHERE " + SqlNames.literal(store.name())
                                + " LIKE '%\\_' || view_oid")
                        .and("then restart refreshd"));
    }

    private static String literal(Relation relation) {
        return SqlNames.literal(relation.sql());
    }

    private Optional<Obstacle> ofParts(Relation store, Relation definition, long owner) {
        Optional<Obstacle> altered = altered(store, definition, row.recomputeKey(), owner);
        if (altered.isPresent()) {
            return altered;
        }
        return showsAsTheyAre(store)
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        view.sql() + " was replaced: it does not show the rows of " + store.sql() + " as they are",
                        view.columns().size() > store.columns().size()
                                ? remedy()
                                : Remedy.sql(IncrementalViews.shown(view, store))));
    }

    private Optional<Obstacle> altered(Relation store, Relation definition, List<Integer> recomputeKey, long owner) {
        for (Relation part : List.of(store, definition)) {
            if (part.traits().owner() != owner) {
                return because(part.sql() + " does not belong to the role that keeps " + view.sql() + " any more");
            }
        }
        if (store.traits().persistence() != 'p' || store.traits().rowSecurity() != RowSecurity.OFF) {
            return because(
                    "table " + store.sql() + " was altered: it is unlogged, or hides rows by row-level security");
        }
        if (!alike(store.columns(), definition.columns())
                || recomputeKey.isEmpty()
                || recomputeKey.stream()
                        .anyMatch(key -> key < 1 || key > store.columns().size())) {
            return because("table " + store.sql() + " does not have the columns of " + definition.sql() + " any more");
        }
        return Optional.empty();
    }

    private static boolean alike(List<Relation.Column> some, List<Relation.Column> others) {
        return some.size() == others.size()
                && IntStream.range(0, some.size()).allMatch(i -> {
                    Relation.Column one = some.get(i);
                    Relation.Column other = others.get(i);
                    return one.number() == i + 1
                            && other.number() == i + 1
                            && one.name().equals(other.name())
                            && one.type() == other.type()
                            && one.modifier() == other.modifier();
                });
    }

    /** Whether the view selects the last columns of the store, in their order, and joins nothing but the row that keeps others from writing. */
    private boolean showsAsTheyAre(Relation store) {
        int hidden = store.columns().size() - view.columns().size();
        if (shown == null
                || hidden < 0
                || shown.reads().size() != 1
                || shown.reads().getFirst().relation() != store.oid()) {
            return false;
        }
        // A tree that is not returned is that of a server whose encoding is not UTF-8.
        return shown.tree().isEmpty()
                || NodeTree.query(shown.tree())
                        .filter(query -> selectsLastColumns(query, hidden))
                        .isPresent();
    }

    private boolean selectsLastColumns(Node query, int hidden) {
        int store = entryOfStore(query);
        List<Part> targets = query.items("targetList");
        return store > 0
                && QueryShape.beyondJoins(query).isEmpty()
                && targets.size() == view.columns().size()
                && IntStream.range(0, targets.size())
                        .allMatch(i -> targets.get(i) instanceof Node target
                                && target.is("resjunk", "false")
                                && target.all("expr").size() == 1
                                && target.all("expr").getFirst() instanceof Node column
                                && column.label().equals("VAR")
                                && column.number("varno") == store
                                && column.number("varattno") == hidden + i + 1
                                && column.is("varlevelsup", "0"));
    }

    /** The entry of the range table that is the store, if FROM joins it with a select of nothing, which has one row; otherwise 0. */
    private static int entryOfStore(Node query) {
        if (query.all("jointree").size() != 1
                || !(query.all("jointree").getFirst() instanceof Node from)
                || !from.isNull("quals")
                || from.items("fromlist").size() != 1
                || !(from.items("fromlist").getFirst() instanceof Node join)
                || !join.label().equals("JOINEXPR")
                || !join.is("jointype", "0")
                || !join.isNull("quals")
                || !(join.all("larg").getFirst() instanceof Node left)
                || !(join.all("rarg").getFirst() instanceof Node right)
                || !left.label().equals("RANGETBLREF")
                || !right.label().equals("RANGETBLREF")) {
            return 0;
        }
        List<Part> entries = query.items("rtable");
        int nothing = (int) right.number("rtindex");
        return nothing >= 1 && nothing <= entries.size() && selectsNothing(entries.get(nothing - 1))
                ? (int) left.number("rtindex")
                : 0;
    }

    private static boolean selectsNothing(Part entry) {
        return entry instanceof Node node
                && node.is("rtekind", "1")
                && node.all("subquery").size() == 1
                && node.all("subquery").getFirst() instanceof Node query
                && query.isNull("targetList")
                && query.isNull("rtable")
                && QueryShape.beyondJoins(query).isEmpty()
                && query.all("jointree").size() == 1
                && query.all("jointree").getFirst() instanceof Node from
                && from.isNull("quals")
                && from.isNull("fromlist");
    }

    private Optional<Obstacle> because(String what) {
        return Optional.of(new Obstacle(what, remedy()));
    }

    private Remedy remedy() {
        if (row.templated()) {
            return Remedy.sql("DROP VIEW " + view.sql()).and("refreshd makes it again from its template");
        }
        String convert = "refreshd convert " + SqlNames.literal(view.sql());
        return Remedy.text(convert + " --back --apply, and then " + convert + " --apply");
    }
}
