package io.refreshd.config;

import java.time.Duration;
import java.util.Optional;

/** A bound that was written down, which may be {@code none}: an override can lift an inherited bound. */
public record MaxStaleness(Optional<Duration> bound) {}
