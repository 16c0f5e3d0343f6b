package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class DemoVerbTest {
    /** Wrong options are reported before anything is started. */
    @ParameterizedTest
    @CsvSource({
        "--for=30, unit",
        "--for=soon, 30",
        "--for=0s, longer than zero",
        "--rows=0, at least 1",
        "--commits-per-second=0, above 0"
    })
    void refusesWrongOptions(String option, String message) {
        StringWriter out = new StringWriter();
        CommandLine commandLine = new CommandLine(new DemoVerb(Map.of())).setErr(new PrintWriter(out, true));
        assertThat(commandLine.execute(option)).isEqualTo(ExitCode.USAGE.code());
        assertThat(out.toString()).contains("demo:");
        assertThat(message).isNotBlank();
    }
}
