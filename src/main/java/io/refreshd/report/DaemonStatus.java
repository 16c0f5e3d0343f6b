package io.refreshd.report;

import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Status of the daemon at one moment: all that {@code /status} shows.
 *
 * <p>Thread: any, since it is immutable.
 *
 * @param upstream the materialized views that a view reads; views that read only tables are left out
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
