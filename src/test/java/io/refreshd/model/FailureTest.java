package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "08006", "53100", "53300", "57P03", "58030", "25006", "55P03", "40P01"})
    void isAnOutage(String sqlState) {
        assertThat(transientFailure(sqlState).isOutage()).isTrue();
    }

    /** configuration_limit_exceeded (temp_file_limit), query_canceled, division_by_zero. */
    @ParameterizedTest
    @ValueSource(strings = {"53400", "57014", "22012"})
    void isNoOutage(String sqlState) {
        assertThat(transientFailure(sqlState).isOutage()).isFalse();
    }

    private static Failure transientFailure(String sqlState) {
        return new Failure(Failure.Kind.TRANSIENT, sqlState, "what", "");
    }
}
