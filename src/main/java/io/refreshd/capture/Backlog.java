package io.refreshd.capture;

import java.time.Duration;
import java.util.Optional;

/**
 * How many transactions have come together, and for how long more are waited for. A message goes out at once if there was none just
 * before. In a steady stream of small transactions each would be a record of its own, and be marked and acknowledged by itself.
 * The more there are, the longer they are gathered: whoever commits so much is short of processors and not of milliseconds.
 */
enum Backlog {
    FEW(0, Duration.ofMillis(10), Optional.empty()),
    /** Four thousand a second, in the time for which few are gathered; or what has had to wait. */
    MANY(40, Duration.ofMillis(50), Optional.of(Duration.ofMillis(20))),
    /** Four thousand a second still, in the time for which many are gathered. */
    HOST(200, Duration.ofMillis(100), Optional.of(Duration.ofMillis(50)));

    private final int least;
    private final Duration gathering;
    private final Optional<Duration> pause;

    Backlog(int least, Duration gathering, Optional<Duration> pause) {
        this.least = least;
        this.gathering = gathering;
        this.pause = pause;
    }

    static Backlog of(int transactions) {
        return transactions >= HOST.least ? HOST : transactions >= MANY.least ? MANY : FEW;
    }

    /** From when some were last handed over. */
    Duration gathering() {
        return gathering;
    }

    /** Between two looks at the stream, if it is not for the stream to say. */
    Optional<Duration> pause() {
        return pause;
    }
}
