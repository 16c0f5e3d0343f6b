package io.refreshd.observe;

import java.time.Duration;

/** Duration as a key-value of a log line: rounded with a unit in the text format, seconds in {@link JsonLinesEncoder}. */
record LoggedDuration(Duration duration) {
    double seconds() {
        return duration.toNanos() / 1e9;
    }

    @Override
    public String toString() {
        return HumanDuration.format(duration);
    }
}
