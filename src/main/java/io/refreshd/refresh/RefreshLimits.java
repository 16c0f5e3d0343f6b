package io.refreshd.refresh;

import java.time.Duration;

/**
 * How long a refresh may take.
 *
 * @param lock for a lock: while a refresh queues for one, others queue behind it
 * @param statement for the REFRESH itself
 */
public record RefreshLimits(Duration lock, Duration statement) {}
