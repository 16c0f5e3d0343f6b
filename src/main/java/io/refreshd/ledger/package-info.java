/**
 * The ledger: the daemon's durable state, in schema {@code refreshd} of the database that holds the views. Every class works
 * within the caller's connection and transaction, and blocks.
 */
@NullMarked
package io.refreshd.ledger;

import org.jspecify.annotations.NullMarked;
