package io.refreshd.capture;

/** The slot is missing, lost, or not refreshd's: what was committed since is unknown, and another slot has to be made. */
public final class SlotUnusable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public SlotUnusable(String message) {
        super(message);
    }
}
