package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SqlNamesIT {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "Mixed Case",
                "dotted.name",
                "quo\"te",
                "semi;colon--",
                "select",
                "größe",
                "$1",
                "a'b\\c"
            })
    void theServerStoresTheSameName(String name) throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            database.execute("CREATE TABLE " + SqlNames.identifier(name) + " ()");
            assertThat(
                            database.query(
                                    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"))
                    .containsExactly(name);
        }
    }

    @Test
    void refusesAZeroByte() {
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> SqlNames.identifier("a\0b"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
