package io.refreshd.observe;

import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The last messages that rows of views changed, numbered. It is bounded, and kept in memory only; the readers hold a number each and no
 * queue, so that a slow one costs nothing.
 *
 * <p>Thread: any.
 */
final class ViewEvents implements Consumer<Notice> {
    /** A minute of 60 changes a second, about a megabyte. */
    static final int KEPT = 4_096;

    private static final Pattern ID = Pattern.compile("([0-9a-f]{16})-(\\d{1,18})");

    /** Tells the numbers of this process from those of another one. */
    private final String process =
            HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final Deque<Event> events = new ArrayDeque<>();
    private long last;

    /** @param view name of the view, as messages spell it */
    record Event(long number, String view, String json) {}

    /**
     * The events after a number.
     *
     * @param complete false if some of them are not kept any more
     * @param last number of the last event
     */
    record Batch(boolean complete, List<Event> events, long last) {}

    @Override
    public void accept(Notice notice) {
        if (notice instanceof Notice.ViewChanged changed) {
            lock.lock();
            try {
                events.addLast(new Event(
                        ++last,
                        changed.change().view().toString(),
                        changed.change().json()));
                if (events.size() > KEPT) {
                    events.removeFirst();
                }
                more.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    long last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    String id(long number) {
        return process + "-" + number;
    }

    /** The number that an identifier stands for; empty if it is none of this process. */
    Optional<Long> number(String id) {
        Matcher matcher = ID.matcher(id);
        return matcher.matches() && matcher.group(1).equals(process)
                ? Optional.of(Long.parseLong(matcher.group(2))).filter(number -> number <= last())
                : Optional.empty();
    }

    /** Waits until there is an event after the number, for this long at most. */
    Batch after(long number, Duration wait) throws InterruptedException {
        lock.lock();
        try {
            long nanos = wait.toNanos();
            while (last <= number && nanos > 0) {
                nanos = more.awaitNanos(nanos);
            }
            List<Event> found = new ArrayList<>();
            for (var newest = events.descendingIterator(); newest.hasNext(); ) {
                Event event = newest.next();
                if (event.number() <= number) {
                    break;
                }
                found.addFirst(event);
            }
            return new Batch(found.size() == last - number, found, last);
        } finally {
            lock.unlock();
        }
    }
}
