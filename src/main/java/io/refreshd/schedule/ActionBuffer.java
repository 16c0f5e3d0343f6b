package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Collects the actions that one event leads to, and numbers the dirty marks: at most one new mark for each event. */
final class ActionBuffer {
    private long nextMark;
    private List<Action> actions = new ArrayList<>();
    private TreeSet<ViewId> toMark = new TreeSet<>();
    private TreeSet<ViewId> invalidated = new TreeSet<>();
    private long eventMark;

    ActionBuffer(long firstMark) {
        this.nextMark = firstMark;
    }

    long newMark() {
        return nextMark++;
    }

    void add(Action action) {
        actions.add(action);
    }

    void tell(Notice notice) {
        actions.add(new Action.Tell(notice));
    }

    /** Gives the pending changes of the view this event's mark; whoever sent the event writes it to the ledger. */
    void mark(ViewState view) {
        if (toMark.isEmpty()) {
            eventMark = newMark();
        }
        toMark.add(view.id());
        view.pending.raiseMark(eventMark);
        view.newestMark = eventMark;
    }

    /** As {@link #mark}, and the ledger is told that the view's snapshot does not count any more. */
    void markInvalidated(ViewState view) {
        mark(view);
        invalidated.add(view.id());
    }

    /** The mark comes first: until it is in the ledger, whoever sent the event must not acknowledge anything. */
    List<Action> take() {
        List<Action> taken = actions;
        if (!toMark.isEmpty()) {
            taken.add(0, new Action.Mark(eventMark, toMark, invalidated));
        }
        actions = new ArrayList<>();
        toMark = new TreeSet<>();
        invalidated = new TreeSet<>();
        return taken;
    }
}
