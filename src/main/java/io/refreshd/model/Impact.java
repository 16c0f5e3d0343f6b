package io.refreshd.model;

import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * Committed changes that affect one view.
 *
 * @param xids the transactions that made the changes; a refresh must not begin before its snapshot can see them all
 * @param oldestCommit when the first of them committed, by the server's clock
 * @param lookups the rows to look up, to find out whether the changes altered the view at all; empty: the view counts as altered
 */
public record Impact(ViewId view, Xids xids, Instant oldestCommit, List<KeyLookup> lookups) {
    public Impact {
        Objects.requireNonNull(view);
        Objects.requireNonNull(oldestCommit);
        Objects.requireNonNull(xids);
        lookups = List.copyOf(lookups);
    }

    public Impact(ViewId view, Xids xids, Instant oldestCommit) {
        this(view, xids, oldestCommit, List.of());
    }
}
