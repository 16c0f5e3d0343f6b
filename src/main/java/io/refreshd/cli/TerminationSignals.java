package io.refreshd.cli;

import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;

/**
 * Handles SIGTERM and SIGINT: the first drains, the second ends the process at once. A shutdown hook would not see the second,
 * since the virtual machine ignores signals while it is shutting down. So this class handles the signals directly.
 */
final class TerminationSignals {
    private TerminationSignals() {}

    /** @param drain runs on a thread that the virtual machine starts for the signal */
    static void drainThenAbort(Runnable drain) {
        AtomicBoolean draining = new AtomicBoolean();
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> {
                if (draining.compareAndSet(false, true)) {
                    drain.run();
                } else {
                    Runtime.getRuntime().halt(ExitCode.ABORTED.code());
                }
            });
        }
    }
}
