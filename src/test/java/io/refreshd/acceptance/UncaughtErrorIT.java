package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.report.Notice;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import org.junit.jupiter.api.Test;

/** What is thrown on a thread that nobody watches, such as one of a library. */
class UncaughtErrorIT {
    @Test
    void isLoggedAndCounted() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                RunningDaemon daemon = RunningDaemon.start(database)) {
            StackOverflowError error = new StackOverflowError();
            Thread stray = new Thread(
                    () -> {
                        throw error;
                    },
                    "stray");
            stray.start();
            stray.join();
            assertThat(daemon.notices()).contains(new Notice.ErrorCaught("stray", error));
            assertThat(daemon.scrape()).contains("refreshd_troubles_total{reason=\"internal error\"} 1.0");
        }
    }
}
