package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import java.util.List;

/**
 * What the catalog says of a table whose events are decoded. Debezium's events show neither a column's type nor whether a former row is
 * whole: where only its key was logged, columns hold null, their default, or zero.
 *
 * <p>Invariant: an event is decoded by facts that held when its row was written. They did if they were the same at {@code since}, before
 * the row, and in {@code snapshot}, which sees the row's transaction: who alters a table holds a lock that keeps all writers away, until
 * its own end can be seen.
 *
 * @param full REPLICA IDENTITY FULL: former rows are whole
 * @param version differs whenever anything of the above may have changed
 * @param since where the log stood when this version was first seen
 * @param snapshot in which the facts were read
 */
record TableFacts(List<Column> columns, boolean full, String version, Lsn since, Snapshot snapshot) {
    TableFacts {
        columns = List.copyOf(columns);
    }

    /** A column. @param identity whether it belongs to the replica identity, which former rows always hold */
    record Column(String name, ColumnKind kind, boolean identity) {}

    boolean holdFor(ChangeEvent.Source source) {
        return source.lsn().compareTo(since) > 0
                && source.xid().isPresent()
                && snapshot.sees(Xid.widen(source.xid().getAsLong(), snapshot.xmax()));
    }
}
