package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;

/** The oids of the views that the configuration includes, as the parameter of a query. */
final class ViewOids {
    private ViewOids() {}

    static Long[] of(ExaminedDatabase database) {
        return database.graph().views().values().stream()
                .map(MaterializedView::oid)
                .toArray(Long[]::new);
    }
}
