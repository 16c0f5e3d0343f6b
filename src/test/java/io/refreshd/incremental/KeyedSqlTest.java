package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.incremental.KeyedSql.Values;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class KeyedSqlTest {
    private static final Function<Values, String> TWICE = values -> {
        String first = values.of("text", "it's");
        String second = values.of("bigint[]", "{7}");
        return "SELECT " + second + ", " + first + ", " + second;
    };

    @Test
    void fewKeysAreParametersInTheOrderOfTheText() {
        assertThat(KeyedSql.over(Collections.nCopies(10, "key"), TWICE))
                .isEqualTo(new KeyedSql("SELECT ?::bigint[], ?::text, ?::bigint[]", List.of("{7}", "it's", "{7}")));
    }

    @Test
    void manyKeysAreConstants() {
        assertThat(KeyedSql.over(Collections.nCopies(11, "key"), TWICE))
                .isEqualTo(new KeyedSql("SELECT '{7}'::bigint[], 'it''s'::text, '{7}'::bigint[]", List.of()));
    }

    /** The driver would take it for a parameter, and a view's own text may hold anything. */
    @Test
    void keysAreConstantsWhereTheTextHoldsQuestionMarks() {
        assertThat(KeyedSql.over(
                        List.of("key"), values -> "SELECT doc ? 'a', " + values.of("text", "b") + ", \"?0?\" FROM t"))
                .isEqualTo(new KeyedSql("SELECT doc ? 'a', 'b'::text, \"?0?\" FROM t", List.of()));
        assertThat(KeyedSql.over(List.of("key"), values -> "SELECT " + values.of("text", "b") + ", \"?0?\" FROM t"))
                .isEqualTo(new KeyedSql("SELECT 'b'::text, \"?0?\" FROM t", List.of()));
    }

    @Test
    void aKeyMayHoldAnything() {
        assertThat(KeyedSql.over(List.of("key"), values -> "SELECT " + values.of("text", "?1? $1 '")))
                .isEqualTo(new KeyedSql("SELECT ?::text", List.of("?1? $1 '")));
    }
}
