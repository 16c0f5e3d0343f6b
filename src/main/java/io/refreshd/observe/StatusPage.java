package io.refreshd.observe;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Status page of a database as HTML. All HTML is rendered and escaped here. Pure. */
final class StatusPage {
    /** Number of reasons shown. When the stream stops every view has one, and a longer list would push the table off the screen. */
    private static final int MAX_REASONS = 5;

    /** The running time is shown only of refreshes that take longer; for shorter ones it would flicker. */
    private static final Duration SHOWN_ABOVE = Duration.ofSeconds(2);

    private static final List<String> COLUMNS = List.of(
            "View", "State", "Staleness", "Target lag", "Lately", "Last refresh", "Took", "Refreshes", "Watermark");

    private final Readiness readiness;
    private final LineageSection lineage = new LineageSection();
    private final PageFrame frame = new PageFrame(COLUMNS);
    private final RefreshHistory history;

    StatusPage(Readiness readiness, RefreshHistory history) {
        this.readiness = readiness;
        this.history = history;
    }

    Response render(DaemonStatus status, Instant now) {
        return frame.live("a view", main(status, now));
    }

    /** The page of one view: its last hour. It is loaded when somebody asks for it, so the page of all views is no larger for it. */
    Response render(ViewStatus view, Instant now) {
        String main = TimelinePage.main(view, history.minutes(view.view()), history.began(), now);
        return frame.still(Html.text(view.view().toString()) + ": refreshd", main);
    }

    /** The main part of the page, which is also what {@link ServerSentEvents} sends. */
    String main(DaemonStatus status, Instant now) {
        return head(status, now) + views(status.views(), now) + lineage.html(status, now)
                + RecentRefreshesSection.html(history.recent(), now) + "<p class=\"at\">As of <time>"
                + Html.text(
                        now.truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString()) + "</time></p>\n";
    }

    private String head(DaemonStatus status, Instant now) {
        List<String> reasons = readiness.reasonsAgainst(status, now);
        StringBuilder out = new StringBuilder("<header><h1>refreshd</h1> ");
        out.append(
                readiness.isReady(status, now)
                        ? "<strong class=\"badge good\">ready</strong>"
                        : "<strong class=\"badge bad\">not ready</strong>");
        out.append(status.tables().isEmpty() ? "" : " <a href=\"#graph\">tables and views</a>");
        out.append("</header>\n<dl>");
        Html.term(out, "Stream", stream(status.stream()));
        Html.term(
                out,
                "Last message",
                status.stream().lastMessage().map(at -> ago(at, now)).orElse("none yet"));
        Html.term(
                out,
                "Routed up to",
                status.stream().routed().map(Object::toString).orElse("–"));
        Html.term(out, "Views", count(status.views()));
        out.append("</dl>\n");
        if (!reasons.isEmpty()) {
            out.append("<ul class=\"reasons\">");
            reasons.stream().limit(MAX_REASONS).forEach(reason -> item(out, reason));
            if (reasons.size() > MAX_REASONS) {
                item(out, "and " + (reasons.size() - MAX_REASONS) + " more, see the table");
            }
            out.append("</ul>\n");
        }
        return out.toString();
    }

    private String views(List<ViewStatus> views, Instant now) {
        if (views.isEmpty()) {
            return "<p>No view is known yet.</p>\n";
        }
        StringBuilder out = new StringBuilder("<table class=\"views\"><thead><tr>");
        COLUMNS.forEach(
                column -> out.append("<th scope=\"col\">").append(column).append("</th>"));
        out.append("</tr></thead>\n<tbody>\n");
        views.stream().sorted(troubleFirst(now)).forEach(view -> out.append(row(view, now)));
        return out.append("</tbody></table>\n").toString();
    }

    private String row(ViewStatus view, Instant now) {
        boolean late = readiness.beyondBound(view, now);
        StringBuilder out = new StringBuilder("<tr id=\"")
                .append(LineageSection.anchor(view.view()))
                .append(late ? "\" class=\"late\">" : "\">");
        String name = view.view().toString();
        out.append("<th scope=\"row\"><a href=\"timeline?")
                .append(ViewQuery.of(name))
                .append("\">")
                .append(Html.text(name))
                .append("</a></th>");
        out.append("<td><span class=\"phase ")
                .append(view.phase().word())
                .append("\">")
                .append(view.phase().word())
                .append("</span>")
                .append(view.refreshingFor(now)
                        .filter(running -> running.compareTo(SHOWN_ABOVE) > 0)
                        .map(running -> " for " + HumanDuration.format(running))
                        .orElse(""))
                .append(view.failuresInARow() > 0 ? " after " + failures(view.failuresInARow()) : "")
                .append("</td>");
        Duration staleness = view.staleness(now);
        Html.cell(out, staleness.isZero() ? "–" : HumanDuration.format(staleness));
        Html.cell(out, HumanDuration.format(view.timing().targetLag()));
        String spark = Sparkline.svg(history.lags(view.view()), view.timing().targetLag());
        out.append("<td>").append(spark.isEmpty() ? "–" : spark).append("</td>");
        Html.cell(out, view.refreshedAt().map(at -> ago(at, now)).orElse("never"));
        Html.cell(out, view.lastDuration().map(HumanDuration::format).orElse("–"));
        Html.cell(out, Long.toString(view.refreshes()));
        Html.cell(out, view.watermark().map(Object::toString).orElse("none"));
        out.append("</tr>\n");
        view.reason()
                .ifPresent(reason -> out.append("<tr class=\"why\"><td colspan=\"9\">")
                        .append(Html.text(reason.what()))
                        .append(
                                reason.remedy().isEmpty()
                                        ? ""
                                        : "<pre>" + Html.text(reason.remedy().lines()) + "</pre>")
                        .append("</td></tr>\n"));
        return out.toString();
    }

    private Comparator<ViewStatus> troubleFirst(Instant now) {
        return Comparator.comparing((ViewStatus view) -> !readiness.beyondBound(view, now))
                .thenComparingInt(view -> rank(view.phase()))
                .thenComparing(ViewStatus::view);
    }

    private static int rank(ViewPhase phase) {
        return switch (phase) {
            case SUSPENDED -> 0;
            case BLOCKED -> 1;
            case BACKING_OFF -> 2;
            case PAUSED -> 3;
            // One rank for them all, or rows would change places with every refresh.
            case REFRESHING, DIRTY, WAITING, FRESH, UNTRACKED -> 4;
        };
    }

    private static String count(List<ViewStatus> views) {
        Map<ViewPhase, Integer> counts = new TreeMap<>();
        views.forEach(view -> counts.merge(view.phase(), 1, Integer::sum));
        StringBuilder out = new StringBuilder().append(views.size());
        counts.forEach((phase, n) -> out.append(out.indexOf(":") < 0 ? ": " : ", ")
                .append(n)
                .append(' ')
                .append(phase.word()));
        return out.toString();
    }

    private static String stream(StreamStatus stream) {
        return Optional.of(stream.detail())
                .filter(detail -> !detail.isEmpty())
                .map(detail -> stream.phase().word() + ": " + detail)
                .orElse(stream.phase().word());
    }

    private static String failures(int inARow) {
        return inARow == 1 ? "1 failure" : inARow + " failures";
    }

    private static String ago(Instant then, Instant now) {
        return HumanDuration.format(Duration.between(then, now)) + " ago";
    }

    private static void item(StringBuilder out, String text) {
        out.append("<li>").append(Html.text(text)).append("</li>");
    }
}
