package io.refreshd.daemon;

import io.refreshd.stream.StreamSupervisor;

/** Drops the slot by way of the supervisor, which alone knows whether a capture reads from it. */
record SlotDropper(StreamSupervisor supervisor, StreamState stream) implements SlotGuard.Dropper {
    @Override
    public boolean endCaptureAndDropSlot() {
        if (!stream.hasCapture()) {
            return false;
        }
        supervisor.dropSlot();
        stream.endCapture();
        return true;
    }

    @Override
    public void slotDropped() {
        supervisor.dropSlot();
    }
}
