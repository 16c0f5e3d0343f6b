package io.refreshd.incremental;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * Copies rows from one table into another one that the same transaction has created, as rows that every snapshot sees. A transaction
 * that began before, and reads the view for the first time after it was exchanged, would see no row otherwise: INSERT and CREATE TABLE
 * AS write rows for later snapshots alone. The server's only way to freeze rows of a table is COPY, through the client.
 */
final class FrozenCopy {
    /** Pages of the source that travel at once, through a temporary file: large values lie outside of the pages. */
    private static final long PAGES = 2000;

    private FrozenCopy() {}

    /** @param to created in this transaction, outside of any savepoint */
    static void copy(Handle transaction, ViewId from, ViewId to) throws SQLException {
        CopyManager copy =
                transaction.getConnection().unwrap(PGConnection.class).getCopyAPI();
        long pages = transaction
                .createQuery("SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass(:table))"
                        + " / pg_catalog.current_setting('block_size')::bigint")
                .bind("table", SqlNames.qualified(from))
                .mapTo(Long.class)
                .one();
        try {
            Path file = Files.createTempFile("refreshd", ".copy");
            try {
                for (long page = 0; page < pages; page += PAGES) {
                    try (OutputStream out = Files.newOutputStream(file)) {
                        copy.copyOut(
                                "COPY (SELECT * FROM " + SqlNames.qualified(from) + " WHERE ctid >= '(" + page
                                        + ",0)'::pg_catalog.tid AND ctid < '(" + (page + PAGES)
                                        + ",0)'::pg_catalog.tid) TO STDOUT",
                                out);
                    }
                    try (InputStream in = Files.newInputStream(file)) {
                        copy.copyIn("COPY " + SqlNames.qualified(to) + " FROM STDIN (FREEZE)", in);
                    }
                }
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new SQLException("the rows could not be copied through a temporary file: " + e.getMessage(), e);
        }
    }
}
