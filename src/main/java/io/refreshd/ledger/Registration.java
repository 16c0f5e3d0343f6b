package io.refreshd.ledger;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What the catalog says of a view, to be remembered.
 *
 * @param upstream oids of the materialized views it stands on
 * @param untracked whether it has a source the log does not show
 * @param obstacle why it cannot be refreshed at all
 */
public record Registration(
        ViewId view, long oid, String lineage, List<Long> upstream, boolean untracked, Optional<Obstacle> obstacle) {
    public Registration {
        Objects.requireNonNull(view);
        Objects.requireNonNull(lineage);
        upstream = List.copyOf(upstream);
    }
}
