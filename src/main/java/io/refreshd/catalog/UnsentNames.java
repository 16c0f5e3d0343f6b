package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;

/**
 * Reads the catalog of a database that is not in UTF-8. Anybody may give an object a name there that the server cannot send, and a query
 * that returns the name fails.
 *
 * <p>Invariant: such a name costs the views that depend on the object, and no others. Which views these are is found by reading parts of
 * the catalog, since names of any kind of object are read on the way.
 */
public final class UnsentNames {
    /** SQLSTATE of an answer with bytes that are not UTF-8, or that UTF-8 has no equivalent for. */
    private static final Set<String> NOT_SENT = Set.of("22021", "22P05");

    /** The catalog is read by turns with other work. What was not tried by then counts as not to be read. */
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private final Connection connection;
    private final Set<ViewId> unsent = new HashSet<>();
    private final long began = System.nanoTime();

    private UnsentNames(Connection connection) {
        this.connection = connection;
    }

    public static boolean causes(SQLException failure) {
        return NOT_SENT.contains(String.valueOf(failure.getSQLState()));
    }

    /**
     * The catalog of the included views without those that depend on such a name. Within the caller's transaction.
     *
     * <p>Failure: a name on which no materialized view depends, such as one below an incremental view, ends in an exception.
     */
    static Catalog read(Connection connection, Predicate<ViewId> included) throws SQLException {
        if (isUtf8(connection)) {
            return new CatalogQueries(connection).read(included);
        }
        UnsentNames names = new UnsentNames(connection);
        Optional<Catalog> whole = names.tryToRead(included);
        if (whole.isPresent()) {
            return whole.get();
        }
        names.find(List.copyOf(views(connection, included)));
        return new CatalogQueries(connection).read(view -> included.test(view) && !names.unsent.contains(view));
    }

    /**
     * The included views that the catalog lacks because of such a name.
     *
     * @param catalog as read of the included views
     */
    public static Set<ViewId> lackedBy(Catalog catalog, Connection connection, Predicate<ViewId> included)
            throws SQLException {
        if (isUtf8(connection)) {
            return Set.of();
        }
        Set<ViewId> lacked = views(connection, included);
        lacked.removeAll(catalog.relations().stream().map(Relation::viewId).collect(Collectors.toSet()));
        return lacked;
    }

    private static boolean isUtf8(Connection connection) throws SQLException {
        return "UTF8".equals(connection.unwrap(PGConnection.class).getParameterStatus("server_encoding"));
    }

    private static Set<ViewId> views(Connection connection, Predicate<ViewId> included) throws SQLException {
        List<ViewId> views = new ArrayList<>();
        LeftOutViews.of(connection, view -> included.test(view) && views.add(view));
        return new TreeSet<>(views);
    }

    private void find(List<ViewId> views) throws SQLException {
        if (System.nanoTime() - began > LONGEST.toNanos()) {
            unsent.addAll(views);
        } else if (tryToRead(new HashSet<>(views)::contains).isEmpty()) {
            if (views.size() == 1) {
                unsent.addAll(views);
                return;
            }
            find(views.subList(0, views.size() / 2));
            find(views.subList(views.size() / 2, views.size()));
        }
    }

    private Optional<Catalog> tryToRead(Predicate<ViewId> included) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            Catalog catalog = new CatalogQueries(connection).read(included);
            connection.releaseSavepoint(before);
            return Optional.of(catalog);
        } catch (SQLException e) {
            if (!causes(e)) {
                throw e;
            }
            connection.rollback(before);
            return Optional.empty();
        }
    }
}
