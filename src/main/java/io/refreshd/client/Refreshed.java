package io.refreshd.client;

/** What came of a wish to refresh. */
public enum Refreshed {
    /** The daemon was asked, once: it refreshes as soon as it can, in the way that it is configured for. */
    REQUESTED,
    /** No daemon looks after the view: it was refreshed by this very call. */
    DONE
}
