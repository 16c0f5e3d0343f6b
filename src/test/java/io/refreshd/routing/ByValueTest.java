package io.refreshd.routing;

import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.Narrowing;
import io.refreshd.catalog.Probing;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ByValueTest {
    private static final Map<ViewId, Narrowing> NARROWINGS = Map.of(
            view("a"), by("role", "a"),
            view("b"), by("role", "b"),
            view("both"), by("role", "a", "b"),
            view("five"), by("n", "5"));

    private final ByValue views = new ByValue(
            List.of(view("a"), view("b"), view("both"), view("five"), view("all")),
            List.of(),
            id -> NARROWINGS.getOrDefault(id, new Narrowing(Optional.empty(), probing())));

    private static Probing probing() {
        return new Probing(Optional.empty(), Optional.empty(), false);
    }

    private static Narrowing by(String column, String... values) {
        return new Narrowing(Optional.of(new Discriminator(column, new TreeSet<>(Set.of(values)))), probing());
    }

    private Set<ViewId> affected(Map<String, Set<String>> values, Operation operation) {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), values);
        return views.routes(rows, Map.of(operation, 1L)).stream()
                .flatMap(route -> route.views().stream())
                .collect(java.util.stream.Collectors.toSet());
    }

    @Test
    void onlyViewsOfAValueThatTurnsUp() {
        assertThat(affected(Map.of("role", Set.of("a", "z"), "n", Set.of("6")), Operation.UPDATE))
                .containsExactlyInAnyOrder(view("a"), view("both"), view("all"));
        assertThat(affected(Map.of("role", Set.of(), "n", Set.of("5")), Operation.DELETE))
                .containsExactlyInAnyOrder(view("five"), view("all"));
    }

    @Test
    void allViewsOfAColumnWhoseValuesAreNotKnown() {
        assertThat(affected(Map.of("n", Set.of("6")), Operation.UPDATE))
                .containsExactlyInAnyOrder(view("a"), view("b"), view("both"), view("all"));
    }

    @Test
    void allViewsIfTheTableWasEmptied() {
        assertThat(affected(Map.of("role", Set.of("a"), "n", Set.of("6")), Operation.TRUNCATE))
                .hasSize(5);
    }
}
