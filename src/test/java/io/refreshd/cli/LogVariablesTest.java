package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogVariablesTest {
    @Test
    void validAndUnsetVariablesAreNoProblem() {
        assertThat(LogVariables.problem(Map.of())).isEmpty();
        assertThat(LogVariables.problem(Map.of(LogVariables.FORMAT, "json", LogVariables.LEVEL, "DEBUG")))
                .isEmpty();
        assertThat(LogVariables.problem(Map.of(LogVariables.FORMAT, "text", LogVariables.LEVEL, "warn")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"JSON", "logfmt", "json ", "txt"})
    void anUnknownFormatIsReportedWithTheValidOnes(String format) {
        assertThat(LogVariables.problem(Map.of(LogVariables.FORMAT, format)))
                .contains("refreshd: the variable REFRESHD_LOG_FORMAT is " + format
                        + "; write one of text, json, or leave it out");
    }

    @Test
    void anEmptyFormatIsAProblem() {
        assertThat(LogVariables.problem(Map.of(LogVariables.FORMAT, "")))
                .contains(
                        "refreshd: the variable REFRESHD_LOG_FORMAT is empty; write one of text, json, or leave it out");
    }

    @Test
    void bothAreReportedAtOnce() {
        assertThat(LogVariables.problem(Map.of(LogVariables.FORMAT, "xml", LogVariables.LEVEL, "LOUD"))
                        .orElseThrow()
                        .lines())
                .containsExactly(
                        "refreshd: the variable REFRESHD_LOG_FORMAT is xml; write one of text, json, or leave it out",
                        "refreshd: the variable REFRESHD_LOG_LEVEL is LOUD; write one of ERROR, WARN, INFO, DEBUG, TRACE, or leave it out");
    }
}
