package io.refreshd.diagram;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;

/**
 * A box of the picture: a table or a view, or several that have the same sources and the same readers. One of the lists is empty.
 *
 * @param tables in their order
 * @param views in their order
 */
record Box(List<TableId> tables, List<ViewId> views) {
    Box {
        tables = List.copyOf(tables);
        views = List.copyOf(views);
    }

    boolean isTable() {
        return !tables.isEmpty();
    }

    int size() {
        return tables.size() + views.size();
    }
}
