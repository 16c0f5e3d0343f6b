package io.refreshd.observe;

import java.time.Duration;

/** A duration in a log line: words for people, seconds for machines. */
record LoggedDuration(Duration duration) {
    double seconds() {
        return duration.toNanos() / 1e9;
    }

    @Override
    public String toString() {
        return HumanDuration.format(duration);
    }
}
