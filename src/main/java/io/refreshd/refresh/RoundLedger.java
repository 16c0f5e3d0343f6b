package io.refreshd.refresh;

import io.refreshd.ledger.RefreshWrites;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** The transaction that writes to the ledger what another one has brought up to date, and tells subscribers of the rows that it changed. */
final class RoundLedger {
    private final long lease;
    private final ViewNotifications notifications;

    RoundLedger(long lease, ViewNotifications notifications) {
        this.lease = lease;
        this.notifications = notifications;
    }

    /**
     * @param told by oid: views of whose former rows subscribers have been told. Of another one an earlier round may have changed rows
     *     without writing the ledger
     * @param storage as in {@link RefreshWrites#together}
     * @return the views of which the ledger has a row
     */
    Set<ViewId> write(Handle handle, List<RefreshWrites.Written> views, Set<Long> told, Optional<String> storage) {
        if (views.stream()
                .noneMatch(view ->
                        view.downstream() || notifications.isWanted(view.task().view()))) {
            // One statement is a transaction by itself, and one round trip.
            return RefreshWrites.together(handle, lease, views, storage);
        }
        List<ViewNotifications.Message> messages = new ArrayList<>();
        Set<ViewId> known = handle.inTransaction(transaction -> {
            Set<ViewId> written = RefreshWrites.together(transaction, lease, views, storage);
            messages.addAll(notifications.send(
                    transaction,
                    views.stream()
                            .filter(view -> written.contains(view.task().view()))
                            .filter(view -> !view.rowsChanged().equals(Optional.of(0L))
                                    || !told.contains(view.task().oid()))
                            .map(RoundLedger::changed)
                            .toList()));
            return written;
        });
        notifications.committed(messages);
        return known;
    }

    private static ViewNotifications.Changed changed(RefreshWrites.Written view) {
        return new ViewNotifications.Changed(
                view.task().view(),
                view.task().oid(),
                view.task().method(),
                view.rowsChanged().filter(rows -> rows > 0));
    }
}
