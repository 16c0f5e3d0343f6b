package io.refreshd.ledger;

import io.refreshd.model.LedgerEntry;

/**
 * A row of the ledger with what only start-up needs to compare.
 *
 * @param lineage hash of what the view's content depended on when its row was last registered
 */
public record Ledgered(LedgerEntry entry, long oid, String lineage) {}
