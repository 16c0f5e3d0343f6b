package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestTimeout;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TerminationSignalsTest {
    private final BlockingQueue<Integer> halted = new LinkedBlockingQueue<>();

    @Test
    void whatDoesNotDrainIsEndedAfterAWhile() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        TerminationSignals signals = new TerminationSignals(() -> await(never), Duration.ofMillis(1), halted::add);
        Thread signal = new Thread(signals::received);
        signal.start();
        assertThat(halted.poll(TestTimeout.LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(ExitCode.ABORTED.code());
        never.countDown();
        signal.join();
    }

    @Test
    void theSecondSignalEndsAtOnceAndDrainsNotAgain() {
        BlockingQueue<String> drained = new LinkedBlockingQueue<>();
        TerminationSignals signals =
                new TerminationSignals(() -> drained.add("drained"), Duration.ofDays(1), halted::add);
        signals.received();
        assertThat(halted).isEmpty();
        signals.received();
        assertThat(halted).containsExactly(ExitCode.ABORTED.code());
        assertThat(drained).hasSize(1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
