package io.refreshd.faults;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells everybody in a campaign to stop, also in the middle of a pause. */
final class Ending {
    private final CountDownLatch latch = new CountDownLatch(1);

    boolean begun() {
        return latch.getCount() == 0;
    }

    void begin() {
        latch.countDown();
    }

    void pause(long millis) {
        try {
            var unused = latch.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            begin();
        }
    }
}
