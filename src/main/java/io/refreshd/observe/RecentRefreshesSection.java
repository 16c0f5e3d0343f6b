package io.refreshd.observe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Section of the page with the last refreshes. Pure. */
final class RecentRefreshesSection {
    private RecentRefreshesSection() {}

    static String html(List<RefreshHistory.Entry> recent, Instant now) {
        if (recent.isEmpty()) {
            return "";
        }
        StringBuilder out = new StringBuilder("<section><h2>Recent refreshes</h2>\n<table class=\"recent\"><thead><tr>"
                + "<th scope=\"col\">View</th><th scope=\"col\">When</th><th scope=\"col\">Method</th>"
                + "<th scope=\"col\">Took</th><th scope=\"col\">Commit to visible</th>"
                + "<th scope=\"col\">Outcome</th></tr></thead>\n<tbody>\n");
        recent.forEach(entry -> row(out, entry, now));
        return out.append("</tbody></table></section>\n").toString();
    }

    private static void row(StringBuilder out, RefreshHistory.Entry entry, Instant now) {
        out.append("<tr><th scope=\"row\">")
                .append(Html.text(entry.view().toString()))
                .append("</th>");
        Html.cell(out, "When", HumanDuration.format(Duration.between(entry.at(), now)) + " ago");
        Html.cell(out, "Method", entry.method());
        Html.cell(out, "Took", entry.took().map(HumanDuration::format).orElse("–"));
        Html.cell(
                out, "Commit to visible", entry.lag().map(HumanDuration::format).orElse("–"));
        out.append("<td class=\"outcome").append(entry.failed() ? " bad" : "").append("\" data-label=\"Outcome\">");
        out.append(Html.text(entry.outcome())).append("</td></tr>\n");
    }
}
