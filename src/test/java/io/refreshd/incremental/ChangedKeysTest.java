package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.JoinStep;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChangedKeysTest {
    private static KeyLookup lookup(List<Integer> positions, String... keys) {
        return new KeyLookup(
                new TableId("public", "t"),
                positions,
                List.of("integer"),
                Set.of(keys).stream().map(List::of).collect(java.util.stream.Collectors.toSet()));
    }

    @Test
    void keysOfTheAnchorAreRecomputeKeysAndTheOthersAreLookedUpTogether() {
        ChangedKeys changed = ChangedKeys.of(
                List.of(
                        lookup(List.of(1), "1", "2"),
                        lookup(List.of(3), "7"),
                        lookup(List.of(1), "2", "3"),
                        lookup(List.of(3), "8"),
                        lookup(List.of(4))),
                List.of(1),
                List.of("integer"));
        assertThat(changed.recompute()).containsExactlyInAnyOrder(List.of("1"), List.of("2"), List.of("3"));
        assertThat(changed.lookups())
                .singleElement()
                .satisfies(lookup -> assertThat(lookup.keys()).containsExactlyInAnyOrder(List.of("7"), List.of("8")));
        assertThat(changed.count()).isEqualTo(5);
    }

    @Test
    void valuesBehindOtherTablesAreLookedUpApart() {
        KeyLookup direct = lookup(List.of(3), "7");
        KeyLookup behind = new KeyLookup(
                direct.table(),
                List.of(1),
                direct.types(),
                Set.of(List.of("1")),
                List.of(new JoinStep(new TableId("public", "a"), "b_id", List.of("t_id"))),
                0);
        KeyLookup beside =
                new KeyLookup(direct.table(), List.of(3), direct.types(), Set.of(List.of("8")), behind.joins(), 0);
        ChangedKeys changed = ChangedKeys.of(List.of(direct, behind, beside), List.of(1), List.of("integer"));
        assertThat(changed.recompute()).isEmpty();
        assertThat(changed.lookups()).containsExactlyInAnyOrder(direct, behind, beside);
    }

    @Test
    void valuesOfAnotherTypeThatAreComparedWithTheKeyAreLookedUp() {
        KeyLookup large = new KeyLookup(
                new TableId("public", "t"), List.of(1), List.of("pg_catalog.int8"), Set.of(List.of("5000000000")));
        assertThat(ChangedKeys.of(List.of(large), List.of(1), List.of("integer"))
                        .recompute())
                .isEmpty();
        assertThat(ChangedKeys.of(List.of(large), List.of(1), List.of("bigint")).recompute())
                .containsExactly(List.of("5000000000"));
    }
}
