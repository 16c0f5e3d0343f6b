package io.refreshd.reconcile;

import io.refreshd.capture.Enrolment.Writer;
import io.refreshd.capture.PublicationState;
import io.refreshd.ledger.EnrolledTables;
import io.refreshd.ledger.LeasedLedger;
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
 * Tracks which tables are captured without a gap: which are enrolled.
 *
 * <p>Invariant: a table that has joined the publication is enrolled only when every transaction that was writing to it at that time
 * has ended. Until then nothing is claimed for the views that read it.
 */
final class EnrolmentTracker {
    /** Tables with writers from the time when they joined that have not all ended. */
    private final Map<TableId, Joining> joining = new HashMap<>();

    private final LeasedLedger ledger;

    EnrolmentTracker(LeasedLedger ledger) {
        this.ledger = ledger;
    }

    private record Joining(String identity, Set<Writer> writers) {}

    /**
     * How the publication compares with the ledger.
     *
     * @param captured tables that are captured without a gap now
     * @param joined tables among the captured that were not captured before: their readers are refreshed once more
     * @param lost tables that were captured and no longer are
     * @param gaps why changes of enrolled tables may have passed unseen, each a fixed word
     */
    record Enrolment(Set<TableId> captured, Set<TableId> joined, Set<TableId> lost, Set<String> gaps) {
        /** The same, once what came and went has been applied. */
        Enrolment settled() {
            return new Enrolment(captured, Set.of(), Set.of(), Set.of());
        }
    }

    /** Whether a table waits for writers to end. */
    boolean isWaiting() {
        return !joining.isEmpty();
    }

    /** Compares the publication with the ledger. Writes nothing. */
    Enrolment compare(Handle handle, Collection<TableId> wanted, PublicationState publication) throws SQLException {
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
            before.flatMap(former -> gap(former, identity)).ifPresent(gaps::add);
            if (writersEnded(handle, table, identity, publication)) {
                captured.add(table);
                joined.add(table);
            }
        }
        Set<TableId> lost = new HashSet<>(enrolled.keySet());
        lost.removeAll(captured);
        return new Enrolment(captured, joined, lost, gaps);
    }

    /**
     * The gap that two identities of a table's entry tell of. An identity is {@code table oid/publication oid/publication xmin/entry}.
     * Another table under the same name is no gap: nothing of it was expected before.
     */
    private static Optional<String> gap(String before, String now) {
        String[] former = before.split("/", 4);
        String[] found = now.split("/", 4);
        if (!former[0].equals(found[0])) {
            return Optional.empty();
        } else if (former.length < 4 || !former[1].equals(found[1])) {
            return Optional.of("publication-replaced");
        }
        return Optional.of(former[2].equals(found[2]) ? "table-republished" : "publication-altered");
    }

    /**
     * Writes to the ledger which tables joined and which were lost.
     *
     * <p>Invariant: called after the views that read them were marked durably; until then no position is claimed.
     */
    void record(Handle handle, Enrolment enrolment, PublicationState publication) {
        if (!enrolment.lost().isEmpty()) {
            ledger.write(handle, transaction -> EnrolledTables.remove(transaction, enrolment.lost()));
        }
        for (TableId table : enrolment.joined()) {
            PublicationState.Entry entry = publication.entryOf(table);
            ledger.write(
                    handle, transaction -> EnrolledTables.enrol(transaction, table, entry.oid(), entry.identity()));
            joining.remove(table);
        }
    }

    private boolean writersEnded(Handle handle, TableId table, String identity, PublicationState publication)
            throws SQLException {
        long oid = publication.entryOf(table).oid();
        Joining before = joining.get(table);
        Set<Writer> writers = before != null && before.identity().equals(identity)
                ? io.refreshd.capture.Enrolment.stillRunning(handle.getConnection(), oid, before.writers())
                : io.refreshd.capture.Enrolment.writersOf(handle.getConnection(), oid);
        joining.put(table, new Joining(identity, writers));
        return writers.isEmpty();
    }
}
