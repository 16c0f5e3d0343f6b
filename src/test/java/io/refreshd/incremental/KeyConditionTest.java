package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyConditionTest {
    @Test
    void oneColumnIsComparedWithAnArray() {
        assertThat(KeyCondition.of(List.of("x.c1"), List.of("integer"), List.of(List.of("7"))))
                .isEqualTo("x.c1 = ANY ('{\"7\"}'::integer[])");
    }

    @Test
    void severalColumnsAreComparedWithRows() {
        assertThat(KeyCondition.of(
                        List.of("x.c2", "x.c1"),
                        List.of("integer", "text"),
                        List.of(List.of("7", "a"), List.of("8", "b"))))
                .isEqualTo(
                        "EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest('{\"7\",\"8\"}'::integer[]), pg_catalog.unnest('{\"a\",\"b\"}'::text[]))"
                                + " AS k(k0, k1) WHERE x.c2 = k.k0 AND x.c1 = k.k1)");
    }

    /** Keys are values of rows, so that anybody may have chosen them. */
    @Test
    void noKeyEndsTheLiteral() {
        assertThat(KeyCondition.of(List.of("x.c1"), List.of("text"), List.of(List.of("'; DROP TABLE t; --\\'"))))
                .isEqualTo("x.c1 = ANY ( E'{\"''; DROP TABLE t; --\\\\\\\\''\"}'::text[])");
        assertThat(KeyCondition.of(List.of("x.c1"), List.of("text"), List.of(List.of("\",\"NULL"))))
                .isEqualTo("x.c1 = ANY ( E'{\"\\\\\",\\\\\"NULL\"}'::text[])");
    }

    @Test
    void aGroupMayHaveNullInItsKey() {
        assertThat(KeyCondition.ofGroups(
                        List.of("g", "h"),
                        List.of("int", "text"),
                        List.of(
                                Arrays.asList("1", null),
                                List.of("2", "a"),
                                List.of("2", "b"),
                                Arrays.asList("3", null))))
                .isEqualTo("((g = ANY ('{\"1\",\"3\"}'::int[]) AND h IS NULL)"
                        + " OR (g = ANY ('{\"2\"}'::int[]) AND h = ANY ('{\"a\",\"b\"}'::text[])))");
    }
}
