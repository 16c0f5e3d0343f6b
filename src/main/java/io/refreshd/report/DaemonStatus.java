package io.refreshd.report;

import java.util.List;

/** Everything that {@code /status} shows, at one moment; immutable, so that any thread may read it. */
public record DaemonStatus(StreamStatus stream, List<ViewStatus> views, List<TableStatus> tables) {
    public static final DaemonStatus STARTING = new DaemonStatus(StreamStatus.CONNECTING, List.of(), List.of());

    public DaemonStatus {
        views = List.copyOf(views);
        tables = List.copyOf(tables);
    }
}
