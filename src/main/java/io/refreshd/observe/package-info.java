/** Metrics, log lines, health checks and the status page of the daemon. No decision of the daemon depends on this package. */
@NullMarked
package io.refreshd.observe;

import org.jspecify.annotations.NullMarked;
