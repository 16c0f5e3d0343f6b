package io.refreshd.catalog;

import io.refreshd.model.UnsendableNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
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

    /** Readings of parts of the catalog; the whole may be made to be read again and again. What was not tried then is left out. */
    private static final int MOST_READINGS = 100;

    private final Connection connection;
    private final Predicate<ViewId> included;
    private final Set<Long> unsent;
    private int readings;

    private UnsentNames(Connection connection, Predicate<ViewId> included, Set<Long> without) {
        this.connection = connection;
        this.included = included;
        this.unsent = new HashSet<>(without);
    }

    public static boolean causes(SQLException failure) {
        return NOT_SENT.contains(String.valueOf(failure.getSQLState()));
    }

    /**
     * The catalog of the included views without those that depend on such a name. Within the caller's transaction.
     *
     * <p>An incremental view is in the catalog if its own names can be sent; without its definition nothing is claimed of it.
     *
     * @param without oids that are not to be read for another reason
     */
    static Catalog read(Connection connection, Predicate<ViewId> included, Set<Long> without) throws SQLException {
        if (isUtf8(connection)) {
            return new CatalogQueries(connection).read(included, without);
        }
        UnsentNames names = new UnsentNames(connection, included, without);
        Optional<Catalog> whole = names.tryToRead(without);
        if (whole.isPresent()) {
            return whole.get();
        }
        names.note();
        List<List<Long>> groups =
                new ArrayList<>(IncrementalRows.read(connection).groups());
        LeftOutViews.of(connection, included, without).included().forEach(view -> groups.add(List.of(view)));
        names.find(groups, groups);
        return new CatalogQueries(connection).read(included, names.unsent);
    }

    /**
     * The included views that the catalog lacks because of such a name.
     *
     * @param catalog as read of the included views
     */
    public static Set<ViewId> lackedBy(Catalog catalog, Connection connection, Predicate<ViewId> included)
            throws SQLException {
        if (isUtf8(connection)) {
            return new TreeSet<>();
        }
        Set<ViewId> lacked = views(connection, included);
        lacked.removeAll(catalog.relations().stream().map(Relation::viewId).collect(Collectors.toSet()));
        return lacked;
    }

    private static boolean isUtf8(Connection connection) throws SQLException {
        return encoding(connection).equals("UTF8");
    }

    private static String encoding(Connection connection) throws SQLException {
        return String.valueOf(connection.unwrap(PGConnection.class).getParameterStatus("server_encoding"));
    }

    private void note() throws SQLException {
        if (UnsendableNames.mustBeNoted(encoding(connection))) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(UnsendableNames.NOTE);
            }
        }
    }

    private static Set<ViewId> views(Connection connection, Predicate<ViewId> included) throws SQLException {
        List<ViewId> views = new ArrayList<>();
        LeftOutViews.of(connection, view -> included.test(view) && views.add(view), Set.of());
        return new TreeSet<>(views);
    }

    /**
     * Finds which of the groups cannot be read.
     *
     * @param groups oids of relations that are read or left out together
     */
    private void find(List<List<Long>> groups, List<List<Long>> all) throws SQLException {
        if (++readings > MOST_READINGS) {
            groups.forEach(unsent::addAll);
            return;
        }
        Set<Long> others = new HashSet<>(unsent);
        all.forEach(others::addAll);
        groups.forEach(others::removeAll);
        if (tryToRead(others).isEmpty()) {
            if (groups.size() == 1) {
                groups.forEach(unsent::addAll);
                return;
            }
            find(groups.subList(0, groups.size() / 2), all);
            find(groups.subList(groups.size() / 2, groups.size()), all);
        }
    }

    private Optional<Catalog> tryToRead(Set<Long> without) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try {
            Catalog catalog = new CatalogQueries(connection).read(included, without);
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
