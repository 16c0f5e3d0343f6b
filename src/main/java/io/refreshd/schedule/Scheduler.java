package io.refreshd.schedule;

import io.refreshd.model.KeyProbe;
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
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;

/**
 * Decides when each view is refreshed, and keeps the count of what each of them lacks. Pure: it reads no clock, starts
 * nothing, writes nothing and logs nothing; the same events at the same moments lead to the same actions. Not thread-safe:
 * one thread calls it.
 *
 * <p>Dirty marks are numbers that grow. The ledger keeps two of them per view, the newest dirty one and the newest covered
 * one, and the view is dirty if the first is the greater; so it does not matter in which order they are written.
 */
public final class Scheduler {
    private final Views views = new Views();
    private final Actions out;
    private final Admission admission;
    private final Registry registry;
    private final Outcomes outcomes;
    private final Dispatch dispatch;

    /** @param firstMark greater than every mark in the ledger, dirty or covered */
    public Scheduler(SchedulerSettings settings, long firstMark, RandomGenerator random) {
        out = new Actions(firstMark);
        admission = new Admission(views, out);
        registry = new Registry(views, out, admission);
        outcomes = new Outcomes(views, out, settings, random);
        dispatch = new Dispatch(views, out, settings.maxConcurrent());
    }

    /** @return what is to be done, in this order; at most one {@link Action.Mark}, and it comes first */
    public List<Action> handle(Event event, Moment now) {
        if (!saysWhomItConcerns(event)) {
            views.touchAll();
        }
        switch (event) {
            case Event.ViewsKnown known -> registry.known(known, now);
            case Event.Affected affected -> admission.affected(affected, now);
            case Event.Invalidated doubt -> views.all().forEach(view -> admission.invalidate(view, now));
            case Event.Marked marked -> admission.marked(marked.number(), marked.views(), now);
            case Event.RoutedTo to -> {
                views.routed(to.position());
                admission.visible(to.snapshot());
            }
            case Event.ReadTo to -> views.read(to.position());
            case Event.RefreshEnded ended -> outcomes.ended(ended.view(), ended.outcome(), now);
            case Event.RefreshRequested request -> request.views().forEach(id -> with(id, now, this::request));
            case Event.Expedited wanted ->
                views.all().stream()
                        .filter(view -> wanted.oids().contains(view.spec.oid()))
                        .forEach(view -> expedite(view, now));
            case Event.Held held -> dispatch.hold();
            case Event.Released released -> dispatch.release();
            case Event.PauseRequested pause -> with(pause.view(), now, this::pause);
            case Event.ResumeRequested resume -> with(resume.view(), now, this::resume);
            case Event.LaterAsked asked -> with(asked.view(), now, (view, at) -> ask(view, asked.position()));
            case Event.Tick tick -> {}
        }
        answer();
        dispatch.run(now);
        return out.take();
    }

    /** What comes by the batch, while a thousand views may be waiting: looking at all of them each time would cost more than all else. */
    private static boolean saysWhomItConcerns(Event event) {
        return switch (event) {
            case Event.Affected affected -> true;
            case Event.Marked marked -> true;
            case Event.RoutedTo to -> true;
            case Event.ReadTo to -> true;
            case Event.LaterAsked asked -> true;
            // Time is looked after by deadlines.
            case Event.Tick tick -> true;
            default -> false;
        };
    }

    /** The monotonic time of the next {@link Event.Tick}; empty: nothing will happen without another event. */
    public OptionalLong nextDeadline() {
        return dispatch.nextDeadline();
    }

    /**
     * Those of the views that lack nothing and are not being refreshed, each with a number that another refresh, or attempt at
     * one, changes.
     */
    public Map<ViewId, Long> resting(Collection<ViewId> ids) {
        Map<ViewId, Long> resting = new HashMap<>();
        for (ViewId id : ids) {
            TrackedView view = views.get(id);
            if (view != null && view.restsWithAllItNeeds()) {
                resting.put(id, view.starts);
            }
        }
        return resting;
    }

    public List<ViewStatus> status() {
        return views.status();
    }

    private static void ask(TrackedView view, Lsn position) {
        if (view.running != null) {
            view.asks = Optional.of(position);
        }
    }

    /** As soon as it is known, or known that it will not be of use. */
    private void answer() {
        views.asking().toList().forEach(view -> {
            Optional<List<KeyProbe>> later = view.waiting.later();
            if (later.isEmpty() || views.isRead(view.asks.orElseThrow())) {
                view.asks = Optional.empty();
                out.add(new Action.Later(view.id(), later));
            }
        });
    }

    private void with(ViewId id, Moment now, BiConsumer<TrackedView, Moment> action) {
        TrackedView view = views.get(id);
        if (view != null) {
            action.accept(view, now);
        }
    }

    /** What a view lacks may have to come through what it stands on. Pauses, backoff and suspension go on. */
    private void expedite(TrackedView view, Moment now) {
        view.waiting.expedite(now.nanos());
        for (ViewId id : view.spec.upstream()) {
            with(id, now, this::expedite);
        }
    }

    /** An explicit wish goes before a pause, a wait and a suspension, but not before an obstacle in the catalog. */
    private void request(TrackedView view, Moment now) {
        if (!view.requested) {
            view.requested = true;
            view.requestedAt = now.nanos();
        }
        hurry(view);
    }

    private void pause(TrackedView view, Moment now) {
        if (!view.paused) {
            view.paused = true;
            out.add(view.remember());
        }
    }

    private void resume(TrackedView view, Moment now) {
        boolean changed = view.paused;
        view.paused = false;
        if (changed) {
            out.add(view.remember());
        }
        hurry(view);
    }

    private void hurry(TrackedView view) {
        boolean suspended = view.health instanceof Health.Suspended;
        view.health = view.health.hurried();
        if (suspended) {
            out.add(view.remember());
        }
    }
}
