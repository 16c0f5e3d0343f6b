package io.refreshd.faults;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A signal that stops threads of a campaign, also in the middle of a sleep. */
final class StopSignal {
    private final CountDownLatch latch = new CountDownLatch(1);

    boolean isSet() {
        return latch.getCount() == 0;
    }

    void set() {
        latch.countDown();
    }

    void sleep(long millis) {
        try {
            var unused = latch.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            set();
        }
    }
}
