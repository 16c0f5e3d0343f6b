package io.refreshd.model;

/** Whether all rows of an incremental view may be recomputed without anybody's word. */
public enum FullRecompute {
    ALLOW,
    /** The view is suspended instead, until somebody asks for it. */
    NEVER
}
