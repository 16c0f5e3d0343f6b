package io.refreshd.observe;

import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The main part of the page of one view: its state, and its last hour as a chart and as a table. Pure. */
final class TimelinePage {
    private TimelinePage() {}

    static String main(ViewStatus view, List<RefreshMinute> minutes, Instant began, Instant now) {
        StringBuilder out = new StringBuilder("<p><a href=\"./\">← all views</a></p>\n<header><h1>")
                .append(Html.text(view.view().toString()))
                .append("</h1> <span class=\"phase ")
                .append(view.phase().word())
                .append("\">")
                .append(view.phase().word())
                .append("</span></header>\n<dl>");
        Duration staleness = view.staleness(now);
        Html.term(out, "Staleness", staleness.isZero() ? "–" : HumanDuration.format(staleness));
        Html.term(out, "Target lag", HumanDuration.format(view.timing().targetLag()));
        Html.term(out, "Method", MetricNames.labelValue(view.method()));
        Html.term(
                out,
                "Last refresh",
                view.refreshedAt()
                        .map(at -> HumanDuration.format(Duration.between(at, now)) + " ago")
                        .orElse("never"));
        Html.term(out, "Watermark", view.watermark().map(Object::toString).orElse("none"));
        out.append("</dl>\n");
        view.reason()
                .ifPresent(reason -> out.append("<p class=\"bad\">")
                        .append(Html.text(reason.what()))
                        .append("</p>\n")
                        .append(
                                reason.remedy().isEmpty()
                                        ? ""
                                        : "<pre>" + Html.text(reason.remedy().lines()) + "</pre>\n"));
        out.append("<h2>The last hour</h2>\n").append(TimelineChart.html(view, minutes, began, now));
        if (began.isAfter(now.minusSeconds(60L * (RefreshHistory.MINUTES - 1)))) {
            out.append("<p class=\"at\">This is kept in memory: of the time before ")
                    .append(TimelineChart.time(began))
                    .append(
                            " UTC, when the daemon started, nothing is known here. <code>refreshd.refresh_history</code> has the"
                                    + " refreshes of the last week.</p>\n");
        }
        table(out, minutes);
        return out.append("<p class=\"at\">As of <time>")
                .append(now.truncatedTo(java.time.temporal.ChronoUnit.SECONDS))
                .append("</time>; all times are UTC.</p>\n")
                .toString();
    }

    private static void table(StringBuilder out, List<RefreshMinute> minutes) {
        if (minutes.isEmpty()) {
            out.append("<p>No refresh ended in this time.</p>\n");
            return;
        }
        out.append("<table class=\"recent\"><thead><tr><th scope=\"col\">Minute</th><th scope=\"col\">Refreshes</th>"
                + "<th scope=\"col\">Failed</th><th scope=\"col\">Commit to visible</th><th scope=\"col\">Took</th>"
                + "<th scope=\"col\">Rows changed</th><th scope=\"col\">Keys</th><th scope=\"col\">Remark</th>"
                + "</tr></thead>\n<tbody>\n");
        List<RefreshMinute> newestFirst = new ArrayList<>(minutes);
        Collections.reverse(newestFirst);
        for (RefreshMinute minute : newestFirst) {
            out.append("<tr><th scope=\"row\">")
                    .append(TimelineChart.time(Instant.ofEpochSecond(60 * minute.minute())))
                    .append("</th>");
            Html.cell(out, "Refreshes", Integer.toString(minute.refreshes()));
            Html.cell(out, "Failed", minute.failures() == 0 ? "–" : Integer.toString(minute.failures()));
            Html.cell(
                    out,
                    "Commit to visible",
                    minute.lag().map(HumanDuration::format).orElse("–"));
            Html.cell(out, "Took", minute.refreshes() == 0 ? "–" : HumanDuration.format(minute.took()));
            Html.cell(out, "Rows changed", Long.toString(minute.rows()));
            Html.cell(out, "Keys", minute.rounds() == 0 ? "–" : Long.toString(minute.keys()));
            out.append("<td class=\"outcome")
                    .append(minute.failures() > 0 ? " bad" : "")
                    .append("\" data-label=\"Remark\">")
                    .append(Html.text(minute.remark().orElse("–")))
                    .append("</td></tr>\n");
        }
        out.append("</tbody></table>\n");
    }
}
