package io.refreshd.report;

/** Cause of a missed target lag: the step that took most of the time. Its words are values of the label {@code reason}. */
public enum Lateness {
    CAPTURE("capture was late"),
    PREVIOUS("waited for the refresh before"),
    SLOT("waited for other refreshes"),
    UPSTREAM("waited for upstream"),
    VISIBILITY("waited for visibility"),
    BACKOFF("backing off"),
    SUSPENDED("was suspended"),
    PAUSED("was paused"),
    LONG_REFRESH("refresh takes longer than the target"),
    UNEXPECTEDLY_LONG_REFRESH("refresh took longer than expected");

    private final String words;

    Lateness(String words) {
        this.words = words;
    }

    public String words() {
        return words;
    }
}
