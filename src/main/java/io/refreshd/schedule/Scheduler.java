package io.refreshd.schedule;

import io.refreshd.model.Impact;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewStatus;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * State machine that decides when each view is refreshed: takes events, returns actions. Pure: it reads no clock, starts no
 * thread, does no I/O and logs nothing. The same events at the same moments lead to the same actions.
 *
 * <p>Invariant: dirty marks are numbers that only grow. The ledger keeps two of them for each view, the newest dirty mark and
 * the newest covered mark, and the view is dirty while the first is the greater. So the order in which they are written does
 * not matter.
 *
 * <p>Thread: one calls it. It is not thread-safe.
 */
public final class Scheduler {
    private final ViewRegistry views = new ViewRegistry();
    private final WallClock clock = new WallClock();
    private final LogProgress log = new LogProgress();
    private final Watermarks watermarks;
    private final ActionBuffer actions;
    private final ChangeAdmission admission;
    private final LogQueue queue;
    private final ViewRegistration registration;
    private final OperatorRequests requests;
    private final OutcomeHandler outcomes;
    private final ViewPhases phases;
    private final Dispatcher dispatcher;

    /** @param firstMark greater than every mark in the ledger, dirty or covered */
    public Scheduler(SchedulerSettings settings, long firstMark, RandomGenerator random) {
        watermarks = new Watermarks(views, log);
        Readiness readiness = new Readiness(views);
        actions = new ActionBuffer(firstMark);
        admission = new ChangeAdmission(views, watermarks, actions);
        queue = new LogQueue(views, log, settings.queue());
        registration = new ViewRegistration(views, watermarks, actions, admission, clock);
        requests = new OperatorRequests(views, actions);
        outcomes = new OutcomeHandler(views, watermarks, log, actions, settings, random);
        phases = new ViewPhases(views, watermarks, readiness);
        RefreshTaskFactory tasks = new RefreshTaskFactory(views, watermarks, log, actions);
        dispatcher = new Dispatcher(
                views, readiness, phases, tasks, actions, settings.maxConcurrent(), watermarks::isFrozen);
    }

    /** @return what is to be done, in this order; at most one {@link Action.Mark}, and it comes first */
    public List<Action> handle(Event event, Moment now) {
        clock.set(now);
        if (!namesItsViews(event)) {
            views.reconsiderAll();
        }
        switch (event) {
            case Event.ViewsKnown known -> registration.known(known, now);
            case Event.Affected affected -> admission.affected(affected, now);
            case Event.Invalidated invalidated -> views.all().forEach(view -> admission.invalidate(view, now));
            case Event.RefreshedByOthers others ->
                views.all().stream()
                        .filter(view -> others.views().contains(view.id()))
                        .forEach(view -> admission.invalidate(view, now));
            case Event.Marked marked -> admission.marked(marked.number(), marked.views(), now);
            case Event.RoutedTo to -> {
                log.routedTo(to.position(), to.read());
                queue.read();
                admission.visible(to.snapshot());
            }
            case Event.StreamBegan began -> queue.began(began.from());
            case Event.ClaimsFrozen frozen -> watermarks.freezeClaims(frozen.views());
            case Event.ReadTo to -> {
                log.readTo(to.position());
                queue.read();
            }
            case Event.LaterAsked asked -> awaitLog(asked.view(), asked.position());
            case Event.RefreshEnded ended -> outcomes.ended(ended.view(), ended.outcome(), now);
            case Event.RefreshRequested request -> requests.refresh(request.views(), now);
            case Event.Expedited expedited -> requests.expedite(expedited.oids(), now);
            case Event.PauseRequested pause -> requests.pause(pause.view());
            case Event.ResumeRequested resume -> requests.resume(resume.view(), now);
            case Event.Held held -> dispatcher.hold();
            case Event.Released released -> dispatcher.release();
            case Event.Tick tick -> {}
        }
        answerLookUps();
        dispatcher.dispatch(now);
        return actions.take();
    }

    /**
     * Whether only views that the event names, and their downstream views, have to be decided about. These events come with
     * every batch of the log: deciding about a thousand waiting views each time would cost more than all else.
     */
    private static boolean namesItsViews(Event event) {
        return switch (event) {
            case Event.Affected affected -> true;
            case Event.Marked marked -> true;
            case Event.RoutedTo to -> true;
            case Event.ReadTo to -> true;
            case Event.LaterAsked asked -> true;
            // A tick names no view, but the deadline tells whether one is due.
            case Event.Tick tick -> true;
            default -> false;
        };
    }

    /** The monotonic time of the next {@link Event.Tick}; empty: nothing will happen without another event. */
    public OptionalLong nextDeadline() {
        return dispatcher.nextDeadline();
    }

    /**
     * Those of the views whose rows tell whether the changes concern them, each with the number of refreshes started so far. They lack no
     * known change and are not being refreshed. As long as that number is the same, no refresh was started meanwhile.
     */
    public Map<ViewId, Long> resting(Collection<Impact> candidates) {
        Map<ViewId, Long> resting = new HashMap<>();
        for (Impact candidate : candidates) {
            ViewState view = views.get(candidate.view());
            if (view != null && admission.rests(view, candidate)) {
                resting.put(view.id(), view.starts);
            }
        }
        return resting;
    }

    /**
     * The position beyond which the log is still needed, since incremental views have yet to be brought up to date by what it holds;
     * empty: it is needed for no view.
     */
    public Optional<Lsn> logNeededFrom(Moment now) {
        return queue.neededFrom(now.nanos());
    }

    public List<ViewStatus> status() {
        return phases.status(clock.nanos());
    }

    private void awaitLog(ViewId id, Lsn position) {
        ViewState view = views.get(id);
        if (view != null && view.running != null) {
            view.awaitedPosition = Optional.of(position);
        }
    }

    /** Answers a look-up once the log has been read that far, or at once if its result would be of no use any more. */
    private void answerLookUps() {
        for (ViewState view : views.awaitingLog()) {
            PendingLookups later = view.pending.lookups();
            if (later.required().isPresent() || log.isRead(view.awaitedPosition.orElseThrow())) {
                view.awaitedPosition = Optional.empty();
                actions.add(new Action.Later(view.id(), later.mergedUnlessRefreshRequired()));
            }
        }
    }
}
