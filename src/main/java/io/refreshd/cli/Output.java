package io.refreshd.cli;

import io.refreshd.demo.Screen;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Where a verb prints its answer. */
final class Output {
    private Output() {}

    static PrintWriter of(@Nullable CommandSpec spec) {
        return Objects.requireNonNull(spec, "picocli sets it before it calls")
                .commandLine()
                .getOut();
    }

    /** On standard error, and only where the answer goes to a terminal. */
    static ProgressLine progress(@Nullable CommandSpec spec, Map<String, String> environment) {
        return new ProgressLine(
                Objects.requireNonNull(spec, "picocli sets it before it calls")
                        .commandLine()
                        .getErr(),
                Screen.detect(environment));
    }
}
