package io.refreshd.observe;

import io.refreshd.model.Moment;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes warnings that may repeat: the first one at once, then one a minute with the key {@code heldBack}, the number of lines that
 * were not written in between.
 *
 * <pre>{@code
 * private final ThrottledLog warnings = new ThrottledLog(log, clock);
 *
 * warnings.warn("A periodic task failed", reason, line -> line.addKeyValue("task", name).addKeyValue("reason", reason));
 * warnings.over(); // It works again: the next failure is written at once.
 * }</pre>
 *
 * A line that lasts and shall not repeat at all is written by {@link #once}; what is over is then found by {@link #keepOnly}.
 *
 * <p>Source: a Logback filter on the appender was tried instead. It was longer (71 lines and a marker at each call), and it takes the
 * time from the event, so that no test could move it.
 *
 * <p>Thread: any.
 */
public final class ThrottledLog {
    /** Short enough to show that a failure lasts, long enough not to bury all other lines. */
    private static final Duration INTERVAL = Duration.ofMinutes(1);

    private final Logger log;
    private final Supplier<Moment> clock;
    private final RepeatLimit limit;

    public ThrottledLog(Logger log, Supplier<Moment> clock) {
        this(log, clock, INTERVAL);
    }

    private ThrottledLog(Logger log, Supplier<Moment> clock, Duration interval) {
        this.log = log;
        this.clock = clock;
        this.limit = new RepeatLimit(interval);
    }

    /** Writes each line once, until {@link #over} or {@link #keepOnly} forgets its subject. */
    public static ThrottledLog once(Logger log) {
        Moment never = new Moment(0, java.time.Instant.EPOCH);
        return new ThrottledLog(log, () -> never, Duration.ofNanos(Long.MAX_VALUE));
    }

    /**
     * Writes the line at WARN, or counts it as held back.
     *
     * @param subject tells lines of the same message apart, for example the name of a view; compared by {@code equals}. A sentence
     *     with numbers that differ each time goes through {@link #withoutNumbers} first
     * @return whether the line was written
     */
    public synchronized boolean warn(String message, Object subject, UnaryOperator<LoggingEventBuilder> keyValues) {
        var heldBack = limit.admit(new Line(message, subject), clock.get().nanos());
        if (heldBack.isEmpty()) {
            return false;
        }
        LoggingEventBuilder line = keyValues.apply(log.atWarn());
        (heldBack.getAsLong() == 0 ? line : line.addKeyValue("heldBack", heldBack.getAsLong())).log(message);
        return true;
    }

    /** The failures of this subject are over: its next line is written at once. */
    public synchronized void over(Object subject) {
        limit.forget(kind -> ((Line) kind).subject.equals(subject));
    }

    /** All failures are over: every next line is written at once. */
    public synchronized void over() {
        limit.forget(kind -> true);
    }

    /** The failures of every subject but these are over. */
    public synchronized void keepOnly(Collection<?> subjects) {
        limit.forget(kind -> !subjects.contains(((Line) kind).subject));
    }

    /** A sentence as a subject that is the same whatever ports, process ids and durations are in it. */
    public static String withoutNumbers(String sentence) {
        return sentence.replaceAll("\\d+", "#");
    }

    private record Line(String message, Object subject) {}
}
