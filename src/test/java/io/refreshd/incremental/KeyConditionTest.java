package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.incremental.KeyedSql.Values;
import io.refreshd.model.JoinStep;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KeyConditionTest {
    @Test
    void oneColumnIsComparedWithAnArray() {
        assertThat(KeyCondition.of(List.of("x.c1"), List.of("integer"), List.of(List.of("7")), Values.CONSTANTS))
                .isEqualTo("x.c1 = ANY ('{\"7\"}'::integer[])");
    }

    @Test
    void severalColumnsAreComparedWithRows() {
        assertThat(KeyCondition.of(
                        List.of("x.c2", "x.c1"),
                        List.of("integer", "text"),
                        List.of(List.of("7", "a"), List.of("8", "b")),
                        Values.CONSTANTS))
                .isEqualTo(
                        "EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest('{\"7\",\"8\"}'::integer[]), pg_catalog.unnest('{\"a\",\"b\"}'::text[]))"
                                + " AS k(k0, k1) WHERE x.c2 = k.k0 AND x.c1 = k.k1)");
    }

    @Test
    void tablesInBetweenGiveAnArray() {
        JoinStep b = new JoinStep(new TableId("public", "b"), "c_id", List.of("id"));
        JoinStep a = new JoinStep(new TableId("public", "a"), "b_id", List.of("t_id"));
        assertThat(KeyCondition.of(lookup(List.of(3), b, a), i -> "x.c" + i))
                .isEqualTo(
                        "x.c3 = ANY (ARRAY(SELECT j.\"t_id\" FROM \"public\".\"a\" AS j WHERE j.\"b_id\" = ANY"
                                + " (ARRAY(SELECT j.\"id\" FROM \"public\".\"b\" AS j WHERE j.\"c_id\" = ANY ('{\"7\"}'::integer[])))))");
    }

    @Test
    void tablesInBetweenMayLeadToKeysOfSeveralColumns() {
        JoinStep a = new JoinStep(new TableId("public", "a"), "b_id", List.of("id", "day"));
        assertThat(KeyCondition.of(lookup(List.of(1, 2), a), i -> "x.c" + i))
                .isEqualTo(
                        "(x.c1, x.c2) IN (SELECT j.\"id\", j.\"day\" FROM \"public\".\"a\" AS j WHERE j.\"b_id\" = ANY"
                                + " ('{\"7\"}'::integer[]))");
    }

    private static KeyLookup lookup(List<Integer> positions, JoinStep... joins) {
        return new KeyLookup(
                new TableId("public", "c"), positions, List.of("integer"), Set.of(List.of("7")), List.of(joins), 0);
    }

    /** Keys are values of rows, so that anybody may have chosen them. */
    @Test
    void noKeyEndsTheLiteral() {
        assertThat(KeyCondition.of(
                        List.of("x.c1"), List.of("text"), List.of(List.of("'; DROP TABLE t; --\\'")), Values.CONSTANTS))
                .isEqualTo("x.c1 = ANY ( E'{\"''; DROP TABLE t; --\\\\\\\\''\"}'::text[])");
        assertThat(KeyCondition.of(List.of("x.c1"), List.of("text"), List.of(List.of("\",\"NULL")), Values.CONSTANTS))
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
                                Arrays.asList("3", null)),
                        Values.CONSTANTS))
                .isEqualTo("((g = ANY ('{\"1\",\"3\"}'::int[]) AND h IS NULL)"
                        + " OR (g = ANY ('{\"2\"}'::int[]) AND h = ANY ('{\"a\",\"b\"}'::text[])))");
    }
}
