package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.exchange.Dependents;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.ViewId;
import io.refreshd.redefine.RedefinitionResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Says what {@code redefine} would do, or has done. Pure. */
record RedefinitionText(RedefinitionResult result, Duration took, Map<ViewId, RefreshCost> costs) {

    String text() {
        StringBuilder text = new StringBuilder();
        String view = PlainText.line(result.view().toString());
        if (!result.obstacles().isEmpty()) {
            text.append(view).append("  cannot be redefined\n");
            IncrementalText.obstacles(text, result.obstacles());
            return text.toString();
        }
        if (result.same()) {
            return view + "  has this query already: nothing to do\n";
        }
        text.append(view)
                .append(result.done() ? "  was redefined in " + StatusText.span(took) : "  can be redefined")
                .append(result.incremental() ? ", and " + (result.done() ? "is" : "stays") + " incremental" : "")
                .append('\n');
        List<String> columns = result.columns().words();
        line(text, "columns", columns.isEmpty() ? "as before" : PlainText.line(String.join("; ", columns)));
        if (!result.kept().isEmpty()) {
            line(text, "stays", names(result.kept()) + ": given the same query again");
        }
        for (Dependents.View remade : result.remade()) {
            line(text, "made again", PlainText.line(remade.id().toString()) + remade(remade));
        }
        if (!result.done()) {
            plan(text);
        }
        return text.toString();
    }

    private String remade(Dependents.View view) {
        if (!view.materialized()) {
            return ", a plain view between them";
        }
        RefreshCost cost = costs.get(view.id());
        return cost == null ? ", filled anew" : ", filled anew: " + cost.inWords();
    }

    private void plan(StringBuilder text) {
        RefreshCost cost = costs.get(result.view());
        line(
                text,
                "takes",
                "the new query once, and the indexes; "
                        + (result.rows() < 0
                                ? "how many rows the view has is not known"
                                : String.format(Locale.ROOT, "the view has about %,.0f rows", result.rows()))
                        + (cost == null ? "" : ", and was " + cost.inWords()));
        List<ViewId> read = new ArrayList<>(List.of(result.view()));
        read.addAll(result.kept());
        result.remade().forEach(view -> read.add(view.id()));
        line(
                text,
                "locks",
                "while it is built, nobody waits, but neither the view nor what is made again is refreshed; at the end readers of "
                        + names(read)
                        + " wait while names are exchanged, at most 0.5 s for each attempt to get the locks");
        text.append("\nBEGIN;\n");
        result.script()
                .forEach(sql -> text.append(PlainText.lines(sql.replace("\t", "    ")))
                        .append(sql.startsWith("--") ? "\n" : ";\n"));
        text.append("COMMIT;\n\nNothing was changed; --apply redefines it.\n");
    }

    private static void line(StringBuilder text, String what, String words) {
        text.append(String.format(Locale.ROOT, "  %-12s%s%n", what, words));
    }

    private static String names(List<ViewId> views) {
        return views.stream().map(id -> PlainText.line(id.toString())).collect(Collectors.joining(", "));
    }

    ObjectNode json() {
        ObjectNode root = Json.object();
        root.put("view", result.view().toString())
                .put("possible", result.obstacles().isEmpty())
                .put("same", result.same())
                .put("done", result.done())
                .put("incremental", result.incremental());
        if (result.done()) {
            root.put("seconds", took.toMillis() / 1e3);
        } else {
            root.putNull("seconds");
        }
        if (result.rows() < 0) {
            root.putNull("rows");
        } else {
            root.put("rows", Math.round(result.rows()));
        }
        result.columns().words().forEach(root.putArray("columns")::add);
        result.kept().forEach(view -> root.withArray("standing").add(view.toString()));
        root.withArray("standing");
        ArrayNode remade = root.putArray("remade");
        result.remade().forEach(view -> remade.add(view.id().toString()));
        result.script().forEach(root.putArray("script")::add);
        ArrayNode against = root.putArray("obstacles");
        for (Obstacle obstacle : result.obstacles()) {
            against.addObject().put("what", obstacle.what()).set("remedy", Json.remedy(obstacle.remedy()));
        }
        return root;
    }
}
