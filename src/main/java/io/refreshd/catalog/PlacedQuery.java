package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.catalog.IncrementalQuery.MapText;
import io.refreshd.catalog.NodeTree.Items;
import io.refreshd.catalog.NodeTree.Node;
import io.refreshd.catalog.NodeTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A query of a view, or inside of it, at its place in the view's text.
 *
 * @param with its WITH clause and those of the queries around it
 * @param texts where it is written, and where these queries are, from the inside out
 * @param around the names of the queries around it, from the outside in
 */
record PlacedQuery(Node query, WithClauses with, List<MapText> texts, List<EntryNames> around) {
    /** The query of a view. @param view its oid; empty: the view that is examined */
    static PlacedQuery of(Node query, Optional<Long> view, List<EntryNames> around) {
        return new PlacedQuery(query, WithClauses.NONE.inside(query), List.of(MapText.of(view)), around);
    }

    /**
     * A sub-select, plain view or query of WITH in FROM of a query.
     *
     * @param columns its names there
     */
    record InFrom(PlacedQuery query, String name, List<String> columns) {}

    MapText text() {
        return texts.getFirst();
    }

    /** The entries of the range table that FROM joins. */
    Set<Integer> joined() {
        Set<Integer> found = new TreeSet<>();
        query.all("jointree").forEach(part -> collect(part, found));
        return found;
    }

    private static void collect(Part part, Set<Integer> found) {
        if (part instanceof Items items) {
            items.parts().forEach(item -> collect(item, found));
        } else if (part instanceof Node node) {
            if (node.label().equals("RANGETBLREF")) {
                found.add((int) node.number("rtindex"));
            } else {
                List.of("fromlist", "larg", "rarg")
                        .forEach(field -> node.all(field).forEach(inside -> collect(inside, found)));
            }
        }
    }

    /** What an entry of FROM reads, if it is no table and not computed for each row. */
    Optional<InFrom> inFrom(int entry, CatalogIndex catalogIndex) {
        RangeTable rangeTable = new RangeTable(query, catalogIndex);
        if (ComputedEntry.of(rangeTable, entry).isPresent()) {
            return Optional.empty();
        }
        EntryNames names = new EntryNames(query, rangeTable, around);
        Relation view = rangeTable.relation(entry);
        String name = view == null ? names.with(entry).or(() -> names.of(entry)).orElse("") : view.name();
        Optional<PlacedQuery> inner = rangeTable
                .subquery(entry)
                .map(found ->
                        view == null ? subSelect(found, name, names) : of(found, Optional.of(view.oid()), List.of()))
                .or(() -> rangeTable.entry(entry).flatMap(with::find).map(found -> withQuery(found, name, names)));
        return inner.map(found -> new InFrom(
                found,
                name,
                IntStream.rangeClosed(1, TotalOrder.targets(found.query).size())
                        .mapToObj(number -> names.column(entry, number).orElse(""))
                        .toList()));
    }

    private PlacedQuery subSelect(Node found, String name, EntryNames names) {
        return new PlacedQuery(
                found, with.inside(found), before(text().inside(new Inner(name, false)), texts), and(names));
    }

    private PlacedQuery withQuery(WithClauses.Found found, String name, EntryNames names) {
        int levels = found.around().queries().size();
        List<MapText> home = texts.subList(texts.size() - levels, texts.size());
        // The names of queries around a view are not those of its WITH clauses.
        List<EntryNames> all = and(names);
        int outside = all.size() - texts.size();
        return new PlacedQuery(
                found.query(),
                found.around().inside(found.query()),
                before(home.getFirst().inside(new Inner(name, true)), home),
                all.subList(0, Math.max(0, outside) + levels));
    }

    /** A branch of a set operation. */
    PlacedQuery branch(Node branch, int number, CatalogIndex catalogIndex) {
        EntryNames names = new EntryNames(query, new RangeTable(query, catalogIndex), around);
        return new PlacedQuery(branch, with.inside(branch), before(text().inBranch(number), texts), and(names));
    }

    private List<EntryNames> and(EntryNames names) {
        List<EntryNames> all = new ArrayList<>(around);
        all.add(names);
        return all;
    }

    private static List<MapText> before(MapText text, List<MapText> others) {
        return Stream.concat(Stream.of(text), others.stream()).toList();
    }
}
