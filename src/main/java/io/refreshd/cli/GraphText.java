package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.LookupKey;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.ReadColumns;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ReplicaIdentity;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Formats the graph of tables and views, as text and as JSON. Pure. */
final class GraphText {
    private GraphText() {}

    static String text(ViewGraph graph) {
        StringBuilder text = new StringBuilder();
        for (BaseTable table : graph.tables().values()) {
            text.append(name(table.id())).append("  (").append(identity(table)).append(")\n");
            for (Reader reader : graph.readersOf(table.id())) {
                append(
                        text,
                        table,
                        reader,
                        graph.changeFilter(table.id(), reader.view()),
                        isIncremental(graph, reader.view()));
            }
        }
        for (ViewId view : graph.views().keySet()) {
            if (!graph.downstreamOf(view).isEmpty()) {
                text.append(name(view))
                        .append(isIncremental(graph, view) ? "  (incremental view)\n" : "  (materialized view)\n");
                for (ViewId above : graph.downstreamOf(view)) {
                    text.append("  → ").append(name(above)).append("\n      refreshed when a refresh changes ");
                    text.append(name(view)).append("\n");
                }
            }
        }
        for (ViewId view : graph.views().keySet()) {
            for (Obstacle remark : graph.remarksOn(view)) {
                text.append(view).append("  remark: ").append(remark.what()).append("\n");
                text.append("      remedy: ").append(remark.remedy()).append("\n");
            }
        }
        return text.isEmpty() ? "No materialized view matches views.include.\n" : text.toString();
    }

    static boolean isIncremental(ViewGraph graph, ViewId view) {
        return graph.view(view).flatMap(MaterializedView::incremental).isPresent();
    }

    private static void append(
            StringBuilder text, BaseTable table, Reader reader, ChangeFilter filter, boolean incremental) {
        text.append("  → ").append(name(reader.view())).append("\n");
        text.append("      reads ")
                .append(PlainText.line(columns(reader.columns())))
                .append("\n");
        text.append("      decided by ")
                .append(PlainText.line(String.join(", then ", steps(table, filter, incremental))))
                .append("\n");
        for (Obstacle obstacle : obstacles(table, filter)) {
            text.append("      limited: ")
                    .append(PlainText.line(obstacle.what()))
                    .append("\n");
            if (!obstacle.remedy().isEmpty()) {
                text.append("        remedy: ")
                        .append(PlainText.line(obstacle.remedy().toString()))
                        .append("\n");
            }
        }
    }

    private static String name(Object viewOrTable) {
        return PlainText.line(viewOrTable.toString());
    }

    private static String columns(ReadColumns columns) {
        if (columns.names().isEmpty()) {
            return columns.all() ? "all columns" : "no column: only whether rows are there";
        }
        return String.join(", ", columns.names());
    }

    private static String identity(BaseTable table) {
        return "replica identity "
                + switch (table.identity()) {
                    case NOTHING -> "missing";
                    case DEFAULT -> "default: primary key";
                    case DEFAULT_WITHOUT_KEY -> "default, without a primary key";
                    case INDEX -> "index";
                    case FULL -> "full";
                    case GENERATED -> "holds a generated column";
                };
    }

    /** The steps of the decision, from the cheapest to the most exact. */
    private static List<String> steps(BaseTable table, ChangeFilter filter, boolean incremental) {
        List<String> steps = new ArrayList<>();
        if (table.identity() == ReplicaIdentity.FULL) {
            steps.add("column");
        }
        filter.discriminator().ifPresent(d -> steps.add("value of " + text(d) + limitWithoutOldRows(table, filter)));
        filter.lookup()
                .keys()
                .forEach(key -> steps.add((incremental ? "rows recomputed by " : "look-up by ")
                        + String.join(", ", key.columns())
                        + IncrementalText.through(key.joins())
                        + (key.byValue() ? limitOfValues(table) : "")));
        if (incremental && filter.lookup().keys().isEmpty()) {
            steps.add("everything recomputed");
        }
        return steps.isEmpty() ? List.of("table") : steps;
    }

    /** The column may belong to the key, which the log holds of each row. */
    private static String limitOfValues(BaseTable table) {
        return table.identity() == ReplicaIdentity.FULL ? "" : " (of updated and deleted rows: if the log holds it)";
    }

    private static String limitWithoutOldRows(BaseTable table, ChangeFilter filter) {
        if (table.identity() == ReplicaIdentity.FULL) {
            return "";
        }
        return isIndexed(filter)
                ? " (updated and deleted rows: by whether the view shows them)"
                : " (inserted rows only)";
    }

    private static boolean isIndexed(ChangeFilter filter) {
        return filter.lookup().key().filter(LookupKey::indexed).isPresent();
    }

    static String text(Discriminator discriminator) {
        return discriminator.column() + " ("
                + discriminator.values().stream().map(v -> "'" + v + "'").collect(Collectors.joining(", ")) + ")";
    }

    static List<Obstacle> obstacles(BaseTable table, ChangeFilter filter) {
        List<Obstacle> found = new ArrayList<>();
        if (table.identity() != ReplicaIdentity.FULL) {
            found.add(new Obstacle(
                    "the log does not hold whole old rows of " + table.id()
                            + ", so it shows neither which columns an UPDATE changed nor their former values"
                            + (filter.discriminator().isPresent() && !isIndexed(filter)
                                    ? "; each UPDATE and DELETE is looked up in every view that selects rows by a value and"
                                            + " has no index that begins with the table's key"
                                    : ""),
                    table.mayBeFull()
                            ? Remedy.sql("ALTER TABLE " + SqlNames.qualified(table.id()) + " REPLICA IDENTITY FULL")
                            : Remedy.text("none while the table has a generated column, which is not published")));
        }
        filter.lookup().why().ifPresent(found::add);
        return found;
    }

    static ObjectNode json(ViewGraph graph) {
        ObjectNode root = Json.object();
        ArrayNode tables = root.putArray("tables");
        for (BaseTable table : graph.tables().values()) {
            ObjectNode node = tables.addObject();
            node.put("table", table.id().toString());
            node.put("replicaIdentity", table.identity().name().toLowerCase(java.util.Locale.ROOT));
            ArrayNode views = node.putArray("views");
            for (Reader reader : graph.readersOf(table.id())) {
                ObjectNode view = views.addObject();
                json(view, table, reader, graph.changeFilter(table.id(), reader.view()));
                view.put("incremental", isIncremental(graph, reader.view()));
            }
        }
        ArrayNode stacked = root.putArray("stacked");
        for (ViewId view : graph.views().keySet()) {
            if (!graph.upstreamOf(view).isEmpty()) {
                ObjectNode node = stacked.addObject();
                node.put("view", view.toString());
                ArrayNode upstream = node.putArray("upstream");
                graph.upstreamOf(view).forEach(id -> upstream.add(id.toString()));
            }
        }
        ArrayNode remarks = root.putArray("remarks");
        for (ViewId view : graph.views().keySet()) {
            for (Obstacle remark : graph.remarksOn(view)) {
                ObjectNode node = remarks.addObject();
                node.put("view", view.toString());
                node.put("what", remark.what());
                node.set("remedy", Json.remedy(remark.remedy()));
            }
        }
        return root;
    }

    private static void json(ObjectNode node, BaseTable table, Reader reader, ChangeFilter filter) {
        node.put("view", reader.view().toString());
        if (reader.columns().all()) {
            node.putNull("columns");
        } else {
            reader.columns().names().forEach(node.putArray("columns")::add);
        }
        node.put("columnLevel", table.identity() == ReplicaIdentity.FULL);
        Optional<Discriminator> discriminator = filter.discriminator();
        if (discriminator.isPresent()) {
            ObjectNode by = node.putObject("discriminator");
            by.put("column", discriminator.get().column());
            discriminator.get().values().forEach(by.putArray("values")::add);
        } else {
            node.putNull("discriminator");
        }
        if (!filter.lookup().keys().isEmpty()) {
            filter.lookup().keys().getFirst().columns().forEach(node.putArray("lookUpBy")::add);
        } else {
            node.putNull("lookUpBy");
        }
        node.put("exact", !filter.lookup().keys().isEmpty());
        ArrayNode obstacles = node.putArray("obstacles");
        for (Obstacle obstacle : obstacles(table, filter)) {
            ObjectNode why = obstacles.addObject();
            why.put("what", obstacle.what());
            why.set("remedy", Json.remedy(obstacle.remedy()));
        }
    }
}
