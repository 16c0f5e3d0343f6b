package io.refreshd.refresh;

import java.time.Duration;

/**
 * Time limits of a refresh.
 *
 * @param lock how long to wait for a lock. While a refresh waits for a lock, other sessions queue behind it
 * @param statement how long the REFRESH may run; zero means no limit
 */
public record RefreshLimits(Duration lock, Duration statement) {}
