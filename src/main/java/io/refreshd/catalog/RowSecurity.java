package io.refreshd.catalog;

/** Whether policies decide which rows of a table a query reads. */
public enum RowSecurity {
    OFF,
    /** For everyone but the table's owner. */
    ON,
    FORCED
}
