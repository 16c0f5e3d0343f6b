package io.refreshd.client;

/** The result of a refresh request. */
public enum RefreshResult {
    /** The daemon has the request and refreshes as soon as it can, by the method that it is configured for. */
    REQUESTED,
    /** The view was refreshed after the request: by the daemon, or by this call if no daemon handles the view. */
    DONE
}
