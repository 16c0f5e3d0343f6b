package io.refreshd.report;

import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Everything that {@code /status} shows, at one moment; immutable, so that any thread may read it.
 *
 * @param upstream for each view that stands on other materialized views: on which
 */
public record DaemonStatus(
        StreamStatus stream, List<ViewStatus> views, List<TableStatus> tables, Map<ViewId, Set<ViewId>> upstream) {
    public static final DaemonStatus STARTING = new DaemonStatus(StreamStatus.CONNECTING, List.of(), List.of());

    public DaemonStatus {
        views = List.copyOf(views);
        tables = List.copyOf(tables);
        upstream = Map.copyOf(upstream);
    }

    public DaemonStatus(StreamStatus stream, List<ViewStatus> views, List<TableStatus> tables) {
        this(stream, views, tables, Map.of());
    }
}
