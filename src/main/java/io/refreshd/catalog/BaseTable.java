package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import java.util.Collections;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A table whose rows are in the log: an ordinary one, a leaf partition, or an inheritance parent or child.
 *
 * @param columns all it has
 * @param mayBeFull whether REPLICA IDENTITY FULL would do no harm to it
 * @param notPublishable why it must not be put into a publication
 */
public record BaseTable(
        TableId id,
        long oid,
        SortedSet<String> columns,
        ReplicaIdentity identity,
        boolean mayBeFull,
        Optional<Obstacle> notPublishable) {
    public BaseTable {
        Objects.requireNonNull(id);
        columns = Collections.unmodifiableSortedSet(new TreeSet<>(columns));
        Objects.requireNonNull(identity);
        Objects.requireNonNull(notPublishable);
    }
}
