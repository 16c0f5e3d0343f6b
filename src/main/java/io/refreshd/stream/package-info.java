/**
 * The life of the stream: from ledger and slot to a running capture, attempt after attempt. Decides whether the slot continues where
 * the ledger left off, and what to do where it does not.
 */
@NullMarked
package io.refreshd.stream;

import org.jspecify.annotations.NullMarked;
