package io.refreshd.observe;

import io.refreshd.model.Moment;
import io.refreshd.model.PlainText;
import io.refreshd.report.DaemonStatus;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * HTTP endpoints: page, status, metrics and health checks.
 *
 * <p>Invariant: no request changes the daemon, and no response holds rows of the application.
 *
 * <p>Thread: any.
 */
public final class Endpoints implements Pages.Answers {
    private static final int LONGEST_NAME_SHOWN = 130;

    private final Scrape scrape;
    private final Liveness liveness;
    private final Readiness readiness;
    private final Supplier<DaemonStatus> status;
    private final Supplier<Moment> clock;
    private final StatusPage page;

    Endpoints(
            Scrape scrape,
            Liveness liveness,
            Readiness readiness,
            Supplier<DaemonStatus> status,
            Supplier<Moment> clock,
            RefreshHistory history) {
        this.scrape = scrape;
        this.liveness = liveness;
        this.readiness = readiness;
        this.status = status;
        this.clock = clock;
        this.page = new StatusPage(readiness, history);
    }

    @Override
    public Response answer(String path, String query, String accept) {
        return switch (path) {
            case "/" -> page.render(status.get(), clock.get().wall());
            case "/timeline" -> timeline(query);
            case "/metrics" -> scrape.answer(accept);
            case "/livez" -> verdict("alive", "stuck", liveness.reasonsAgainst());
            case "/readyz" -> ready(status.get(), clock.get().wall());
            case "/status" -> status();
            default ->
                Response.json(
                        404,
                        StatusJson.error(
                                "there is /, /timeline, /events, /events/views, /status, /metrics, /livez and /readyz, and nothing else"));
        };
    }

    @Override
    public String livePart() {
        return page.main(status.get(), clock.get().wall());
    }

    private Response timeline(String query) {
        Set<String> names;
        try {
            names = ViewQuery.names(query);
        } catch (IllegalArgumentException malformed) {
            names = Set.of();
        }
        if (names.size() != 1) {
            return Response.json(
                    400,
                    StatusJson.error("write /timeline?view=schema.name, with %-escapes; the page links to each view"));
        }
        String name = names.iterator().next();
        return status.get().views().stream()
                .filter(view -> view.view().toString().equals(name))
                .findFirst()
                .map(view -> page.render(view, clock.get().wall()))
                .orElseGet(() -> Response.json(
                        404,
                        StatusJson.error("no view " + PlainText.line(name, LONGEST_NAME_SHOWN)
                                + " is kept fresh here: /status has the names")));
    }

    private Response status() {
        DaemonStatus present = status.get();
        Instant now = clock.get().wall();
        return Response.json(
                200, StatusJson.status(present, readiness.isReady(present, now), notReady(present, now), now));
    }

    private List<String> notReady(DaemonStatus present, Instant now) {
        return readiness.reasonsAgainst(present, now);
    }

    private Response ready(DaemonStatus present, Instant now) {
        boolean good = readiness.isReady(present, now);
        return Response.json(
                good ? 200 : 503, StatusJson.verdict(good ? "ready" : "not ready", notReady(present, now)));
    }

    private static Response verdict(String yes, String no, List<String> reasons) {
        boolean good = reasons.isEmpty();
        return Response.json(good ? 200 : 503, StatusJson.verdict(good ? yes : no, reasons));
    }
}
