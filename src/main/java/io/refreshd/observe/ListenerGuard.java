package io.refreshd.observe;

import io.refreshd.report.Notice;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Passes notices on to a listener that may fail.
 *
 * <p>Invariant: whoever reports a notice goes on, whatever the listener does with it. Capture, supervisor and loop report, and none of
 * them may end because a figure or a line of the log cannot be made.
 *
 * <p>Failure: each is counted, the first is logged.
 *
 * <p>Thread: any.
 */
final class ListenerGuard implements Consumer<Notice> {
    private static final Logger log = LoggerFactory.getLogger(ListenerGuard.class);

    private final Consumer<Notice> listener;
    private final Runnable count;
    private final AtomicBoolean logged = new AtomicBoolean();

    /** @param count called at each failure; may fail too */
    ListenerGuard(Consumer<Notice> listener, Runnable count) {
        this.listener = listener;
        this.count = count;
    }

    @Override
    public void accept(Notice notice) {
        try {
            listener.accept(notice);
        } catch (Throwable problem) {
            failed(problem);
        }
    }

    private void failed(Throwable problem) {
        try {
            if (logged.compareAndSet(false, true)) {
                log.atError().setCause(problem).log("A listener failed; further failures of it are not logged");
            }
            count.run();
        } catch (Throwable alsoFailed) {
            // Neither the log nor the counters can be written. The process may have no memory left; its other parts
            // find out.
        }
    }
}
