package io.refreshd.routing;

import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Lookup;
import io.refreshd.model.ViewId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Views that always get the same changes of a table, grouped by the way in which changed rows are looked up in them.
 *
 * <p>Invariant: routes are compared by identity, since they may hold very many views.
 */
final class Route {
    private final Map<Lookup, List<ViewId>> views;

    Route(List<ViewId> views, Function<ViewId, ChangeFilter> filters) {
        this.views = views.stream()
                .collect(Collectors.groupingBy(
                        view -> filters.apply(view).lookup(), LinkedHashMap::new, Collectors.toList()));
    }

    Map<Lookup, List<ViewId>> views() {
        return views;
    }
}
