package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.IncrementalView;
import io.refreshd.catalog.LookupKey;
import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ReplicaIdentity;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.model.IncrementalStore;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.Comparison;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The decision whether a change of a row would refresh a view, with the reason as text. */
record RowDecision(ViewId view, boolean refreshed, String reason) {

    static RowDecision of(
            Connection connection,
            BaseTable table,
            Reader reader,
            ChangeFilter filter,
            MaterializedView explained,
            ExplainedRow row)
            throws SQLException {
        ViewId view = reader.view();
        Optional<Discriminator> discriminator = filter.discriminator();
        if (discriminator.isPresent() && row.values().isPresent() && table.identity() == ReplicaIdentity.FULL) {
            String column = discriminator.get().column();
            String value = row.values().get().get(column);
            if (value == null || !discriminator.get().values().contains(value)) {
                return new RowDecision(
                        view,
                        false,
                        "the view selects rows with " + GraphText.text(discriminator.get()) + "; this row has "
                                + (value == null ? "NULL" : "'" + value + "'"));
            }
        }
        Optional<RowDecision> found = Optional.empty();
        for (LookupKey key : filter.lookup().keys()) {
            if (found.isEmpty() || !found.get().refreshed()) {
                found = Optional.of(
                        key.map() > 0
                                ? ofGroups(view, key)
                                : key.byValue()
                                        ? lookedUpByValue(connection, explained, key, table, row)
                                        : lookedUp(connection, explained, key, table, row));
            }
        }
        if (found.isPresent()) {
            return explained.incremental().isEmpty() ? found.get() : found.get().ofRound();
        }
        String columns = reader.columns().all() || table.identity() != ReplicaIdentity.FULL
                ? "any column"
                : String.join(", ", reader.columns().names());
        return new RowDecision(
                view,
                true,
                (explained.incremental().isPresent() ? "everything is recomputed whenever " : "refreshed whenever ")
                        + columns
                        + " may have changed: rows cannot be looked up, since "
                        + filter.lookup().why().map(obstacle -> obstacle.what()).orElse("no key is known"));
    }

    /** Of an incremental view: what is looked up of others is recomputed. */
    private RowDecision ofRound() {
        return new RowDecision(
                view,
                refreshed,
                reason.replace("looked up by ", "recomputed by ")
                        .replace("refreshed if the change alters them", "a round writes what the change alters")
                        .replace("and a refresh would not add it", "and its definition does not return it"));
    }

    private static RowDecision ofGroups(ViewId view, LookupKey key) {
        return new RowDecision(
                view,
                true,
                "looked up by " + String.join(", ", key.columns())
                        + " in a map: the groups, or rows of the view, to which the row led and leads are computed again");
    }

    /** A sub-query of the view reads the table. The row may have had another value before, which is not known here. */
    private static RowDecision lookedUpByValue(
            Connection connection, MaterializedView explained, LookupKey key, BaseTable table, ExplainedRow row)
            throws SQLException {
        ViewId view = explained.id();
        String column = key.columns().getFirst();
        if (row.values().isEmpty()) {
            return new RowDecision(
                    view, true, "looked up by " + column + ", whose value is not known: the row could not be read");
        }
        return row.values().get().get(column) == null
                ? new RowDecision(
                        view, false, "looked up by " + column + ", which is NULL: no row of the view depends on it")
                : lookedUp(connection, explained, key, table, row);
    }

    private static RowDecision lookedUp(
            Connection connection, MaterializedView explained, LookupKey key, BaseTable table, ExplainedRow row)
            throws SQLException {
        ViewId view = explained.id();
        KeyLookup lookup = new KeyLookup(
                table.id(),
                key.positions(),
                key.types(),
                Set.of(row.canonicalKey(key.columns())),
                key.joins(),
                key.map());
        // Once more: the catalog was read for the whole graph, some time ago.
        Optional<IncrementalView> incremental = explained.incremental();
        Optional<Obstacle> untrusted = incremental.isPresent()
                ? TrustedCode.obstacle(connection, incremental.get().parts(), TrustedCode.Use.ROWS)
                : TrustedCode.obstacle(connection, explained.oid(), TrustedCode.Use.LOOKUP);
        if (untrusted.isPresent()) {
            return new RowDecision(
                    view,
                    true,
                    "refreshed: rows cannot be looked up, since "
                            + untrusted.get().what());
        }
        connection.setAutoCommit(false);
        try {
            Optional<IncrementalStore> store = incremental.flatMap(IncrementalView::store);
            Comparison comparison = store.isPresent()
                    ? Comparison.of(connection, store.get(), explained.oid())
                    : Comparison.of(connection, view, explained.oid());
            long shown = comparison.rowsInView(lookup);
            long defined = comparison.rowsByDefinition(lookup);
            String by = String.join(", ", key.columns()) + IncrementalText.through(key.joins());
            if (shown == 0 && defined == 0) {
                return new RowDecision(
                        view,
                        false,
                        "looked up by " + by + ": the view does not show the row, and a refresh would not add it");
            }
            return new RowDecision(
                    view,
                    true,
                    "looked up by " + by + ": the view shows it in " + shown + " row(s), its definition returns "
                            + defined
                            + "; refreshed if the change alters them"
                            + (comparison.agrees(List.of(lookup)) ? "" : " (view and definition differ now)"));
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    static String text(BaseTable table, List<String> key, List<RowDecision> decisions) {
        StringBuilder text = new StringBuilder("A change of ")
                .append(PlainText.line(table.id().toString()))
                .append(" with key ")
                .append(PlainText.line(String.join(", ", key)))
                .append(":\n");
        for (RowDecision decision : decisions) {
            text.append(decision.refreshed() ? "  refreshes  " : "  skips      ")
                    .append(PlainText.line(decision.view().toString()))
                    .append("\n             ")
                    .append(PlainText.line(decision.reason()))
                    .append("\n");
        }
        return text.toString();
    }

    static ObjectNode json(BaseTable table, List<String> key, List<RowDecision> decisions) {
        ObjectNode root = Json.object();
        root.put("table", table.id().toString());
        key.forEach(root.putArray("key")::add);
        var views = root.putArray("views");
        for (RowDecision decision : decisions) {
            ObjectNode node = views.addObject();
            node.put("view", decision.view().toString());
            node.put("refreshed", decision.refreshed());
            node.put("reason", decision.reason());
        }
        return root;
    }
}
