package io.refreshd.daemon;

import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.CaptureSettings;
import io.refreshd.report.Notice;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guards the server's disk: drops the slot when the server keeps more log for it than {@code capture.max-retained}.
 *
 * <p>Thread: the guard thread.
 */
public final class SlotGuard {
    private static final Logger log = LoggerFactory.getLogger(SlotGuard.class);

    private final CaptureSettings settings;
    private final Consumer<Notice> listener;
    private final Dropper dropper;

    private boolean warned;

    /** How the slot is dropped while a capture may read from it. */
    interface Dropper {
        /** Ends the present capture; the next attempt drops the slot. @return false if there is no capture */
        boolean endCaptureAndDropSlot();

        /** The slot was dropped: the next attempt reports the gap. */
        void slotDropped();
    }

    SlotGuard(CaptureSettings settings, Consumer<Notice> listener, Dropper dropper) {
        this.settings = settings;
        this.listener = listener;
        this.dropper = dropper;
    }

    void check(Handle handle) throws SQLException {
        Optional<SlotState> found = Slot.inspect(handle.getConnection(), settings.slot());
        long retained = found.map(SlotState::retainedBytes).orElse(0L);
        OptionalLong limit = settings.maxRetained();
        listener.accept(new Notice.SlotSeen(retained, limit));
        if (limit.isEmpty() || settings.source() == CaptureSettings.Source.KAFKA) {
            // The slot of a connector is not refreshd's to give up.
            return;
        }
        if (found.isPresent() && retained > limit.getAsLong()) {
            if (drop(handle, found.get())) {
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

    /** A slot that nobody reads from is dropped at once: an attempt may never come as far as the slot. */
    private boolean drop(Handle handle, SlotState state) throws SQLException {
        if (dropper.endCaptureAndDropSlot()) {
            return true;
        }
        if (state.activePid().isPresent()
                || !state.database().equals(Optional.of(handle.getConnection().getCatalog()))) {
            return false;
        }
        Slot.drop(handle.getConnection(), settings.slot());
        dropper.slotDropped();
        return true;
    }
}
