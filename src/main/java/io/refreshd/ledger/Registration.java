package io.refreshd.ledger;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What the catalog says of a view, as far as the ledger stores it.
 *
 * @param lineage hash of what the view's content depends on besides rows
 * @param upstream oids of the materialized views that the view reads
 * @param untracked a source that the view reads and whose changes the log does not show; empty if there is none
 * @param obstacle why the view cannot be refreshed at all
 */
public record Registration(
        ViewId view,
        long oid,
        String lineage,
        List<Long> upstream,
        Optional<Obstacle> untracked,
        Optional<Obstacle> obstacle) {
    public Registration {
        Objects.requireNonNull(view);
        Objects.requireNonNull(lineage);
        upstream = List.copyOf(upstream);
    }
}
