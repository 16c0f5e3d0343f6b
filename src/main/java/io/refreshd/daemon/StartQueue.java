package io.refreshd.daemon;

import io.refreshd.stream.StartPermits;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Lets a few databases of a process begin at a time, first come first served. To begin costs about a second of processor time: if all
 * begin at once, all are late.
 *
 * <p>Failure: a database that begins for long, say because its server hangs, goes on without its permit, and delays the others no more.
 *
 * <p>Thread: any.
 */
public final class StartQueue implements StartPermits {
    /** Four times what a database needed to begin on two processors with a load of 20. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final int atOnce;
    private final Duration longest;
    private final Deque<Place> waiting = new ArrayDeque<>();
    private final Set<Place> beginning = new HashSet<>();

    /** For what a process of the present machine can begin at once. */
    public StartQueue() {
        this(Math.max(2, Runtime.getRuntime().availableProcessors()), LONGEST);
    }

    StartQueue(int atOnce, Duration longest) {
        this.atOnce = atOnce;
        this.longest = longest;
    }

    /** A permit, or the wait for one. */
    private final class Place implements Permit {
        private long until;

        @Override
        public void close() {
            giveBack(this);
        }
    }

    @Override
    public synchronized Permit take() throws InterruptedException {
        Place place = new Place();
        waiting.addLast(place);
        try {
            while (!mayBegin(place)) {
                TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, untilTheNextIsLate()));
            }
            place.until = System.nanoTime() + longest.toNanos();
            beginning.add(place);
            return place;
        } finally {
            waiting.remove(place);
            notifyAll();
        }
    }

    private boolean mayBegin(Place place) {
        long now = System.nanoTime();
        beginning.removeIf(other -> other.until - now <= 0);
        return beginning.size() < atOnce && waiting.getFirst() == place;
    }

    private long untilTheNextIsLate() {
        long now = System.nanoTime();
        return beginning.stream().mapToLong(other -> other.until - now).min().orElse(longest.toNanos());
    }

    private synchronized void giveBack(Place place) {
        beginning.remove(place);
        notifyAll();
    }
}
