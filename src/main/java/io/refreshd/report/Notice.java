package io.refreshd.report;

import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Operation;
import io.refreshd.model.Recomputed;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewChange;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Event in the daemon that is reported once to each listener: to the metrics, the log and the demo's table. */
public sealed interface Notice {

    /** Rows of a captured table changed. */
    record RowsChanged(TableId table, Operation operation, long rows) implements Notice {}

    /**
     * A batch of the stream was read.
     *
     * @param records number of records in the batch
     * @param lag time from the commit (of a heartbeat: from its being written) of the newest record to its being read
     */
    record BatchRead(int records, Duration lag) implements Notice {}

    /**
     * A view moved from one phase to another.
     *
     * @param why the obstacle that caused it; empty where the name of the phase says enough
     */
    record PhaseChanged(ViewId view, ViewPhase from, ViewPhase to, Optional<Obstacle> why) implements Notice {}

    /**
     * A refresh succeeded.
     *
     * @param commitToVisible time from the commit of the oldest change that became visible by the refresh; empty if no change
     *     caused the refresh
     * @param rowsChanged rows of the view that it changed; empty if the server did not count them
     * @param recomputed what a round of an incremental view has recomputed; empty for a REFRESH
     */
    record RefreshDone(
            ViewId view,
            Method method,
            Duration duration,
            Optional<Duration> commitToVisible,
            Optional<Long> rowsChanged,
            Optional<Recomputed> recomputed)
            implements Notice {

        /** Of a REFRESH. */
        public RefreshDone(
                ViewId view,
                Method method,
                Duration duration,
                Optional<Duration> commitToVisible,
                Optional<Long> rowsChanged) {
            this(view, method, duration, commitToVisible, rowsChanged, Optional.empty());
        }
    }

    /** A refresh that changed rows of a view has committed, and subscribers of the view are told. */
    record ViewChanged(ViewChange change) implements Notice {}

    /**
     * A refresh failed.
     *
     * @param inARow number of failures since the last success, this one included
     */
    record RefreshFailed(ViewId view, Method method, Failure failure, int inARow) implements Notice {}

    /** A change needed no refresh of these views. One notice names all of them, since they may be a thousand. */
    record RefreshAvoided(List<ViewId> views, Avoided reason) implements Notice {
        public RefreshAvoided {
            views = List.copyOf(views);
        }

        public RefreshAvoided(ViewId view, Avoided reason) {
            this(List.of(view), reason);
        }
    }

    /** The view was dropped, replaced or renamed, or is no longer included: listeners may discard what they hold for it. */
    record ViewGone(ViewId view) implements Notice {}

    /**
     * The view was staler than its target lag when it became fresh.
     *
     * @param reason the step that took most of the time
     */
    record TargetLagMissed(ViewId view, Duration staleness, Duration target, Lateness reason) implements Notice {}

    /**
     * Changes may be missing from the stream, so the views that they may affect are refreshed.
     *
     * @param reason a value of the label {@code reason}; {@code docs/runbook.md} lists them
     */
    record GapFound(String reason) implements Notice {}

    /**
     * A view differs from its definition, and no change that was read from the log explains the difference. The notice holds
     * what a bug report needs, and of the data only keys.
     *
     * @param missing number of rows that the definition yields and the view lacks
     * @param surplus number of rows that the view holds and the definition does not yield
     * @param snapshot snapshot in which view and definition were read
     * @param position write position of the log at that snapshot
     * @param watermark watermark of the view in the ledger
     * @param keys keys of some of those rows, by the view's unique index
     */
    record DriftFound(
            ViewId view,
            long missing,
            long surplus,
            String snapshot,
            Lsn position,
            Optional<Lsn> watermark,
            List<String> keys)
            implements Notice {
        public DriftFound {
            keys = List.copyOf(keys);
        }
    }

    /**
     * The number of views that match the configuration changed.
     *
     * @param include the patterns of {@code views.include}
     */
    record ViewsFound(int views, List<String> include) implements Notice {
        public ViewsFound {
            include = List.copyOf(include);
        }
    }

    /**
     * The replication slot was looked up on the server.
     *
     * @param retainedBytes WAL that the server retains for the slot
     * @param limitBytes {@code capture.max-retained}; empty if there is no limit
     */
    record SlotSeen(long retainedBytes, OptionalLong limitBytes) implements Notice {}

    /**
     * An error that must not happen was caught, and what it concerns goes on or is tried again.
     *
     * @param where the thread or the part of refreshd that was concerned, one of few fixed words
     */
    record ErrorCaught(String where, Throwable error) implements Notice {}

    /** Reason why a change needed no refresh; a value of the label {@code reason}. */
    enum Avoided {
        /** The view reads none of the columns that changed. */
        COLUMN,
        /** The view takes only rows with a certain value, and no changed row had or has that value. */
        DISCRIMINATOR,
        /** A look-up of the changed rows showed that the view already holds what its definition yields. */
        LOOKUP,
        /** The view already holds the change, or a refresh that is due will include it. */
        COALESCED;

        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
