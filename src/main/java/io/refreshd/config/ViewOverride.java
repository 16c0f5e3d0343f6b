package io.refreshd.config;

import io.refreshd.model.Method;
import java.time.Duration;
import java.util.Optional;

/** What is different for the views that match; empty parts are inherited. */
public record ViewOverride(
        ViewPattern pattern,
        Optional<Duration> quietPeriod,
        Optional<Duration> targetLag,
        Optional<MaxStaleness> maxStaleness,
        Optional<Method> method) {}
