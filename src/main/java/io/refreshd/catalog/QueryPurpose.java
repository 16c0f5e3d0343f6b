package io.refreshd.catalog;

/** What the rows of an examined query are for. It decides what the query may contain. */
enum QueryPurpose {
    /** They are compared with those that a materialized view holds. Two runs over the same rows have to give the same, to the last bit. */
    COMPARED,
    /** They replace those that the table of an incremental view holds. Whatever the query may give for a row is right. */
    KEPT,
    /** They tell to which groups rows belong. Two runs over the same rows have to give the same rows and keys. */
    MAPPED
}
