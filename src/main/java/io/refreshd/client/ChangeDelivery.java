package io.refreshd.client;

import java.lang.System.Logger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls of one listener, one after the other. Changes that come while the listener runs are passed on as one.
 *
 * <p>Failure: what a listener throws is logged, and it is called again at the next change.
 *
 * <p>Thread: any. The listener runs on a virtual thread of its own, so that it holds up neither the connection nor other listeners.
 */
final class ChangeDelivery {
    private static final Logger log = System.getLogger(ChangeDelivery.class.getName());

    private final String view;
    private final Consumer<? super ViewChange> listener;
    private @Nullable ViewChange pending;
    private boolean running;
    private boolean ended;

    /** @param view name of the view as messages spell it */
    ChangeDelivery(String view, Consumer<? super ViewChange> listener) {
        this.view = view;
        this.listener = listener;
    }

    String view() {
        return view;
    }

    /** Returns at once. */
    synchronized void deliver(ViewChange change) {
        pending = pending == null ? change : pending.and(change);
        if (!running && !ended) {
            running = true;
            Thread.ofVirtual().name("refreshd-listener").start(this::run);
        }
    }

    synchronized void end() {
        ended = true;
    }

    private void run() {
        for (ViewChange next = next(); next != null; next = next()) {
            try {
                listener.accept(next);
            } catch (Throwable problem) {
                log.log(Logger.Level.WARNING, "A listener of " + view + " failed", problem);
            }
        }
    }

    private synchronized @Nullable ViewChange next() {
        ViewChange next = ended ? null : pending;
        pending = null;
        running = next != null;
        return next;
    }
}
