/**
 * The path of a batch: routed, marked durably, acknowledged. Also the low watermark, up to which everything that was committed
 * is known to be routed. Knows nothing of the life of the stream; {@code reconcile} swaps its routing table.
 */
@NullMarked
package io.refreshd.ingest;

import org.jspecify.annotations.NullMarked;
