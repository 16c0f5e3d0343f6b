package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;

/** The oids of the views that are looked after, as a parameter. */
final class Views {
    private Views() {}

    static Long[] oids(ExaminedDatabase database) {
        return database.graph().views().values().stream()
                .map(MaterializedView::oid)
                .toArray(Long[]::new);
    }
}
