package io.refreshd;

import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.CaptureSettings;
import io.refreshd.ledger.History;
import io.refreshd.ledger.Lease;
import io.refreshd.model.Lsn;
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
public final class Housekeeping {
    private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);

    /** A stream that does not come back by then leaves the views to the clock. Restarts of a server take less. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration PRUNE_EVERY = Duration.ofMinutes(1);

    /** A catalog that cannot be read so many times in a row is not going to be read the next time. */
    private static final int IN_VAIN = 5;

    private final Database database;
    private final CaptureSettings settings;
    private final Core.Surroundings around;
    private final Supplier<StreamStatus> stream;
    private final Stops stops;
    private final Chore slot;
    private final Chore history;
    private final Chore catalog;

    private Lsn reached = Lsn.ZERO;
    private long reachedAt;
    private long prunedAt;
    private boolean warned;

    /** How housekeeping ends what must not go on. */
    interface Stops {
        /** Ends the present run; the next attempt finds out what to do. */
        void endRun();

        /** Ends the present run and gives up its slot. @return false if there is no run to end */
        boolean endRunAndSlot();

        /** The slot is gone already: the next attempt tells why. */
        void slotGivenUp();
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
        this.slot = new Chore("slot", around.clock());
        this.history = new Chore("history", around.clock());
        this.catalog = new Chore("catalog", around.clock());
        this.reachedAt = now().nanos();
        this.prunedAt = now().nanos();
    }

    /** What keeps the disk free comes first: it must not depend on what a catalog may be like. */
    void keep(Core core) throws InterruptedException {
        if (!core.lease().isHeld()) {
            stops.endRun();
            return;
        }
        watchStream(core);
        slot.attempt(() -> with(this::watchSlot));
        history.attempt(() -> with(handle -> prune(core, handle)));
        catalog.attempt(() -> with(core.watch()::glance));
        if (catalog.failures() >= IN_VAIN && isStreaming()) {
            giveUpReading(core);
        }
    }

    private interface Look {
        void at(Handle handle) throws Exception;
    }

    private void with(Look look) throws Exception {
        try (Handle handle = database.jdbi().open()) {
            look.at(handle);
        }
    }

    private void watchStream(Core core) {
        Lsn position = core.pipeline().reached();
        // A run that only reads again what was read before, and fails at the same place, does not bring anything.
        if (isStreaming() && !position.equals(reached)) {
            reached = position;
            reachedAt = now().nanos();
            core.watch().blindfold(Optional.empty());
        } else if (elapsed(reachedAt, patience())) {
            blindfold(core, stream.get().detail());
        }
    }

    /** What is read is routed by a catalog that is not that of the database any more, and nothing may be claimed of it. */
    private void giveUpReading(Core core) {
        log.atError()
                .addKeyValue("reason", catalog.reason())
                .log("The catalog cannot be read: the log is not read either");
        stops.endRun();
        blindfold(core, catalog.reason());
    }

    private static void blindfold(Core core, String why) {
        core.watch()
                .blindfold(Optional.of(new Obstacle(
                        "the log is not read at present, so views are refreshed by the clock: " + why,
                        "it passes by itself when the log can be read again")));
    }

    private Duration patience() {
        Duration beats = settings.heartbeatInterval().multipliedBy(3);
        return beats.compareTo(PATIENCE) > 0 ? beats : PATIENCE;
    }

    private void prune(Core core, Handle handle) {
        if (elapsed(prunedAt, PRUNE_EVERY)) {
            prunedAt = now().nanos();
            Lease.write(handle, core.lease().token(), History::prune);
        }
    }

    /** Never the disk: the log that the server keeps is given up before it fills it. */
    private void watchSlot(Handle handle) throws SQLException {
        Optional<SlotState> found = Slot.inspect(handle.getConnection(), settings.slot());
        long retained = found.map(SlotState::retainedBytes).orElse(0L);
        OptionalLong limit = settings.maxRetained();
        around.listener().accept(new Notice.SlotSeen(retained, limit));
        if (limit.isEmpty()) {
            return;
        }
        if (found.isPresent() && retained > limit.getAsLong()) {
            if (giveUp(handle, found.get())) {
                log.atError()
                        .addKeyValue("slot", settings.slot())
                        .addKeyValue("retained", retained)
                        .addKeyValue("limit", limit.getAsLong())
                        .log("The server keeps too much log for the slot: it is given up");
            }
        } else if (retained > limit.getAsLong() / 2 && !warned) {
            log.atWarn()
                    .addKeyValue("slot", settings.slot())
                    .addKeyValue("retained", retained)
                    .addKeyValue("limit", limit.getAsLong())
                    .log("The server keeps much log for the slot");
        }
        warned = retained > limit.getAsLong() / 2;
    }

    /** One that nobody reads from is dropped here and now: no attempt may ever come so far. */
    private boolean giveUp(Handle handle, SlotState state) throws SQLException {
        if (stops.endRunAndSlot()) {
            return true;
        }
        if (state.activePid().isPresent()
                || !state.database().equals(Optional.of(handle.getConnection().getCatalog()))) {
            return false;
        }
        Slot.drop(handle.getConnection(), settings.slot());
        stops.slotGivenUp();
        return true;
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
