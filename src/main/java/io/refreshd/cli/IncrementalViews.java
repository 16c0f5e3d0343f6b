package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.Relation;
import io.refreshd.catalog.RelationKind;
import io.refreshd.ledger.IncrementalViewRows.Row;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.PlainText;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The views that are incremental, and those that could be or could not.
 *
 * @param present views that are incremental
 * @param others materialized views
 * @param costs what refreshes have cost, by view
 */
record IncrementalViews(List<Row> present, List<IncrementalQuery> others, Map<ViewId, RefreshCost> costs) {

    static IncrementalViews of(
            Catalog catalog, Collection<Row> rows, Map<ViewId, RefreshCost> costs, Predicate<ViewId> included) {
        RecomputeKeys keys = new RecomputeKeys(catalog);
        Set<ViewId> incremental = rows.stream().map(Row::view).collect(Collectors.toSet());
        List<IncrementalQuery> others = new ArrayList<>();
        for (Relation relation : catalog.relations()) {
            ViewId view = new ViewId(relation.schema(), relation.name());
            if (relation.kind() == RelationKind.MATERIALIZED_VIEW
                    && included.test(view)
                    && !incremental.contains(view)) {
                others.add(keys.of(relation.oid()));
            }
        }
        others.sort(Comparator.comparing(IncrementalQuery::view));
        return new IncrementalViews(
                rows.stream()
                        .filter(row -> included.test(row.view()))
                        .sorted(Comparator.comparing(Row::view))
                        .toList(),
                others,
                costs);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        for (Row row : present) {
            text.append(PlainText.line(row.view().toString()))
                    .append("  is incremental: its rows are in ")
                    .append(PlainText.line(row.store().map(ViewId::toString).orElse("a table that was dropped")))
                    .append('\n');
        }
        for (IncrementalQuery query : others) {
            IncrementalText.append(text, query);
            RefreshCost cost = costs.get(query.view());
            if (query.possible() && cost != null) {
                text.append("      ").append(cost.inWords()).append(": convert says more\n");
            }
        }
        return text.toString();
    }

    ObjectNode addTo(ObjectNode root) {
        ArrayNode list = root.putArray("incremental");
        for (Row row : present) {
            list.addObject()
                    .put("view", row.view().toString())
                    .put("store", row.store().map(ViewId::toString).orElse(null));
        }
        ArrayNode candidates = root.putArray("couldBeIncremental");
        others.forEach(query -> IncrementalText.json(candidates.addObject(), query, query.obstacles()));
        return root;
    }
}
