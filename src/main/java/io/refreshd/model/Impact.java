package io.refreshd.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * The news that committed transactions changed what a view is made of.
 *
 * @param xids the transactions; the view must not be refreshed before it can see them all
 * @param oldestCommit when the first of them committed, by the server's clock
 * @param probes what to compare so as to find out whether the view changed at all; empty: it counts as changed
 */
public record Impact(ViewId view, Xids xids, Instant oldestCommit, List<KeyProbe> probes) {
    public Impact {
        Objects.requireNonNull(view);
        Objects.requireNonNull(oldestCommit);
        Objects.requireNonNull(xids);
        probes = List.copyOf(probes);
    }

    public Impact(ViewId view, Xids xids, Instant oldestCommit) {
        this(view, xids, oldestCommit, List.of());
    }
}
