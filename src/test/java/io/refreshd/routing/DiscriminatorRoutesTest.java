package io.refreshd.routing;

import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.Lookup;
import io.refreshd.catalog.LookupKey;
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

class DiscriminatorRoutesTest {
    private static final Map<ViewId, ChangeFilter> FILTERS = Map.of(
            view("a"), by("role", "a"),
            view("b"), by("role", "b"),
            view("both"), by("role", "a", "b"),
            view("five"), by("n", "5"),
            view("shown"), new ChangeFilter(by("role", "a").discriminator(), shown(true)),
            view("slow"), new ChangeFilter(by("role", "c").discriminator(), shown(false)));

    private static Lookup shown(boolean indexed) {
        return new Lookup(
                List.of(new LookupKey(List.of("id"), List.of(1), List.of("int4"), indexed)), Optional.empty(), false);
    }

    private final DiscriminatorRoutes views = new DiscriminatorRoutes(
            List.of(view("a"), view("b"), view("both"), view("five"), view("all")),
            List.of(),
            id -> FILTERS.getOrDefault(id, new ChangeFilter(Optional.empty(), lookup())));

    private final DiscriminatorRoutes few = new DiscriminatorRoutes(
            List.of(view("a"), view("shown"), view("slow"), view("all")),
            List.of(),
            id -> FILTERS.getOrDefault(id, new ChangeFilter(Optional.empty(), lookup())));

    private static Lookup lookup() {
        return new Lookup(List.of(), Optional.empty(), false);
    }

    private static ChangeFilter by(String column, String... values) {
        return new ChangeFilter(Optional.of(new Discriminator(column, new TreeSet<>(Set.of(values)))), lookup());
    }

    private Set<ViewId> affected(Map<String, Set<String>> values, Operation operation) {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), values, Map.of());
        return views(views.destinations(rows, Map.of(operation, 1L)).affected());
    }

    @Test
    void affectsOnlyViewsOfAValueThatOccurs() {
        assertThat(affected(Map.of("role", Set.of("a", "z"), "n", Set.of("6")), Operation.UPDATE))
                .containsExactlyInAnyOrder(view("a"), view("both"), view("all"));
        assertThat(affected(Map.of("role", Set.of(), "n", Set.of("5")), Operation.DELETE))
                .containsExactlyInAnyOrder(view("five"), view("all"));
    }

    @Test
    void affectsAllViewsOfAColumnWhoseValuesAreNotKnown() {
        assertThat(affected(Map.of("n", Set.of("6")), Operation.UPDATE))
                .containsExactlyInAnyOrder(view("a"), view("b"), view("both"), view("all"));
    }

    @Test
    void makesIndexedViewsCandidatesIfOldValuesAreNotKnown() {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of("role", Set.of("b")));
        DiscriminatorRoutes.Destinations to = few.destinations(rows, Map.of(Operation.UPDATE, 1L));
        assertThat(views(to.affected())).containsExactlyInAnyOrder(view("a"), view("slow"), view("all"));
        assertThat(views(to.candidates())).containsExactly(view("shown"));
        assertThat(views(few.destinations(rows, Map.of(Operation.TRUNCATE, 1L)).affected()))
                .contains(view("shown"));
    }

    @Test
    void affectsIndexedViewsIfANewValueIsTheirs() {
        ChangedRows rows = new ChangedRows(List.of(), Optional.empty(), Map.of(), Map.of("role", Set.of("a")));
        assertThat(views(few.destinations(rows, Map.of(Operation.UPDATE, 1L)).affected()))
                .contains(view("shown"));
    }

    private static Set<ViewId> views(List<Route> routes) {
        return routes.stream()
                .flatMap(route -> route.views().values().stream().flatMap(List::stream))
                .collect(Collectors.toSet());
    }

    @Test
    void affectsAllViewsIfTheTableWasTruncated() {
        assertThat(affected(Map.of("role", Set.of("a"), "n", Set.of("6")), Operation.TRUNCATE))
                .hasSize(5);
    }
}
