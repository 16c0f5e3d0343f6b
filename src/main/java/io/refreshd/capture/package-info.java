/**
 * Reads committed changes from the write-ahead log as {@link io.refreshd.model.Batch}es, and acknowledges what was made durable.
 * The port is {@link io.refreshd.capture.ChangeSource}. The package owns the slot, the publication and the heartbeat.
 */
@NullMarked
package io.refreshd.capture;

import org.jspecify.annotations.NullMarked;
