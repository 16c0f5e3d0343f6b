package io.refreshd.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.exchange.Dependents.View;
import io.refreshd.model.ViewId;
import java.util.List;
import org.junit.jupiter.api.Test;

class DependentsOrderTest {
    private static final long TARGET = 1;

    @Test
    void whatIsReadComesBeforeWhatReadsIt() {
        View top = materialized(2, 4L, 3L);
        View middle = plain(3, 4L);
        View bottom = materialized(4, TARGET);
        assertThat(DependentsOrder.bottomUp(List.of(top, middle, bottom))).containsExactly(bottom, middle, top);
    }

    @Test
    void viewsThatReadEachOtherAreLeftOut() {
        View alone = plain(2, TARGET);
        assertThat(DependentsOrder.bottomUp(List.of(plain(3, TARGET, 4L), alone, plain(4, 3L), plain(5, 4L))))
                .containsExactly(alone);
    }

    @Test
    void ifTheRowsStayOnlyWhatReadsWithoutAPlainViewBetweenIsMadeAgain() {
        List<View> views = List.of(
                materialized(2, TARGET), plain(3, 2L), materialized(4, 3L), materialized(5, 2L, 3L), plain(6, TARGET));
        assertThat(DependentsOrder.remade(views, TARGET, false)).containsExactlyInAnyOrder(2L, 5L);
    }

    @Test
    void ifTheRowsChangeSoIsEveryMaterializedViewAndThePlainOnesBetween() {
        List<View> views = List.of(
                materialized(2, TARGET),
                plain(3, 2L),
                materialized(4, 3L),
                plain(6, TARGET),
                plain(7, 4L),
                plain(8, 6L));
        assertThat(DependentsOrder.remade(views, TARGET, true)).containsExactlyInAnyOrder(2L, 3L, 4L);
    }

    private static View plain(long oid, Long... below) {
        return view(oid, false, below);
    }

    private static View materialized(long oid, Long... below) {
        return view(oid, true, below);
    }

    private static View view(long oid, boolean materialized, Long... below) {
        return new View(oid, new ViewId("s", "v" + oid), materialized, true, "owner", true, "", List.of(below));
    }
}
