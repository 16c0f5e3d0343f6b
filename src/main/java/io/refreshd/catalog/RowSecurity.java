package io.refreshd.catalog;

/** Row-level security of a table: whether policies decide which rows a query reads. */
public enum RowSecurity {
    OFF,
    /** Policies apply to everybody but the table's owner. */
    ON,
    /** Policies apply to the table's owner too. */
    FORCED
}
