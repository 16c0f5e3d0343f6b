package io.refreshd.catalog;

import java.util.Set;
import java.util.stream.Collectors;

/** The names of the hidden columns of a store: {@code refreshd_1} and so on, without those that columns of the view have. */
final class HiddenNames {
    private final Set<String> taken;

    HiddenNames(Relation view) {
        this.taken = view.columns().stream().map(Relation.Column::name).collect(Collectors.toSet());
    }

    String next() {
        int number = 1;
        while (!taken.add("refreshd_" + number)) {
            number++;
        }
        return "refreshd_" + number;
    }
}
