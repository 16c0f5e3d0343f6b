package io.refreshd.model;

/** The setting {@code full-recompute}: whether refreshd may recompute all rows of an incremental view by itself. */
public enum FullRecompute {
    ALLOW,
    /** The view is suspended instead, until somebody asks for it. */
    NEVER
}
