package io.refreshd.model;

/** How a view is brought up to date. */
public enum Method {
    /** {@code REFRESH MATERIALIZED VIEW CONCURRENTLY}: readers go on reading. */
    CONCURRENT,
    /** {@code REFRESH MATERIALIZED VIEW}: cheaper, but locks readers out; only where asked for. */
    PLAIN
}
