package io.refreshd.ledger;

import io.refreshd.model.LedgerEntry;

/**
 * A row of {@code refreshd.view_state}, with the columns that start-up compares with the catalog.
 *
 * @param lineage hash of what the view's content depended on, besides rows, when decisions about the view were last made anew
 */
public record Ledgered(LedgerEntry entry, long oid, String lineage) {}
