package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads the system catalog over JDBC. Every role may do so: everything that is read is readable by PUBLIC.
 *
 * <p>Thread: any that owns the connection; the call blocks.
 */
public final class CatalogReader {
    private CatalogReader() {}

    /** Reads all materialized views and everything they stand on, in one snapshot. */
    public static Catalog read(Connection connection) throws SQLException {
        return read(connection, view -> true);
    }

    /**
     * Reads the included materialized views and everything they stand on, in one snapshot.
     *
     * <p>Invariant: the query tree of a materialized view that is left out is not read, whatever stands on it: anybody may write one.
     * Of a left-out view that an included one stands on, the relation and what it reads are in the catalog.
     *
     * <p>Views that read more of the catalog than the heap has room for are left out: {@link CatalogSizeLimit}. Of a database that is not in
     * UTF-8 the views are left out that depend on an object whose name the server cannot send: {@link UnsentNames}.
     *
     * <p>A connection in autocommit mode gets a transaction for this call, and is in autocommit mode again afterwards. Otherwise the
     * caller's transaction is used; the caller must have made it REPEATABLE READ to get one snapshot.
     *
     * <p>Failure: a transaction that this call began is rolled back, and the exception is passed on.
     */
    public static Catalog read(Connection connection, Predicate<ViewId> included) throws SQLException {
        return read(connection, () -> UnsentNames.read(connection, included, CatalogSizeLimit.exceeding(connection)));
    }

    /** Reads the same, by a fingerprint that was read before. */
    public static Catalog read(Connection connection, Predicate<ViewId> included, Fingerprint fingerprint)
            throws SQLException {
        return read(connection, () -> UnsentNames.read(connection, included, fingerprint.leftOut()));
    }

    private interface Reading {
        Catalog read() throws SQLException;
    }

    private static Catalog read(Connection connection, Reading reading) throws SQLException {
        if (!connection.getAutoCommit()) {
            return reading.read();
        }
        connection.setAutoCommit(false);
        try {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                // The planner overestimates catalog queries, so that compiling them would take most of the time.
                statement.execute("SET LOCAL jit = off");
            }
            Catalog catalog = reading.read();
            connection.commit();
            return catalog;
        } catch (SQLException | RuntimeException failure) {
            rollback(connection, failure);
            throw failure;
        } finally {
            if (!connection.isClosed()) {
                connection.setAutoCommit(true);
            }
        }
    }

    /**
     * Reads the named tables, whether or not a view reads them. The result lacks tables that do not exist and tables whose changes
     * logical decoding does not report. Uses the caller's transaction, if there is one.
     */
    public static List<BaseTable> tables(Connection connection, Collection<TableId> names) throws SQLException {
        return new CatalogQueries(connection).tables(names);
    }

    /** Hashes the catalog on the server, and finds what the hash covers. {@link Fingerprint#isCurrent} costs less. */
    public static Fingerprint fingerprint(Connection connection) throws SQLException {
        return Fingerprint.read(connection);
    }

    /** Reads the versions of the relations that a fingerprint covers. To be called before the catalog is read by it. */
    public static RelationVersions versions(Connection connection, Fingerprint fingerprint) throws SQLException {
        return RelationVersions.read(connection, fingerprint);
    }

    /**
     * Finds what other transactions are altering: relations, types, roles and their memberships. A transaction that has committed keeps
     * its locks until others can see its changes, so that DDL which the catalog does not show yet is found too. The result may hold
     * relations that nobody alters, for example one that is being truncated; it never lacks one that is being altered.
     */
    public static Set<ObjectRef> beingAltered(Connection connection) throws SQLException {
        return AlterationSql.BEING_ALTERED.query(connection, row -> {
            Set<ObjectRef> objects = new HashSet<>();
            while (row.next()) {
                objects.add(new ObjectRef(row.getLong(1), row.getLong(2)));
            }
            return objects;
        });
    }

    private static void rollback(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException alsoFailed) {
            failure.addSuppressed(alsoFailed);
        }
    }
}
