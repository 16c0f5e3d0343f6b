package io.refreshd;

import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.CaptureSettings;
import io.refreshd.ledger.History;
import io.refreshd.ledger.Lease;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after what no event tells about. One thread, once every catalog poll interval. */
final class Housekeeping {
    private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);

    /** A stream that does not come back by then leaves the views to the clock. Restarts of a server take less. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration PRUNE_EVERY = Duration.ofMinutes(1);

    private final Database database;
    private final CaptureSettings settings;
    private final Core.Surroundings around;
    private final Supplier<StreamStatus> stream;
    private final Stops stops;

    private long streamedAt;
    private long prunedAt;
    private boolean warned;

    /** How housekeeping ends what must not go on. */
    interface Stops {
        /** Ends the present run; the next attempt finds out what to do. */
        void endRun();

        /** Ends the present run and gives up its slot. */
        void surrenderSlot();
    }

    Housekeeping(
            Database database,
            CaptureSettings settings,
            Core.Surroundings around,
            Supplier<StreamStatus> stream,
            Stops stops) {
        this.database = database;
        this.settings = settings;
        this.around = around;
        this.stream = stream;
        this.stops = stops;
        this.streamedAt = now().nanos();
        this.prunedAt = now().nanos();
    }

    void keep(Core core) throws Exception {
        if (!core.lease().isHeld()) {
            stops.endRun();
            return;
        }
        try (Handle handle = database.jdbi().open()) {
            watchStream(core);
            core.watch().glance(handle);
            watchSlot(handle);
            if (elapsed(prunedAt, PRUNE_EVERY)) {
                prunedAt = now().nanos();
                Lease.write(handle, core.lease().token(), History::prune);
            }
        }
    }

    private void watchStream(Core core) {
        StreamStatus status = stream.get();
        if (isStreaming()) {
            streamedAt = now().nanos();
            core.watch().blindfold(Optional.empty());
        } else if (elapsed(streamedAt, PATIENCE)) {
            core.watch()
                    .blindfold(Optional.of(new Obstacle(
                            "the log is not read at present, so views are refreshed by the clock: " + status.detail(),
                            "it passes by itself when the log can be read again")));
        }
    }

    /** Never the disk: the log that the server keeps is given up before it fills it. */
    private void watchSlot(Handle handle) throws SQLException {
        Optional<SlotState> slot = Slot.inspect(handle.getConnection(), settings.slot());
        long retained = slot.map(SlotState::retainedBytes).orElse(0L);
        OptionalLong limit = settings.maxRetained();
        around.listener().accept(new Notice.SlotSeen(retained, limit));
        if (limit.isEmpty()) {
            return;
        }
        if (retained > limit.getAsLong() && isStreaming()) {
            log.atError()
                    .addKeyValue("slot", settings.slot())
                    .addKeyValue("retained", retained)
                    .addKeyValue("limit", limit.getAsLong())
                    .log("The server keeps too much log for the slot: it is given up");
            stops.surrenderSlot();
        } else if (retained > limit.getAsLong() / 2 && !warned) {
            log.atWarn()
                    .addKeyValue("slot", settings.slot())
                    .addKeyValue("retained", retained)
                    .addKeyValue("limit", limit.getAsLong())
                    .log("The server keeps much log for the slot");
        }
        warned = retained > limit.getAsLong() / 2;
    }

    private boolean isStreaming() {
        StreamPhase phase = stream.get().phase();
        return phase == StreamPhase.STREAMING || phase == StreamPhase.HELD;
    }

    private boolean elapsed(long since, Duration time) {
        return now().nanosSince(since) > time.toNanos();
    }

    private Moment now() {
        return around.clock().get();
    }
}
