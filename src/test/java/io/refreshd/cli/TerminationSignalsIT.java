package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.Signals;
import io.refreshd.testing.TestTimeout;
import java.io.BufferedReader;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests signals in a process of its own, whose draining does not end until it is aborted. */
class TerminationSignalsIT {
    static final class EndlessDrain {
        private EndlessDrain() {}

        public static void main(String[] arguments) throws InterruptedException {
            TerminationSignals.drainThenAbort(() -> System.out.println("draining"));
            System.out.println("ready");
            new CountDownLatch(1).await();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void theFirstDrainsAndTheSecondAborts(String signal) throws Exception {
        // A shell starts background processes with SIGINT ignored, and a JVM does not handle an ignored signal.
        Process process = new ProcessBuilder(
                        "env",
                        "--default-signal=" + signal,
                        System.getProperty("java.home") + "/bin/java",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EndlessDrain.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("ready");
            Signals.send(signal, process.pid());
            assertThat(out.readLine()).isEqualTo("draining");
            assertThat(process.isAlive()).isTrue();
            Signals.send(signal, process.pid());
            assertThat(TestTimeout.exitCode(process)).isEqualTo(ExitCode.ABORTED.code());
        } finally {
            process.destroyForcibly();
        }
    }
}
