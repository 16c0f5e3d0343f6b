package io.refreshd.incremental;

import io.refreshd.ledger.IncrementalMapRows;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.IncrementalViewRows.Row;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/** The table and the definition of an incremental view that another view replaces, or that is dropped. */
public final class ViewParts {
    /** The schema of tables and definitions. */
    public static final String SCHEMA = StoreNames.SCHEMA;

    /** Comment on an index that refreshd made for its rounds. It is not the user's, and goes when the view is converted back. */
    public static final String INDEX_MARK = "Created by refreshd: rounds find rows by it.";

    private final Row row;
    private final Optional<ViewId> store;
    private final Optional<ViewId> definition;
    private final List<IncrementalMapRows.Parts> maps;

    /** Whatever else has the oid of a part, in a restored dump for instance, is none. */
    private ViewParts(Row row, List<IncrementalMapRows.Parts> maps) {
        this.row = row;
        this.maps = maps;
        this.store = ofRefreshd(row.store());
        this.definition = ofRefreshd(row.definition());
    }

    static ViewParts of(Handle handle, Row row) {
        return new ViewParts(row, IncrementalMapRows.find(handle, row.oid()));
    }

    /** @param view oid of the public view @return empty if it is no incremental view */
    public static Optional<ViewParts> of(Handle handle, long view) {
        return IncrementalViewRows.find(handle, view).map(row -> of(handle, row));
    }

    /** Oid of the table that holds the rows. */
    public long store() {
        return row.storeOid();
    }

    /**
     * The statements that let no round begin or write until the transaction ends. They take locks, in the order in which rounds take
     * theirs, and have no other effect.
     */
    public String lock() {
        return Stream.of(
                        store.map(table -> "LOCK TABLE " + SqlNames.qualified(table) + " IN SHARE MODE"),
                        definition.map(view -> "ALTER VIEW " + SqlNames.qualified(view) + " OWNER TO CURRENT_USER"))
                .flatMap(Optional::stream)
                .reduce((one, other) -> one + "; " + other)
                .orElse("SELECT");
    }

    /** The statements that drop both; the public view is gone already. */
    public List<String> drops() {
        return Stream.concat(
                        drops(definition, store),
                        // Two uses of one column have one map.
                        maps.stream()
                                .distinct()
                                .flatMap(map -> drops(ofRefreshd(map.definition()), ofRefreshd(map.store()))))
                .toList();
    }

    private static Optional<ViewId> ofRefreshd(Optional<ViewId> part) {
        return part.filter(relation -> relation.schema().equals(StoreNames.SCHEMA));
    }

    private static Stream<String> drops(Optional<ViewId> definition, Optional<ViewId> store) {
        return Stream.of(
                        definition.map(view -> "DROP VIEW " + SqlNames.qualified(view)),
                        store.map(table -> "DROP TABLE " + SqlNames.qualified(table)))
                .flatMap(Optional::stream);
    }

    /** Removes the view from the ledger. */
    public void forget(Handle transaction) {
        IncrementalViewRows.forget(transaction, row.oid());
    }
}
