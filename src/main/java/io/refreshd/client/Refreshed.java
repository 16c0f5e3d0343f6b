package io.refreshd.client;

/** What came of a wish to refresh. */
public enum Refreshed {
    /** The daemon was asked, and refreshes as soon as it can, in the way that it is configured for. */
    REQUESTED,
    /** The view was refreshed after the wish: by the daemon, which was waited for, or by this very call where none looks after it. */
    DONE
}
