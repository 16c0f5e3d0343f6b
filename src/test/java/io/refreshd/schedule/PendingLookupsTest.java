package io.refreshd.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.JoinStep;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PendingLookupsTest {
    @Test
    void keysThatLeadThroughOtherTablesAreMergedAmongThemselves() {
        KeyLookup direct =
                new KeyLookup(new TableId("public", "b"), List.of(1), List.of("integer"), Set.of(List.of("1")));
        KeyLookup through = new KeyLookup(
                direct.table(),
                direct.positions(),
                direct.types(),
                Set.of(List.of("2")),
                List.of(new JoinStep(new TableId("public", "a"), "b_id", List.of("t_id"))),
                0);
        PendingLookups pending = new PendingLookups(10);
        pending.add(List.of(direct, through));
        pending.add(List.of(through.withKeys(Set.of(List.of("3")))));
        assertThat(pending.merged()).containsExactly(direct, through.withKeys(Set.of(List.of("2"), List.of("3"))));
    }
}
