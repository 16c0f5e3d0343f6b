package io.refreshd.observe;

import io.refreshd.diagram.Lineage;
import io.refreshd.diagram.Picture;
import io.refreshd.diagram.PictureStates;
import io.refreshd.diagram.PictureSvg;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Section of the page with the dependency graph, tables → views → views: as a picture where there is room for it, and as a list for
 * keyboards, screen readers and phones.
 *
 * <p>Thread: any. The layout of the last picture is kept, since the graph seldom changes and the page is made every second.
 */
final class LineageSection {
    /** A longer list of views is folded; a role schema has hundreds of views on one table. */
    private static final int FOLD_ABOVE = 12;

    private Drawn last = new Drawn(Lineage.of(List.of(), Map.of(), Map.of()));

    private record Drawn(Lineage lineage, Picture picture) {
        Drawn(Lineage lineage) {
            this(lineage, Picture.of(lineage));
        }
    }

    String html(DaemonStatus status, Instant now) {
        if (status.tables().isEmpty()) {
            return "";
        }
        Map<ViewId, ViewPhase> phases = status.views().stream()
                .collect(Collectors.toMap(ViewStatus::view, ViewStatus::phase, (one, other) -> one));
        StringBuilder out = new StringBuilder("<section class=\"graph\"><h2 id=\"graph\">Tables and views</h2>\n");
        picture(out, status, now);
        out.append("<ul>\n");
        for (TableStatus table : status.tables()) {
            source(out, "table", table.table().toString(), table.readers(), phases);
            table.notCaptured().ifPresent(obstacle -> notCaptured(out, obstacle));
            out.append("</li>\n");
        }
        downstream(status).forEach((view, readers) -> {
            source(out, "view", view.toString(), readers, phases);
            out.append("</li>\n");
        });
        return out.append("</ul></section>\n").toString();
    }

    private void picture(StringBuilder out, DaemonStatus status, Instant now) {
        Lineage lineage = Lineage.of(
                status.views().stream().map(ViewStatus::view).toList(),
                status.tables().stream()
                        .collect(Collectors.toMap(TableStatus::table, TableStatus::readers, (one, other) -> one)),
                status.upstream());
        Drawn drawn = drawn(lineage);
        PictureSvg.missing(drawn.picture())
                .ifPresent(words -> out.append("<p class=\"drawn\">")
                        .append(Html.text(words))
                        .append(". The list has all; <code>refreshd graph --svg --view</code> draws what a view hangs")
                        .append(" together with.</p>\n"));
        if (drawn.picture().drawn() > 0) {
            Map<ViewId, PictureStates.State> states = new HashMap<>();
            status.views()
                    .forEach(view -> states.put(view.view(), new PictureStates.State(view.phase(), words(view, now))));
            Set<TableId> notCaptured = status.tables().stream()
                    .filter(table -> table.notCaptured().isPresent())
                    .map(TableStatus::table)
                    .collect(Collectors.toSet());
            out.append("<div class=\"canvas\" tabindex=\"0\" role=\"region\" aria-labelledby=\"graph\">\n")
                    .append(PictureSvg.inPage(
                            drawn.lineage(),
                            drawn.picture(),
                            new PictureStates(states, notCaptured, view -> "#" + anchor(view))))
                    .append("</div>\n");
        }
    }

    /** One request lays a new graph out, and the others wait for it. */
    private synchronized Drawn drawn(Lineage lineage) {
        if (!last.lineage().equals(lineage)) {
            last = new Drawn(lineage);
        }
        return last;
    }

    private static String words(ViewStatus view, Instant now) {
        Duration staleness = view.staleness(now);
        return view.phase().word() + (staleness.isZero() ? "" : ", " + HumanDuration.format(staleness) + " behind");
    }

    /** The HTML id of the view's row. It consists of letters and digits only, whatever characters the view's name has. */
    static String anchor(ViewId view) {
        return "v" + Integer.toHexString(view.schema().hashCode())
                + Integer.toHexString(view.name().hashCode());
    }

    private static Map<ViewId, Collection<ViewId>> downstream(DaemonStatus status) {
        Map<ViewId, Collection<ViewId>> downstream = new TreeMap<>();
        status.upstream()
                .forEach((view, sources) -> sources.forEach(source ->
                        downstream.computeIfAbsent(source, v -> new TreeSet<>()).add(view)));
        return downstream;
    }

    private static void source(
            StringBuilder out, String kind, String name, Collection<ViewId> readers, Map<ViewId, ViewPhase> phases) {
        out.append("<li class=\"source\"><span class=\"node ")
                .append(kind)
                .append("\"><small>")
                .append(kind)
                .append("</small> ");
        out.append(Html.text(name)).append("</span><span class=\"arrow\" aria-label=\"feeds\"></span>");
        if (readers.size() > FOLD_ABOVE) {
            out.append("<details data-key=\"")
                    .append(Html.text(kind + " " + name))
                    .append("\"><summary>");
            out.append(readers.size()).append(" views</summary>");
        }
        out.append("<span class=\"readers\">");
        for (ViewId reader : readers) {
            out.append("<a class=\"node ")
                    .append(phases.getOrDefault(reader, ViewPhase.DIRTY).word());
            out.append("\" href=\"#").append(anchor(reader)).append("\">");
            out.append(Html.text(reader.toString())).append("</a> ");
        }
        out.append("</span>").append(readers.size() > FOLD_ABOVE ? "</details>" : "");
    }

    private static void notCaptured(StringBuilder out, Obstacle why) {
        out.append("<p class=\"bad\">not captured: ")
                .append(Html.text(why.what()))
                .append("</p>");
        if (!why.remedy().isEmpty()) {
            out.append("<pre>").append(Html.text(why.remedy().lines())).append("</pre>");
        }
    }
}
