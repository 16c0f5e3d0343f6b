package io.refreshd.model;

/** What a change did to a row, or with TRUNCATE to all rows of a table. */
public enum Operation {
    INSERT,
    UPDATE,
    DELETE,
    TRUNCATE
}
