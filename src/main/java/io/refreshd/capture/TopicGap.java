package io.refreshd.capture;

/** Topics do not hold all changes any more, or no longer in the way that was read. Every view is refreshed once. */
public final class TopicGap extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String reason;

    /** @param reason one fixed word */
    TopicGap(String reason, String message) {
        super(message);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
