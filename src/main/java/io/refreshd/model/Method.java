package io.refreshd.model;

/** How a view is brought up to date. */
public enum Method {
    /** {@code REFRESH MATERIALIZED VIEW CONCURRENTLY}: readers are not blocked. */
    CONCURRENT,
    /** {@code REFRESH MATERIALIZED VIEW}: cheaper, but blocks readers; used only where it is configured. */
    PLAIN,
    /** The rows that changed are recomputed. The only method of an incremental view, and of no other. */
    INCREMENTAL
}
