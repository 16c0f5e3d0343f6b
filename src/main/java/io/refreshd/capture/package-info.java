/**
 * Turns the write-ahead log into {@link io.refreshd.model.Batch}es, by way of Debezium, and acknowledges what was made
 * durable; owns the slot, the publication and the heartbeat.
 */
@NullMarked
package io.refreshd.capture;

import org.jspecify.annotations.NullMarked;
