/**
 * Keeps publication, ledger, routing table and scheduler in step with the catalog, of which the write-ahead log tells nothing. Reads
 * a {@link io.refreshd.reconcile.CatalogSnapshot}, plans what differs, applies the plan between two batches of {@code ingest}.
 */
@NullMarked
package io.refreshd.reconcile;

import org.jspecify.annotations.NullMarked;
