package io.refreshd.schedule;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Collects what one event leads to. The numbers of the dirty marks are given here: at most one new one per event. */
final class Actions {
    private long nextMark;
    private List<Action> actions = new ArrayList<>();
    private TreeSet<ViewId> toMark = new TreeSet<>();
    private long markNumber;

    Actions(long firstMark) {
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

    /** The view's needs get this event's number, to be written by whoever sent the event. */
    void mark(TrackedView view) {
        if (toMark.isEmpty()) {
            markNumber = newMark();
        }
        toMark.add(view.id());
        view.waiting.number(markNumber);
        view.newest = markNumber;
    }

    /** The mark first: until it is written, whoever asked must not acknowledge anything. */
    List<Action> take() {
        List<Action> taken = actions;
        if (!toMark.isEmpty()) {
            taken.add(0, new Action.Mark(markNumber, toMark));
        }
        actions = new ArrayList<>();
        toMark = new TreeSet<>();
        return taken;
    }
}
