package io.refreshd.schedule;

import io.refreshd.model.Lsn;
import java.util.Comparator;
import java.util.Optional;

/**
 * The log as the queue of incremental views. The rows that changed are kept in memory alone. So the log is kept from the oldest change on
 * that an incremental view lacks, and a daemon that starts reads it again from there.
 *
 * <p>Invariant: what a view lacks committed after its watermark in the ledger. A stream that begins at or before that position delivers
 * all of it. So the two positions tell whether the rows to recompute will be known. What no log tells of has taken the snapshot from
 * the ledger's row ({@link Action.Mark#invalidated}); nothing else has to be durable.
 *
 * <p>Invariant: what has been kept for too long is not kept any more, nor is anything kept for a view that is not being brought up to
 * date. So no view fills the disk.
 */
final class LogQueue {
    private final ViewRegistry views;
    private final LogProgress log;
    private final QueueBound bound;

    LogQueue(ViewRegistry views, LogProgress log, QueueBound bound) {
        this.views = views;
        this.log = log;
        this.bound = bound;
    }

    /**
     * A stream has begun. It may be the second one, if the first one ended early: then this is decided again, by what is left of the log.
     *
     * @param from what committed after this position is delivered
     */
    void began(Lsn from) {
        log.began(from);
        for (ViewState view : views.all()) {
            if (view.resumption == Resumption.NONE) {
                continue;
            }
            if (view.lastWatermark.filter(at -> at.compareTo(from) >= 0).isPresent()) {
                view.resumption = Resumption.READING;
            } else {
                view.resumption = Resumption.NONE;
                view.pending
                        .lookups()
                        .requireRefresh("it lacked changes when refreshd started, and the log holds not all of them");
            }
        }
        read();
    }

    /** The log has been read further. */
    void read() {
        if (!log.isReadAgain()) {
            return;
        }
        for (ViewState view : views.all()) {
            if (view.resumption == Resumption.READING) {
                view.resumption = Resumption.NONE;
                views.reconsider(view);
            }
        }
    }

    /** The position beyond which the log is needed; empty: it is needed for no view. */
    Optional<Lsn> neededFrom(long now) {
        return views.all().stream()
                .filter(view -> isWorthKeepingFor(view, now))
                .flatMap(view -> view.lastWatermark.stream())
                .filter(at -> log.read().value() - at.value() <= bound.bytes())
                .min(Comparator.naturalOrder());
    }

    private boolean isWorthKeepingFor(ViewState view, long now) {
        return view.incremental()
                && view.dirty()
                && view.spec.followsRows()
                && !view.paused
                && !view.suspended()
                && view.opensAt(now).isEmpty()
                && view.goesByRows()
                && now - view.lacksSince() <= bound.time().toNanos();
    }
}
