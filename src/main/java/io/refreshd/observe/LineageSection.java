package io.refreshd.observe;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Section of the page with the dependency graph: tables → views → views. Pure. */
final class LineageSection {
    /** A longer list of views is folded; a role schema has hundreds of views on one table. */
    private static final int FOLD_ABOVE = 12;

    private LineageSection() {}

    static String html(DaemonStatus status) {
        if (status.tables().isEmpty()) {
            return "";
        }
        Map<ViewId, ViewPhase> phases = status.views().stream()
                .collect(Collectors.toMap(ViewStatus::view, ViewStatus::phase, (one, other) -> one));
        StringBuilder out = new StringBuilder("<section class=\"graph\"><h2>Tables and views</h2>\n<ul>\n");
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
