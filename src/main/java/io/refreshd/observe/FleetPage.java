package io.refreshd.observe;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Page that lists the databases of a process that serves several. All HTML is rendered and escaped here. Pure. */
final class FleetPage {
    private static final List<String> COLUMNS = List.of("Database", "State", "Views", "Stalest", "Restarts");

    private final PageFrame frame = new PageFrame(COLUMNS);

    Response render(List<DatabaseSummary> all, Instant now) {
        return frame.live("a database", main(all, now));
    }

    /** The main part of the page, which is also what {@link ServerSentEvents} sends. Those that need somebody come first. */
    String main(List<DatabaseSummary> all, Instant now) {
        StringBuilder out = new StringBuilder("<header><h1>refreshd</h1></header>\n<dl>");
        Html.term(out, "Databases", Integer.toString(all.size()));
        Html.term(
                out,
                "Served here",
                count(all.stream().filter(DatabaseSummary::isServed).toList()));
        Html.term(
                out, "Ready", count(all.stream().filter(DatabaseSummary::ready).toList()));
        out.append("</dl>\n<table class=\"views\"><thead><tr>");
        COLUMNS.forEach(
                column -> out.append("<th scope=\"col\">").append(column).append("</th>"));
        out.append("</tr></thead>\n<tbody>\n");
        all.stream().sorted(troubleFirst()).forEach(one -> row(out, one));
        return out.append("</tbody></table>\n<p class=\"at\">As of <time>")
                .append(Html.text(now.truncatedTo(ChronoUnit.SECONDS).toString()))
                .append("</time></p>\n")
                .toString();
    }

    private static Comparator<DatabaseSummary> troubleFirst() {
        return Comparator.comparing((DatabaseSummary one) -> one.ready() || one.isElsewhere())
                .thenComparing(DatabaseSummary::isElsewhere)
                .thenComparing(DatabaseSummary::name);
    }

    private static String count(List<DatabaseSummary> some) {
        return Integer.toString(some.size());
    }

    private static void row(StringBuilder out, DatabaseSummary one) {
        String name = Html.text(one.name());
        out.append(one.ready() || one.isElsewhere() ? "<tr>" : "<tr class=\"late\">")
                .append("<th scope=\"row\">");
        out.append(one.isServed() ? "<a href=\"databases/" + name + "/\">" + name + "</a>" : name);
        out.append("</th>");
        Html.cell(out, one.state());
        Html.cell(
                out,
                one.views().isEmpty()
                        ? "–"
                        : one.views().entrySet().stream()
                                .map(entry ->
                                        entry.getValue() + " " + entry.getKey().word())
                                .collect(Collectors.joining(", ")));
        Html.cell(out, one.staleness().isZero() ? "–" : HumanDuration.format(one.staleness()));
        Html.cell(out, Long.toString(one.restarts()));
        out.append("</tr>\n");
        one.reason()
                .filter(why -> !one.isElsewhere())
                .ifPresent(why -> out.append("<tr class=\"why\"><td colspan=\"5\">")
                        .append(Html.text(why))
                        .append(one.moreReasons() > 0 ? " (and " + one.moreReasons() + " more)" : "")
                        .append("</td></tr>\n"));
    }
}
