package io.refreshd.database;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How long the statements of a session may take. Pure.
 *
 * <p>Invariant: a statement ends on the server before the client stops listening. Otherwise the server would keep a backend for a
 * client that is gone. A socketTimeout in the URL shortens the other limits.
 *
 * @param statement the longest time a statement may take; zero: no limit
 * @param lock the longest time a statement may wait for a lock
 * @param silence the longest time that the client waits for an answer; zero: no limit
 */
public record SessionLimits(Duration statement, Duration lock, Duration silence) {
    /** For the server to end a statement, and for its error to arrive. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    /** @param socketTimeout of the URL, in seconds; null if the URL has none. What is no number is for the driver to refuse */
    public static SessionLimits of(SessionKind kind, @Nullable String socketTimeout) {
        Optional<Duration> given = seconds(socketTimeout);
        Duration silence = given.orElse(kind.silence());
        if (silence.isZero()) {
            return new SessionLimits(kind.statement(), kind.lock(), silence);
        }
        Duration most = longer(silence.minus(GRACE), silence.multipliedBy(2).dividedBy(3));
        Duration statement = kind.statement().isZero() ? most : shorter(kind.statement(), most);
        return new SessionLimits(statement, shorter(kind.lock(), statement.dividedBy(2)), silence);
    }

    private static Optional<Duration> seconds(@Nullable String text) {
        try {
            return text == null
                    ? Optional.empty()
                    : Optional.of(Duration.ofSeconds(Math.max(0, Integer.parseInt(text.strip()))));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }
}
