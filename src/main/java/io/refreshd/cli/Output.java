package io.refreshd.cli;

import io.refreshd.demo.Screen;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The streams that a verb prints to. */
final class Output {
    private Output() {}

    /** Standard output, for the answer. */
    static PrintWriter of(@Nullable CommandSpec spec) {
        return Objects.requireNonNull(spec, "picocli sets it before it calls")
                .commandLine()
                .getOut();
    }

    /** A progress line on standard error. It is shown only if standard output is a terminal. */
    static ProgressLine progress(@Nullable CommandSpec spec, Map<String, String> environment) {
        return new ProgressLine(
                Objects.requireNonNull(spec, "picocli sets it before it calls")
                        .commandLine()
                        .getErr(),
                Screen.detect(environment));
    }
}
