package io.refreshd.observe;

import io.refreshd.model.PlainText;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * HTTP endpoints of a process that serves several databases, for all of them together.
 *
 * <p>Invariant: no request changes the daemon, and no response holds rows of the application.
 *
 * <p>Thread: any.
 */
final class FleetEndpoints implements Pages.Answers {
    /** Below it each database that is served has the pages of a process of its own. */
    static final String DATABASES = "/databases/";

    private static final int LONGEST_SHOWN = 130;

    private final ServedDatabases databases;
    private final Supplier<Instant> now;
    private final FleetScrape scrape;
    private final FleetPage page = new FleetPage();

    FleetEndpoints(ServedDatabases databases, Supplier<Instant> now, FleetScrape scrape) {
        this.databases = databases;
        this.now = now;
        this.scrape = scrape;
    }

    @Override
    public Response answer(String path, String query, String accept) {
        return switch (path) {
            case "/" -> page.render(summaries(), now.get());
            case "/metrics" -> scrape.answer(accept);
            case "/livez" -> alive();
            case "/readyz" -> ready();
            case "/status" -> Response.json(200, FleetJson.status(summaries(), now.get()));
            default -> unknown(path);
        };
    }

    @Override
    public String livePart() {
        return page.main(summaries(), now.get());
    }

    private List<DatabaseSummary> summaries() {
        Instant at = now.get();
        return databases.all().stream()
                .map(database -> DatabaseSummary.of(database, at))
                .toList();
    }

    private Response alive() {
        List<String> reasons = databases.stuck();
        return Response.json(
                reasons.isEmpty() ? 200 : 503, StatusJson.verdict(reasons.isEmpty() ? "alive" : "stuck", reasons));
    }

    /**
     * One database that is not ready takes none of the others out of service: the process is ready while any is, or if it knows that it has
     * none to serve.
     */
    private Response ready() {
        List<DatabaseSummary> here =
                summaries().stream().filter(one -> !one.isElsewhere()).toList();
        Optional<String> unassigned = databases.unassigned();
        // Of a file that is not valid nobody knows whose database it would be.
        List<DatabaseSummary> own =
                here.stream().filter(one -> !one.isUnusable()).toList();
        boolean good = own.isEmpty() ? unassigned.isEmpty() : own.stream().anyMatch(DatabaseSummary::ready);
        List<String> reasons = Stream.concat(
                        unassigned.stream(),
                        here.stream()
                                .flatMap(
                                        one -> one.reason().map(why -> "database " + one.name() + ": " + why).stream()))
                .toList();
        return Response.json(good ? 200 : 503, StatusJson.verdict(good ? "ready" : "not ready", reasons));
    }

    private Response unknown(String path) {
        String wanted =
                path.startsWith(DATABASES) ? path.substring(DATABASES.length()).replaceFirst("/.*", "") : "";
        return databases.all().stream()
                .filter(database -> database.name().equals(wanted))
                .findFirst()
                .map(database -> database.monitor().isPresent()
                        ? "write " + DATABASES + wanted + "/, with the slash at its end"
                        : "database " + wanted + " is " + database.phase().word() + " here: " + database.detail())
                .map(why -> Response.json(404, StatusJson.error(why)))
                .orElseGet(() -> Response.json(
                        404,
                        StatusJson.error(
                                wanted.isEmpty()
                                        ? "there is /, /events, /status, /metrics, /livez and /readyz for all databases, and the same,"
                                                + " /timeline and /events/views below " + DATABASES + "NAME for one"
                                        : "no database " + PlainText.line(wanted, LONGEST_SHOWN)
                                                + " is configured here: /status has the names")));
    }
}
