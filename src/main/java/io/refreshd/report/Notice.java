package io.refreshd.report;

import io.refreshd.model.Failure;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Something that happened, told once to whoever listens: metrics, the log, the demo's table. */
public sealed interface Notice {

    /** Rows of a captured table changed. */
    record RowsChanged(TableId table, Operation operation, long rows) implements Notice {}

    /** A batch of the stream was read. @param records records in it @param lag commit (or emission) of the newest → read */
    record BatchRead(int records, Duration lag) implements Notice {}

    /** @param why what put the view into the phase, where there is more to say than its name */
    record PhaseChanged(ViewId view, ViewPhase from, ViewPhase to, Optional<Obstacle> why) implements Notice {}

    /** A refresh that did its work. @param commitToVisible for the oldest change it made visible, if a change caused it */
    record RefreshDone(
            ViewId view,
            Method method,
            Duration duration,
            Optional<Duration> commitToVisible,
            Optional<Long> rowsChanged)
            implements Notice {}

    record RefreshFailed(ViewId view, Method method, Failure failure, int inARow) implements Notice {}

    /** A change that needed no refresh of these views; told of all of them at once, since they may be a thousand. */
    record RefreshAvoided(List<ViewId> views, Avoided reason) implements Notice {
        public RefreshAvoided {
            views = List.copyOf(views);
        }

        public RefreshAvoided(ViewId view, Avoided reason) {
            this(List.of(view), reason);
        }
    }

    /** The view was dropped, replaced or renamed, or is no longer meant: whatever is remembered of it may be forgotten. */
    record ViewGone(ViewId view) implements Notice {}

    /** The view was staler than its target lag when it became fresh. @param reason what took the time */
    record TargetLagMissed(ViewId view, Duration staleness, Duration target, Lateness reason) implements Notice {}

    /** Changes may have passed unseen; what they may have touched is refreshed. @param reason a short fixed word */
    record GapFound(String reason) implements Notice {}

    /**
     * A view differs from its definition, and nothing that has been read from the log explains it. All that is needed to
     * reproduce it, and no data but keys.
     *
     * @param missing rows that the view lacks
     * @param surplus rows that it should not hold
     * @param snapshot in which both were read
     * @param position where the log stood then
     * @param watermark what the ledger claimed
     * @param keys of some of the rows, by the view's unique index
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

    /** Another number of views matches the configuration than before. @param include the patterns that look for them */
    record ViewsFound(int views, List<String> include) implements Notice {
        public ViewsFound {
            include = List.copyOf(include);
        }
    }

    /** The slot as the server sees it. @param retained WAL that the server keeps for it, in bytes @param limitBytes what it may keep */
    record SlotSeen(long retainedBytes, OptionalLong limitBytes) implements Notice {}

    enum Avoided {
        /** The columns that changed are not read by the view. */
        COLUMN,
        /** The view keeps rows of one value only, and no row that changed had it or has it now. */
        DISCRIMINATOR,
        /** The rows that changed were compared with the view, and it holds what its definition says. */
        PROBE,
        /** The view already holds the change, or another refresh will bring it. */
        COALESCED;

        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
