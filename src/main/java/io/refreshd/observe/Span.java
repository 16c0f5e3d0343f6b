package io.refreshd.observe;

import java.time.Duration;

/** A duration in a log line: words for people, seconds for machines. */
record Span(Duration duration) {
    double seconds() {
        return duration.toNanos() / 1e9;
    }

    @Override
    public String toString() {
        return Words.span(duration);
    }
}
