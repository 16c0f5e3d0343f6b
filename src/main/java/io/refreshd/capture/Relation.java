package io.refreshd.capture;

import io.refreshd.model.TableId;
import java.util.List;

/** A table as the stream announces it before its first row. @param columns the published ones, in stream order */
record Relation(TableId table, List<String> columns) {
    Relation {
        columns = List.copyOf(columns);
    }
}
