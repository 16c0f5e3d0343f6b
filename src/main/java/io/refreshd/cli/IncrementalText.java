package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.catalog.ValueColumn;
import io.refreshd.model.JoinStep;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import java.util.List;
import java.util.stream.Collectors;

/** Says of views whether they could be incremental, by which key, and what stands in the way. Pure. */
final class IncrementalText {
    private IncrementalText() {}

    /** "id of public.main". */
    static String key(IncrementalQuery query) {
        return PlainText.line(String.join(", ", query.anchorKey()) + " of "
                + query.anchor().map(Object::toString).orElse("?"));
    }

    /** One line for a view that could be incremental, and one for each reason against it otherwise. */
    static void append(StringBuilder text, IncrementalQuery query) {
        String view = PlainText.line(query.view().toString());
        if (query.possible()) {
            text.append(view).append("  could be incremental, by ").append(key(query));
            List<String> everything = query.allTables().stream()
                    .filter(table -> table.everything().isPresent())
                    .map(table -> PlainText.line(table.table().toString()))
                    .toList();
            if (!everything.isEmpty()) {
                text.append("; each change of ")
                        .append(String.join(", ", everything))
                        .append(" would recompute everything");
            }
            text.append('\n');
        } else {
            text.append(view).append("  cannot be incremental\n");
            obstacles(text, query.obstacles());
        }
    }

    static void obstacles(StringBuilder text, List<Obstacle> obstacles) {
        for (Obstacle obstacle : obstacles) {
            text.append("      ").append(PlainText.line(obstacle.what())).append('\n');
            if (!obstacle.remedy().isEmpty()) {
                text.append("        remedy: ")
                        .append(PlainText.line(obstacle.remedy().toString()))
                        .append('\n');
            }
        }
    }

    /** How the changes of each table are found. */
    static void tables(StringBuilder text, IncrementalQuery query) {
        for (TableChanges table : query.allTables()) {
            text.append("  ").append(PlainText.line(table.table().toString()));
            if (table.everything().isPresent()) {
                text.append("  each change recomputes everything\n");
                obstacles(text, List.of(table.everything().get()));
            } else {
                text.append("  changes are found by ")
                        .append(PlainText.line(table.by().stream()
                                .map(by -> String.join(", ", by.columns()) + through(by.joins()))
                                .distinct()
                                .collect(Collectors.joining(", and by "))))
                        .append('\n');
            }
        }
    }

    /** " through public.a, public.b", or nothing. */
    static String through(List<JoinStep> joins) {
        return joins.isEmpty()
                ? ""
                : joins.stream()
                        .map(step -> step.table().toString())
                        .collect(Collectors.joining(", ", " through ", ""));
    }

    /** Whose values maps hold, since the log does not. */
    static List<ValueColumn> values(IncrementalQuery query) {
        return query.maps().stream()
                .flatMap(map -> map.value().stream())
                .distinct()
                .toList();
    }

    static String hidden(IncrementalQuery query) {
        return query.hidden().stream()
                .map(column -> PlainText.line(column.words()))
                .collect(Collectors.joining(", "));
    }

    static void json(ObjectNode node, IncrementalQuery query, List<Obstacle> obstacles) {
        node.put("view", query.view().toString());
        node.put("possible", obstacles.isEmpty());
        node.put("anchor", query.anchor().map(Object::toString).orElse(null));
        query.anchorKey().forEach(node.putArray("key")::add);
        ArrayNode hidden = node.putArray("hidden");
        query.hidden().forEach(column -> hidden.add(column.words()));
        ArrayNode maps = node.putArray("maps");
        values(query).forEach(value -> maps.add(value.words()));
        ArrayNode tables = node.putArray("tables");
        for (TableChanges table : query.allTables()) {
            ObjectNode one = tables.addObject();
            one.put("table", table.table().toString());
            // The columns of the first use, and those of the others.
            table.columns().stream().limit(1).flatMap(List::stream).forEach(one.putArray("key")::add);
            ArrayNode also = one.putArray("alsoBy");
            table.columns().stream().skip(1).forEach(columns -> columns.forEach(also.addArray()::add));
            table.through().forEach(through -> one.withArray("through").add(through.toString()));
            one.put("everything", table.everything().map(Obstacle::what).orElse(null));
            one.set(
                    "remedy",
                    Json.remedy(table.everything().map(Obstacle::remedy).orElse(Remedy.NONE)));
        }
        ArrayNode against = node.putArray("obstacles");
        for (Obstacle obstacle : obstacles) {
            against.addObject().put("what", obstacle.what()).set("remedy", Json.remedy(obstacle.remedy()));
        }
    }
}
