package io.refreshd.cli;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * Handles SIGTERM and SIGINT: the first drains, the second ends the process at once. A shutdown hook would not see the second,
 * since the virtual machine ignores signals while it is shutting down. So this class handles the signals directly.
 *
 * <p>Invariant: the process has ended {@link #LONGEST} after the first signal. Each step of draining is bounded, and so is their sum, but the
 * machine may be so busy that all of them reach their bounds. Whoever would kill the process would be told nothing.
 */
final class TerminationSignals {
    /** Shorter than the 30 s after which Kubernetes kills. */
    static final Duration LONGEST = Duration.ofSeconds(25);

    private static final Logger log = LoggerFactory.getLogger(TerminationSignals.class);

    private final Runnable drain;
    private final Duration longest;
    private final IntConsumer halt;
    private final AtomicBoolean draining = new AtomicBoolean();

    /** @param halt ends the process with an exit code */
    TerminationSignals(Runnable drain, Duration longest, IntConsumer halt) {
        this.drain = drain;
        this.longest = longest;
        this.halt = halt;
    }

    /** @param drain runs on a thread that the virtual machine starts for the signal */
    static void drainThenAbort(Runnable drain) {
        TerminationSignals signals = new TerminationSignals(drain, LONGEST, Runtime.getRuntime()::halt);
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> signals.received());
        }
    }

    void received() {
        if (draining.compareAndSet(false, true)) {
            Thread limit = new Thread(this::abortLate, "refreshd-end");
            limit.setDaemon(true);
            limit.start();
            drain.run();
        } else {
            halt.accept(ExitCode.ABORTED.code());
        }
    }

    private void abortLate() {
        try {
            Thread.sleep(longest);
        } catch (InterruptedException e) {
            return;
        }
        log.atWarn()
                .addKeyValue("after", longest.toSeconds() + " s")
                .log("Ended before everything was closed; the next start makes up for what was running");
        halt.accept(ExitCode.ABORTED.code());
    }
}
