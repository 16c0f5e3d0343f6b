package io.refreshd.routing;

import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.Narrowing;
import io.refreshd.catalog.ProbeKey;
import io.refreshd.catalog.Probing;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ByValueTest {
    private static final Map<ViewId, Narrowing> NARROWINGS = Map.of(
            view("a"), by("role", "a"),
            view("b"), by("role", "b"),
            view("both"), by("role", "a", "b"),
            view("five"), by("n", "5"),
            view("shown"), new Narrowing(by("role", "a").discriminator(), shown(true)),
            view("slow"), new Narrowing(by("role", "c").discriminator(), shown(false)));

    private static Probing shown(boolean indexed) {
        return new Probing(
                Optional.of(new ProbeKey(List.of("id"), List.of(1), List.of("int4"), indexed)),
                Optional.empty(),
                false);
    }

    private final ByValue views = new ByValue(
            List.of(view("a"), view("b"), view("both"), view("five"), view("all")),
            List.of(),
            id -> NARROWINGS.getOrDefault(id, new Narrowing(Optional.empty(), probing())));

    private final ByValue few = new ByValue(
            List.of(view("a"), view("shown"), view("slow"), view("all")),
            List.of(),
            id -> NARROWINGS.getOrDefault(id, new Narrowing(Optional.empty(), probing())));

    private static Probing probing() {
        return new Probing(Optional.empty(), Optional.empty(), false);
    }

    private static Narrowing by(String column, String... values) {
        return new Narrowing(Optional.of(new Discriminator(column, new TreeSet<>(Set.of(values)))), probing());
    }

    private Set<ViewId> affected(Map<String, Set<String>> values, Operation operation) {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), values, Map.of());
        return views(views.destinations(rows, Map.of(operation, 1L)).told());
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
    void viewsThatCanBeAskedAreIfWhatTheRowsWereIsNotKnown() {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of("role", Set.of("b")));
        ByValue.Destinations to = few.destinations(rows, Map.of(Operation.UPDATE, 1L));
        assertThat(views(to.told())).containsExactlyInAnyOrder(view("a"), view("slow"), view("all"));
        assertThat(views(to.asked())).containsExactly(view("shown"));
        assertThat(views(few.destinations(rows, Map.of(Operation.TRUNCATE, 1L)).told()))
                .contains(view("shown"));
    }

    @Test
    void whatRowsAreNowNeedsNoQuestion() {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of("role", Set.of("a")));
        assertThat(views(few.destinations(rows, Map.of(Operation.UPDATE, 1L)).told()))
                .contains(view("shown"));
    }

    private static Set<ViewId> views(List<ByValue.Route> routes) {
        return routes.stream()
                .flatMap(route -> route.views().values().stream().flatMap(List::stream))
                .collect(Collectors.toSet());
    }

    @Test
    void allViewsIfTheTableWasEmptied() {
        assertThat(affected(Map.of("role", Set.of("a"), "n", Set.of("6")), Operation.TRUNCATE))
                .hasSize(5);
    }
}
