package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.ValueColumn;
import io.refreshd.exchange.Dependents;
import io.refreshd.incremental.ValueMapSize;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What {@code convert} found or did with one view.
 *
 * @param standing what stands on it; empty if it is not known
 * @param cost what its refreshes cost; empty if none is known
 * @param sizes how large its maps of values will become, as far as that is known
 * @param done whether the view was converted now
 * @param already whether it is incremental already
 */
record ViewConversion(
        IncrementalQuery query,
        List<Obstacle> obstacles,
        Optional<Dependents> dependents,
        Optional<RefreshCost> cost,
        Map<ValueColumn, ValueMapSize> sizes,
        boolean done,
        boolean already) {

    static ViewConversion already(ViewId view) {
        return new ViewConversion(nothing(view), List.of(), Optional.empty(), Optional.empty(), Map.of(), false, true);
    }

    static ViewConversion back(ViewId view, List<Obstacle> obstacles, Optional<Dependents> dependents, boolean done) {
        return new ViewConversion(nothing(view), obstacles, dependents, Optional.empty(), Map.of(), done, false);
    }

    private static IncrementalQuery nothing(ViewId view) {
        return new IncrementalQuery(
                view, 0, List.of(), Optional.empty(), List.of(), List.of(), List.of(), List.of(), List.of());
    }

    ViewConversion with(List<Obstacle> found) {
        return new ViewConversion(query, found, dependents, cost, sizes, false, already);
    }

    String text(boolean back) {
        StringBuilder text = new StringBuilder();
        String view = PlainText.line(query.view().toString());
        if (already) {
            return view + "  is incremental already\n";
        }
        if (!obstacles.isEmpty()) {
            text.append(view).append(back ? "  cannot be a materialized view again\n" : "  cannot be incremental\n");
            IncrementalText.obstacles(text, obstacles);
            return text.toString();
        }
        if (back) {
            text.append(view)
                    .append(done ? "  is a materialized view again\n" : "  can be a materialized view again\n");
        } else {
            text.append(view)
                    .append(done ? "  is incremental, by " : "  can be incremental, by ")
                    .append(IncrementalText.key(query))
                    .append('\n');
            IncrementalText.tables(text, query);
            if (!query.hidden().isEmpty()) {
                text.append("  the table also holds ")
                        .append(IncrementalText.hidden(query))
                        .append(", which the view does not show\n");
            }
            for (ValueColumn values : IncrementalText.values(query)) {
                text.append("  a map holds ")
                        .append(PlainText.line(values.words()))
                        .append(", whose old value the log does not hold: ")
                        .append(size(values))
                        .append('\n');
            }
        }
        append(text, "  stays as it is: ", kept());
        append(text, done ? "  was made again: " : "  is made again: ", remade());
        if (!back) {
            text.append("  ").append(history()).append('\n');
        }
        return text.toString();
    }

    private String size(ValueColumn values) {
        ValueMapSize size = sizes.get(values);
        return size != null
                ? "about " + size.rows() + " rows, " + StatusText.size(size.bytes())
                : "how large it becomes is not known before ANALYZE of "
                        + PlainText.line(
                                values.tables().stream().map(TableId::toString).collect(Collectors.joining(", ")));
    }

    private List<ViewId> kept() {
        return dependents.map(Dependents::kept).orElse(List.of()).stream()
                .map(Dependents.View::id)
                .toList();
    }

    private List<ViewId> remade() {
        return dependents.map(Dependents::remade).orElse(List.of()).stream()
                .map(Dependents.View::id)
                .toList();
    }

    private static void append(StringBuilder text, String what, List<ViewId> views) {
        if (!views.isEmpty()) {
            text.append(what)
                    .append(views.stream()
                            .map(id -> PlainText.line(id.toString()))
                            .collect(Collectors.joining(", ")))
                    .append('\n');
        }
    }

    private String history() {
        return cost.map(known -> known.inWords() + ": this is what recomputing changed rows replaces")
                .orElse("what it would save is not known: no refresh of it is in the history yet");
    }

    void json(ObjectNode node) {
        IncrementalText.json(node, query, obstacles);
        node.put("done", done).put("already", already);
        ArrayNode maps = node.putArray("mapSizes");
        sizes.forEach((values, size) -> maps.addObject()
                .put("map", values.words())
                .put("rows", size.rows())
                .put("bytes", size.bytes()));
        ArrayNode views = node.putArray("standing");
        kept().forEach(view -> views.add(view.toString()));
        ArrayNode again = node.putArray("remade");
        remade().forEach(view -> again.add(view.toString()));
        if (cost.isEmpty()) {
            node.putNull("history");
        } else {
            node.putObject("history")
                    .put("refreshes", cost.get().refreshes())
                    .put("seconds", cost.get().since().toMillis() / 1e3)
                    .put("medianSeconds", cost.get().median().toMillis() / 1e3)
                    .put("totalSeconds", cost.get().total().toMillis() / 1e3);
        }
    }
}
