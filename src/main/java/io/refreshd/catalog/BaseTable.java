package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import java.util.Collections;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A table that holds rows of its own, and whose changes logical decoding reports: an ordinary table, a leaf partition, or an
 * inheritance parent or child.
 *
 * @param columns names of all columns
 * @param mayBeFull whether REPLICA IDENTITY FULL is safe; a table with a generated column would refuse UPDATE and DELETE
 * @param notPublishable why the table must not be added to a publication; empty if it may be
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
