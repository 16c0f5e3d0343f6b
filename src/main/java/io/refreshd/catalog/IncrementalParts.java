package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The parts of an incremental view, by oids as the ledger holds them.
 *
 * @param store the table that holds the rows
 * @param definition the plain view with the defining query
 */
public record IncrementalParts(long store, long definition) {
    /** Empty if the relation is no incremental view, or the ledger is missing or closed to the role that asks. */
    public static Optional<IncrementalParts> of(Connection connection, long view) throws SQLException {
        return IncrementalRows.read(connection).rows().stream()
                .filter(row -> row.view() == view)
                .map(row -> new IncrementalParts(row.store(), row.definition()))
                .findFirst();
    }
}
