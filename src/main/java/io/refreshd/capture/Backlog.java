package io.refreshd.capture;

import java.time.Duration;
import java.util.Optional;

/**
 * How many transactions came together, which decides for how long more of them are gathered before a bundle goes out. A transaction
 * goes out at once if none went out just before.
 *
 * <p>Why gather: in a steady stream of small transactions each would be a record of its own, marked and acknowledged by itself. Why the
 * longer, the more there are: whoever commits so much is short of processors and not of milliseconds.
 */
enum Backlog {
    LOW(0, Duration.ofMillis(10), Optional.empty()),
    /** Four thousand a second, in the time for which a low backlog is gathered; or what has had to wait. */
    MEDIUM(40, Duration.ofMillis(50), Optional.of(Duration.ofMillis(20))),
    /** Four thousand a second still, in the time for which a medium backlog is gathered. */
    HIGH(200, Duration.ofMillis(100), Optional.of(Duration.ofMillis(50)));

    private final int least;
    private final Duration gathering;
    private final Optional<Duration> pause;

    Backlog(int least, Duration gathering, Optional<Duration> pause) {
        this.least = least;
        this.gathering = gathering;
        this.pause = pause;
    }

    static Backlog of(int transactions) {
        return transactions >= HIGH.least ? HIGH : transactions >= MEDIUM.least ? MEDIUM : LOW;
    }

    /** For how long transactions are gathered, counted from the last time that some were handed over. */
    Duration gathering() {
        return gathering;
    }

    /** Between two looks at the stream; empty: the stream decides. */
    Optional<Duration> pause() {
        return pause;
    }
}
