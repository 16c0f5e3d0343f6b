package io.refreshd.report;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;

/**
 * Status of a base table at one moment.
 *
 * @param notCaptured why the log holds no changes of the table; empty if it is captured
 * @param readers the materialized views that read the table, directly or through plain views
 */
public record TableStatus(TableId table, Optional<Obstacle> notCaptured, List<ViewId> readers) {
    public TableStatus {
        readers = List.copyOf(readers);
    }

    public TableStatus(TableId table, Optional<Obstacle> notCaptured) {
        this(table, notCaptured, List.of());
    }
}
