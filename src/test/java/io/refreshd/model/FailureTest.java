package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /** A function may raise an error with any SQLSTATE. */
    @ParameterizedTest
    @ValueSource(strings = {"08006", "53300", "57P01", "58030", "25006"})
    void whatCodeOfTheQueryRaisesIsNoOutage(String sqlState) {
        Failure raised = new Failure(Failure.Kind.RAISED, sqlState, "what", Remedy.NONE);
        assertThat(raised.isOutage()).isFalse();
        assertThat(raised.isOfData()).as("tried again once a row has changed").isTrue();
    }

    private static Failure transientFailure(String sqlState) {
        return new Failure(Failure.Kind.TRANSIENT, sqlState, "what", Remedy.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "22P02, true", // a text that is no number
        "22012, true", // division by zero
        "21000, true", // a row that is there twice
        "23505, true", // likewise
        "23514, true", // the CHECK of a domain
        "54000, true", // a value too long for an index
        "P0001, true", // RAISE
        "40001, false",
        "42883, false",
        "57014, false",
        "'', false"
    })
    void knowsErrorsOfData(String sqlState, boolean ofData) {
        assertThat(new Failure(Failure.Kind.TRANSIENT, sqlState, "", Remedy.NONE).isOfData())
                .isEqualTo(ofData);
    }
}
