package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The oids that {@link ClockFunctions} names are those of the server. */
class ClockFunctionsIT {
    @Test
    void theServerHasTheFunctionsUnderTheseOidsAndNoneOfThemIsVolatile() throws Exception {
        List<String> known = ClockFunctions.all().entrySet().stream()
                .map(function -> function.getKey() + " " + function.getValue())
                .sorted()
                .toList();
        String oids =
                ClockFunctions.all().keySet().stream().map(String::valueOf).collect(Collectors.joining(","));
        try (TestDatabase database = TestDatabase.create()) {
            assertThat(database.query(
                            "SELECT oid || ' ' || proname FROM pg_proc WHERE provolatile <> 'v' AND NOT proretset"
                                    + " AND pronamespace = 'pg_catalog'::regnamespace AND oid IN (" + oids + ")"))
                    .containsExactlyInAnyOrderElementsOf(known);
        }
    }
}
