package io.refreshd.refresh;

import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

class LockWatchTest {
    /** An executor keeps what its tasks throw to itself. */
    @Test
    void anErrorReachesTheHandlerOfUncaughtOnesAndTheWatchGoesOn() {
        List<Throwable> uncaught = new CopyOnWriteArrayList<>();
        AtomicInteger looks = new AtomicInteger();
        StackOverflowError error = new StackOverflowError();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, problem) -> uncaught.add(problem));
        try {
            new LockWatch(Jdbi.create("unused"), new ArrayList<>() {
                        private static final long serialVersionUID = 1L;

                        @Override
                        public Stream<RunningStatement> stream() {
                            looks.incrementAndGet();
                            throw error;
                        }

                        @Override
                        public boolean isEmpty() {
                            return looks.get() > 2;
                        }
                    })
                    .begun();
            await().dontCatchUncaughtExceptions().until(() -> looks.get() > 2 && uncaught.contains(error));
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }
}
