package io.refreshd.model;

/** The form of REFRESH MATERIALIZED VIEW. */
public enum Method {
    /** {@code REFRESH MATERIALIZED VIEW CONCURRENTLY}: readers are not blocked. */
    CONCURRENT,
    /** {@code REFRESH MATERIALIZED VIEW}: cheaper, but blocks readers; used only where it is configured. */
    PLAIN
}
