/** The durable memory: schema {@code refreshd} in the database that holds the views. */
@NullMarked
package io.refreshd.ledger;

import org.jspecify.annotations.NullMarked;
