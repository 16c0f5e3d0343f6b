package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure.Kind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlStatesTest {
    @ParameterizedTest
    @CsvSource({
        "55000, PERMANENT", // no unique index, never populated
        "0A000, PERMANENT",
        "42501, PERMANENT", // no privilege
        "42883, PERMANENT", // a function that the safe search_path no longer finds
        "42P01, TRANSIENT", // dropped meanwhile
        "55P03, TRANSIENT", // lock_timeout
        "57014, TRANSIENT", // statement_timeout
        "40P01, TRANSIENT", // deadlock
        "53300, TRANSIENT", // too many connections
        "57P01, TRANSIENT", // terminated by an administrator
        "57P03, TRANSIENT", // starting up
        "08006, TRANSIENT", // connection lost
        "22012, TRANSIENT", // division by zero: the next commit may take the row away
        "25006, TRANSIENT", // read-only: in recovery
        "XX000, TRANSIENT",
        "'', TRANSIENT"
    })
    void classifies(String sqlState, Kind kind) {
        assertThat(SqlStates.classify(sqlState)).isEqualTo(kind);
    }
}
