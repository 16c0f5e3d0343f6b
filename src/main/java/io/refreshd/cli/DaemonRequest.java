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
 * Sends a request to the daemon through the ledger, and waits until the ledger shows that it was carried out. Blocks; for one use.
 *
 * <p>Failure: a request that no daemon has received in time is withdrawn, so that a daemon which starts tomorrow does not carry it
 * out by surprise.
 */
final class DaemonRequest {
    private static final long POLL_MILLIS = 100;
    private static final long PROGRESS_MILLIS = 1_000;

    /** How long a daemon that looks absent gets to receive the request. */
    private static final long LEAST_WAIT_MILLIS = 1_000;

    private final Configuration configuration;
    private final TargetDatabase database;
    private final Duration timeout;
    private final ProgressLine progress;

    DaemonRequest(Configuration configuration, TargetDatabase database, Duration timeout, ProgressLine progress) {
        this.progress = progress;
        this.configuration = configuration;
        this.database = database;
        this.timeout = timeout;
    }

    /**
     * The answer for one view.
     *
     * @param outcome what was done, or why it was not
     */
    record Answer(ViewId view, boolean done, String outcome) {}

    List<Answer> send(String kind, ViewArguments arguments)
            throws SQLException, PrerequisitesMissingException, InterruptedException {
        try (Handle handle = database.open()) {
            StatusVerb.requireLedger(handle);
            Map<ViewId, RequestedView> known = RequestedView.read(handle);
            List<RequestedView> requested =
                    arguments.select(known.keySet()).stream().map(known::get).toList();
            if (requested.isEmpty()) {
                return List.of();
            }
            String since = handle.createQuery("SELECT clock_timestamp()::text")
                    .mapTo(String.class)
                    .one();
            List<Long> ids = RequestWrites.post(
                    handle, kind, requested.stream().map(RequestedView::oid).toList());
            try {
                return await(handle, kind, requested, ids, since);
            } finally {
                progress.clear();
            }
        }
    }

    private List<Answer> await(Handle handle, String kind, List<RequestedView> requested, List<Long> ids, String since)
            throws SQLException, InterruptedException {
        SortedMap<ViewId, Answer> answers = new TreeMap<>();
        for (long waited = 0; ; waited += POLL_MILLIS) {
            Set<Long> notReceived = RequestWrites.notTaken(handle, ids);
            if (kind.equals(RequestWrites.REFRESH)) {
                RequestedView.ended(handle, requested, since)
                        .forEach((view, ended) -> answers.put(
                                view,
                                new Answer(
                                        view,
                                        ended.failure().isEmpty(),
                                        ended.failure()
                                                .map(why -> "failed: " + why)
                                                .orElse("refreshed"))));
            } else {
                answerFlagged(handle, kind, requested, answers);
            }
            if (answers.size() == requested.size()) {
                return List.copyOf(answers.values());
            }
            boolean away = LedgerStatus.read(handle, configuration.capture().slot())
                    .isDaemonAway(HeartbeatTimeout.of(configuration));
            if (waited >= timeout.toMillis()
                    || (away && notReceived.size() == ids.size() && waited > LEAST_WAIT_MILLIS)) {
                RequestWrites.withdraw(handle, notReceived);
                return withUnanswered(handle, requested, answers, away, !notReceived.isEmpty());
            }
            if (progress.visible() && waited % PROGRESS_MILLIS == 0) {
                showProgress(handle, requested, answers);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private void showProgress(Handle handle, List<RequestedView> requested, Map<ViewId, Answer> answers) {
        Map<Long, Duration> running = RunningRefreshes.read(handle);
        String now = requested.stream()
                .filter(view -> !answers.containsKey(view.view()))
                .flatMap(view -> Stream.ofNullable(running.get(view.oid()))
                        .map(taken -> view.view() + " refreshing for " + StatusText.span(taken)))
                .collect(Collectors.joining(", "));
        progress.show(answers.size() + " of " + requested.size() + " done" + (now.isEmpty() ? "" : "; " + now));
    }

    /** Answers for the views whose ledger row shows that they are paused or resumed. */
    private static void answerFlagged(
            Handle handle, String kind, List<RequestedView> requested, Map<ViewId, Answer> answers) {
        boolean pause = kind.equals(RequestWrites.PAUSE);
        // A suspended view counts as resumed when it is no longer suspended: the daemon tries it again then.
        Predicate<RequestedView> done = pause
                ? RequestedView::paused
                : view -> !view.paused() && !view.state().equals("suspended");
        Map<ViewId, RequestedView> now = RequestedView.read(handle);
        for (RequestedView view : requested) {
            RequestedView present = now.get(view.view());
            if (present != null && done.test(present)) {
                answers.put(view.view(), new Answer(view.view(), true, pause ? "paused" : "resumed"));
            }
        }
    }

    /** All answers; views without one get the reason. */
    private List<Answer> withUnanswered(
            Handle handle, List<RequestedView> requested, Map<ViewId, Answer> answers, boolean away, boolean withdrawn)
            throws SQLException {
        Map<ViewId, Obstacle> obstacles = CatalogObstacles.read(handle, configuration);
        Map<ViewId, RequestedView> now = RequestedView.read(handle);
        List<Answer> all = new ArrayList<>();
        for (RequestedView view : requested) {
            Answer answer = answers.get(view.view());
            Obstacle obstacle = obstacles.get(view.view());
            String why = obstacle == null || away
                    ? why(now.get(view.view()), away, withdrawn)
                    : "cannot be refreshed: " + obstacle.what() + " → " + obstacle.remedy();
            all.add(answer != null ? answer : new Answer(view.view(), false, why));
        }
        return all;
    }

    private String why(@org.jspecify.annotations.Nullable RequestedView now, boolean away, boolean withdrawn) {
        if (away) {
            return "no daemon answers: there was no heartbeat for longer than "
                    + StatusText.span(HeartbeatTimeout.of(configuration))
                    + (withdrawn ? "; the request was withdrawn" : "");
        }
        if (now == null) {
            return "the view is no longer in the ledger";
        }
        return "not done after " + StatusText.span(timeout) + "; the view is " + now.state()
                + now.reason().map(reason -> ": " + reason).orElse("")
                + (withdrawn ? "; the request was withdrawn" : "");
    }
}
