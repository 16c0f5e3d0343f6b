package io.refreshd.config;

import java.time.Duration;
import java.util.Optional;

/**
 * The value of a key {@code max-staleness} that is given, which may be {@code none}.
 *
 * @param bound empty for {@code none}; an override uses it to lift an inherited bound
 */
public record MaxStaleness(Optional<Duration> bound) {}
