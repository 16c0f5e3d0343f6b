package io.refreshd.config;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import java.time.Duration;
import java.util.Optional;

/** Settings for the views that match a pattern; empty ones are inherited. */
public record ViewOverride(
        ViewPattern pattern,
        Optional<Duration> quietPeriod,
        Optional<Duration> targetLag,
        Optional<MaxStaleness> maxStaleness,
        Optional<Method> method,
        Optional<FullRecompute> fullRecompute,
        Optional<Boolean> notifies) {}
