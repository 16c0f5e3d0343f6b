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
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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

    private record Joining(String identity, Set<Enrolment.Writer> writers) {}

    /**
     * What has changed.
     *
     * @param captured all that is captured without a gap now
     * @param joined those of them that were not before: their readers are to be refreshed once more
     * @param lost what was and is not any longer
     * @param gaps why changes of tables that were enrolled may have passed unseen, each a fixed word
     */
    record Standing(Set<TableId> captured, Set<TableId> joined, Set<TableId> lost, Set<String> gaps) {}

    boolean isWaiting() {
        return !joining.isEmpty();
    }

    /** Compares the publication with the ledger. */
    Standing look(Handle handle, Collection<TableId> wanted, PublicationState publication) throws SQLException {
        Map<TableId, String> enrolled = EnrolledTables.load(handle);
        Set<TableId> captured = new HashSet<>();
        Set<TableId> joined = new HashSet<>();
        Set<String> gaps = new TreeSet<>();
        joining.keySet().retainAll(wanted);
        for (TableId table : wanted) {
            Optional<String> before = Optional.ofNullable(enrolled.get(table));
            if (!publication.captures(table)) {
                joining.remove(table);
                before.ifPresent(identity -> gaps.add("table-unpublished"));
                continue;
            }
            String identity = publication.entryOf(table).identity();
            if (before.equals(Optional.of(identity))) {
                captured.add(table);
                continue;
            }
            before.flatMap(then -> gap(then, identity)).ifPresent(gaps::add);
            if (writersEnded(handle, table, identity, publication)) {
                captured.add(table);
                joined.add(table);
            }
        }
        Set<TableId> lost = new HashSet<>(enrolled.keySet());
        lost.removeAll(captured);
        return new Standing(captured, joined, lost, gaps);
    }

    /** By what the identities differ: the table's own oid (it is another table, and nobody missed it), the publication, or less. */
    private static Optional<String> gap(String before, String now) {
        String[] then = before.split("/", 4);
        String[] found = now.split("/", 4);
        if (!then[0].equals(found[0])) {
            return Optional.empty();
        } else if (then.length < 4 || !then[1].equals(found[1])) {
            return Optional.of("publication-replaced");
        }
        return Optional.of(then[2].equals(found[2]) ? "table-republished" : "publication-altered");
    }

    /** Remembers who came and who left, once the doubt about what was missed is durable; until then no position moves. */
    void remember(Handle handle, Standing standing, PublicationState publication) {
        if (!standing.lost().isEmpty()) {
            Lease.write(handle, lease, transaction -> EnrolledTables.remove(transaction, standing.lost()));
        }
        for (TableId table : standing.joined()) {
            PublicationState.Entry entry = publication.entryOf(table);
            Lease.write(
                    handle,
                    lease,
                    transaction -> EnrolledTables.enrol(transaction, table, entry.oid(), entry.identity()));
            joining.remove(table);
        }
    }

    private boolean writersEnded(Handle handle, TableId table, String identity, PublicationState publication)
            throws SQLException {
        long oid = publication.entryOf(table).oid();
        Joining before = joining.get(table);
        Set<Enrolment.Writer> writers = before != null && before.identity().equals(identity)
                ? Enrolment.stillRunning(handle.getConnection(), oid, before.writers())
                : Enrolment.writersOf(handle.getConnection(), oid);
        joining.put(table, new Joining(identity, writers));
        return writers.isEmpty();
    }
}
