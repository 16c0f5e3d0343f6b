package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.ledger.RequestWrites;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * Asks the daemon for something through the ledger, and waits until it is seen there to be done. Blocks; one use each.
 *
 * <p>A request that no daemon hears before the time is up is taken back: what was asked for in vain must not happen by surprise
 * tomorrow.
 */
final class Requesting {
    private static final long POLL_MILLIS = 100;
    private static final long TELL_MILLIS = 1_000;

    private final Configuration configuration;
    private final TargetDatabase database;
    private final Duration timeout;
    private final ProgressLine progress;

    Requesting(Configuration configuration, TargetDatabase database, Duration timeout, ProgressLine progress) {
        this.progress = progress;
        this.configuration = configuration;
        this.database = database;
        this.timeout = timeout;
    }

    /** @param outcome {@code done}, or what came instead */
    record Answer(ViewId view, boolean done, String outcome) {}

    List<Answer> ask(String kind, ViewArguments arguments)
            throws SQLException, PrerequisitesMissingException, InterruptedException {
        try (Handle handle = database.open()) {
            StatusVerb.requireLedger(handle);
            Map<ViewId, RequestedView> known = RequestedView.read(handle);
            List<RequestedView> meant =
                    arguments.among(known.keySet()).stream().map(known::get).toList();
            if (meant.isEmpty()) {
                return List.of();
            }
            String since = handle.createQuery("SELECT clock_timestamp()::text")
                    .mapTo(String.class)
                    .one();
            List<Long> ids = RequestWrites.post(
                    handle, kind, meant.stream().map(RequestedView::oid).toList());
            try {
                return await(handle, kind, meant, ids, since);
            } finally {
                progress.clear();
            }
        }
    }

    private List<Answer> await(Handle handle, String kind, List<RequestedView> meant, List<Long> ids, String since)
            throws SQLException, InterruptedException {
        SortedMap<ViewId, Answer> answers = new TreeMap<>();
        for (long waited = 0; ; waited += POLL_MILLIS) {
            Set<Long> unheard = RequestWrites.notTaken(handle, ids);
            if (kind.equals(RequestWrites.REFRESH)) {
                RequestedView.ended(handle, meant, since)
                        .forEach((view, ended) -> answers.put(
                                view,
                                new Answer(
                                        view,
                                        ended.failure().isEmpty(),
                                        ended.failure()
                                                .map(why -> "failed: " + why)
                                                .orElse("refreshed"))));
            } else {
                flagged(handle, kind, meant, answers);
            }
            if (answers.size() == meant.size()) {
                return List.copyOf(answers.values());
            }
            boolean away =
                    Freshness.read(handle, configuration.capture().slot()).isAway(Silence.of(configuration));
            if (waited >= timeout.toMillis() || (away && unheard.size() == ids.size() && waited > 1_000)) {
                RequestWrites.withdraw(handle, unheard);
                return unanswered(handle, meant, answers, away, !unheard.isEmpty());
            }
            if (progress.visible() && waited % TELL_MILLIS == 0) {
                tell(handle, meant, answers);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private void tell(Handle handle, List<RequestedView> meant, Map<ViewId, Answer> answers) {
        Map<Long, Duration> running = RunningRefreshes.read(handle);
        String now = meant.stream()
                .filter(view -> !answers.containsKey(view.view()))
                .flatMap(view -> Stream.ofNullable(running.get(view.oid()))
                        .map(taken -> view.view() + " refreshing for " + StatusText.span(taken)))
                .collect(Collectors.joining(", "));
        progress.show(answers.size() + " of " + meant.size() + " done" + (now.isEmpty() ? "" : "; " + now));
    }

    private static void flagged(Handle handle, String kind, List<RequestedView> meant, Map<ViewId, Answer> answers) {
        boolean pause = kind.equals(RequestWrites.PAUSE);
        // A view that is suspended is resumed by being tried again: its reason is gone then.
        Predicate<RequestedView> done = pause
                ? RequestedView::paused
                : view -> !view.paused() && !view.state().equals("suspended");
        Map<ViewId, RequestedView> now = RequestedView.read(handle);
        for (RequestedView view : meant) {
            RequestedView present = now.get(view.view());
            if (present != null && done.test(present)) {
                answers.put(view.view(), new Answer(view.view(), true, pause ? "paused" : "resumed"));
            }
        }
    }

    private List<Answer> unanswered(
            Handle handle, List<RequestedView> meant, Map<ViewId, Answer> answers, boolean away, boolean unheard)
            throws SQLException {
        Map<ViewId, Obstacle> obstacles = CatalogObstacles.read(handle, configuration);
        Map<ViewId, RequestedView> now = RequestedView.read(handle);
        List<Answer> all = new ArrayList<>();
        for (RequestedView view : meant) {
            Answer answer = answers.get(view.view());
            Obstacle obstacle = obstacles.get(view.view());
            String why = obstacle == null || away
                    ? why(now.get(view.view()), away, unheard)
                    : "cannot be refreshed: " + obstacle.what() + " → " + obstacle.remedy();
            all.add(answer != null ? answer : new Answer(view.view(), false, why));
        }
        return all;
    }

    private String why(@org.jspecify.annotations.Nullable RequestedView now, boolean away, boolean unheard) {
        if (away) {
            return "no daemon answers: the ledger has heard of none for longer than "
                    + StatusText.span(Silence.of(configuration)) + (unheard ? "; the request was taken back" : "");
        }
        if (now == null) {
            return "the ledger no longer knows it";
        }
        return "not done after " + StatusText.span(timeout) + "; it is " + now.state()
                + now.reason().map(reason -> ": " + reason).orElse("")
                + (unheard ? "; the request was taken back" : "");
    }
}
