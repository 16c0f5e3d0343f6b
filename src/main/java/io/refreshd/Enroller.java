package io.refreshd;

import io.refreshd.capture.Enrolment;
import io.refreshd.capture.PublicationState;
import io.refreshd.ledger.EnrolledTables;
import io.refreshd.ledger.Lease;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Knows which tables are captured without a gap. A table that has joined the publication is so only when every transaction
 * that was writing to it at that time has ended; until then nothing is claimed for the views that read it.
 */
final class Enroller {
    /** Tables whose writers of the time they joined have not all ended. */
    private final Map<TableId, Joining> joining = new HashMap<>();

    private final long lease;

    /** @param lease token of the right to write to the ledger */
    Enroller(long lease) {
        this.lease = lease;
    }

    private record Joining(String entry, Set<Enrolment.Writer> writers) {}

    /**
     * What has changed.
     *
     * @param captured all that is captured without a gap now
     * @param joined those of them that were not before: their readers are to be refreshed once more
     * @param lost what was and is not any longer
     */
    record Standing(Set<TableId> captured, Set<TableId> joined, Set<TableId> lost) {}

    boolean isWaiting() {
        return !joining.isEmpty();
    }

    /** Compares the publication with the ledger, and strikes from the ledger what is no longer captured. */
    Standing look(Handle handle, Collection<TableId> wanted, PublicationState publication) throws SQLException {
        Map<TableId, String> enrolled = EnrolledTables.load(handle);
        Set<TableId> captured = new HashSet<>();
        Set<TableId> joined = new HashSet<>();
        joining.keySet().retainAll(wanted);
        for (TableId table : wanted) {
            if (!publication.captures(table)) {
                joining.remove(table);
                continue;
            }
            String entry = entry(publication, table);
            if (entry.equals(enrolled.get(table))) {
                captured.add(table);
            } else if (writersEnded(handle, table, entry, publication)) {
                captured.add(table);
                joined.add(table);
            }
        }
        Set<TableId> lost = new HashSet<>(enrolled.keySet());
        lost.removeAll(captured);
        if (!lost.isEmpty()) {
            Lease.write(handle, lease, transaction -> EnrolledTables.strike(transaction, lost));
        }
        return new Standing(captured, joined, lost);
    }

    /** Remembers the newcomers, once the doubt about what they missed is durable. */
    void remember(Handle handle, Standing standing, PublicationState publication) {
        for (TableId table : standing.joined()) {
            long oid = publication.entryOf(table).oid();
            Lease.write(
                    handle,
                    lease,
                    transaction -> EnrolledTables.enrol(transaction, table, oid, entry(publication, table)));
            joining.remove(table);
        }
    }

    private boolean writersEnded(Handle handle, TableId table, String entry, PublicationState publication)
            throws SQLException {
        long oid = publication.entryOf(table).oid();
        Joining before = joining.get(table);
        Set<Enrolment.Writer> writers = before != null && before.entry().equals(entry)
                ? Enrolment.stillRunning(handle.getConnection(), oid, before.writers())
                : Enrolment.writersOf(handle.getConnection(), oid);
        joining.put(table, new Joining(entry, writers));
        return writers.isEmpty();
    }

    private static String entry(PublicationState publication, TableId table) {
        PublicationState.Entry entry = publication.entryOf(table);
        return entry.oid() + "/" + entry.entry();
    }
}
