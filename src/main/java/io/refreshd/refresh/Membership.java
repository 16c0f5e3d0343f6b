package io.refreshd.refresh;

import io.refreshd.model.Impact;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out which of many views hold rows with given keys.
 *
 * <p>Of a row that was updated or deleted the log may contain the key alone. A view that held the old row still holds it, so
 * the view tells whether the change concerns it. For a thousand views that takes a thousand index look-ups; to compare each
 * view with its definition would take a thousand plans.
 *
 * <p>Owns a connection, on which the queries stay prepared.
 *
 * <p>Thread: not thread-safe. The caller makes sure that none of the views is being refreshed meanwhile.
 *
 * <p>Failure: a view that cannot be queried counts as one that holds the rows.
 */
public final class Membership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Membership.class);

    /** A refresh of one view makes the server plan anew every query that contains it, so one query holds only so many views. */
    private static final int VIEWS_PER_QUERY = 32;

    /** Short, since the processing of the log waits meanwhile, and "may hold the rows" is a valid answer. */
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(100);

    private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(2);
    private static final int VALIDATION_SECONDS = 2;

    /** Opens a connection. */
    public interface Connecting {
        Connection open() throws SQLException;
    }

    /** What all views of one query have in common: the table, and the positions and types of the key columns. */
    private record QueryShape(TableId table, List<Integer> positions, List<String> types) {
        static QueryShape of(KeyLookup lookup) {
            return new QueryShape(lookup.table(), lookup.positions(), lookup.types());
        }
    }

    private final Connecting connecting;
    private final Map<QueryShape, List<MembershipQuery>> queries = new HashMap<>();
    private final Map<QueryShape, Map<ViewId, MembershipQuery>> assigned = new HashMap<>();
    private Map<ViewId, ViewId> stores = Map.of();
    private @Nullable Connection connection;

    public Membership(Connecting connecting) {
        this.connecting = connecting;
    }

    /**
     * Returns the views that hold any of the rows in their look-ups, or may hold them. A view is returned too if some transaction
     * of its impact is not visible yet: a refresh could begin that does not see that transaction.
     */
    public Set<ViewId> showing(Collection<Impact> candidates) {
        Map<KeyLookup, List<ViewId>> byRows = new IdentityHashMap<>();
        for (Impact candidate : candidates) {
            candidate
                    .lookups()
                    .forEach(lookup -> byRows.computeIfAbsent(lookup, p -> new ArrayList<>())
                            .add(candidate.view()));
        }
        Set<ViewId> showing = new HashSet<>();
        byRows.forEach((rows, views) -> showing.addAll(showing(rows, views)));
        showing.addAll(refreshedByOthers(candidates));
        showing.addAll(notVisible(candidates));
        return showing;
    }

    /**
     * Views that others read and that somebody else has refreshed: they do not show the rows any more, but the views that read them
     * may. Called after the rows were looked for, so that a refresh that was committed before is seen.
     */
    private Set<ViewId> refreshedByOthers(Collection<Impact> candidates) {
        Set<ViewId> refreshed = new HashSet<>();
        try (Statement statement = connected().createStatement();
                ResultSet row = statement.executeQuery("""
                        SELECT s.view_schema, s.view_name
                        FROM refreshd.view_state d
                        CROSS JOIN LATERAL unnest(d.upstream) AS u (oid)
                        JOIN refreshd.view_state s ON s.view_oid = u.oid
                        JOIN pg_catalog.pg_class c ON c.oid = u.oid
                        WHERE d.upstream <> '{}' AND c.relkind = 'm' AND s.storage_xid IS DISTINCT FROM c.xmin
                        """)) {
            while (row.next()) {
                refreshed.add(new ViewId(row.getString(1), row.getString(2)));
            }
            refreshed.retainAll(candidates.stream().map(Impact::view).toList());
        } catch (SQLException e) {
            log.debug("Could not query which views others have refreshed", e);
            candidates.forEach(candidate -> refreshed.add(candidate.view()));
        }
        return refreshed;
    }

    private Set<ViewId> showing(KeyLookup rows, List<ViewId> views) {
        Map<MembershipQuery, List<ViewId>> byQuery = new LinkedHashMap<>();
        QueryShape shape = QueryShape.of(rows);
        views.forEach(view -> byQuery.computeIfAbsent(query(shape, view), q -> new ArrayList<>())
                .add(view));
        Set<ViewId> showing = new HashSet<>();
        byQuery.forEach((query, some) -> {
            try {
                Set<ViewId> yes = run(query, rows.keys());
                some.stream().filter(yes::contains).forEach(showing::add);
            } catch (SQLException e) {
                log.atDebug()
                        .addKeyValue("views", some)
                        .setCause(e)
                        .log("Could not query which of the views hold the changed rows");
                showing.addAll(some);
                query.forget();
            }
        });
        return showing;
    }

    private Set<ViewId> run(MembershipQuery query, Set<List<String>> keys) throws SQLException {
        Connection first = connected();
        try {
            return rolledBack(first, query, keys);
        } catch (SQLException e) {
            // The server may have closed an idle connection. To return a thousand views for that would be too much.
            if (first.isValid(VALIDATION_SECONDS)) {
                throw e;
            }
            first.close();
            return rolledBack(connected(), query, keys);
        }
    }

    /** Runs the query in a transaction that is rolled back, so that the session keeps nothing of what it did. */
    private static Set<ViewId> rolledBack(Connection connection, MembershipQuery query, Set<List<String>> keys)
            throws SQLException {
        connection.setAutoCommit(false);
        try {
            return query.run(connection, keys);
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** Returns the query that contains the view. The same views always share a query, so that it stays prepared. */
    private MembershipQuery query(QueryShape shape, ViewId view) {
        return assigned.computeIfAbsent(shape, s -> new HashMap<>()).computeIfAbsent(view, v -> {
            List<MembershipQuery> all = queries.computeIfAbsent(shape, s -> new ArrayList<>());
            if (all.isEmpty() || all.getLast().size() == VIEWS_PER_QUERY) {
                all.add(new MembershipQuery(shape.positions(), shape.types(), stores));
            }
            all.getLast().add(view);
            return all.getLast();
        });
    }

    /** Called last: by then most transactions are visible. */
    private Set<ViewId> notVisible(Collection<Impact> candidates) {
        Predicate<Xids> visible;
        try (Statement statement = connected().createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_catalog.pg_current_snapshot()::text")) {
            row.next();
            Snapshot snapshot = Snapshot.parse(row.getString(1));
            visible = xids -> xids.areSeenBy(snapshot);
        } catch (SQLException e) {
            log.debug("Could not query which transactions are visible", e);
            visible = xids -> false;
        }
        Set<ViewId> notVisible = new HashSet<>();
        for (Impact candidate : candidates) {
            if (!visible.test(candidate.xids())) {
                notVisible.add(candidate.view());
            }
        }
        return notVisible;
    }

    private Connection connected() throws SQLException {
        Connection open = connection;
        if (open != null && !open.isClosed()) {
            return open;
        }
        allQueries().forEach(MembershipQuery::forget);
        open = connecting.open();
        connection = open;
        try (Statement statement = open.createStatement()) {
            statement.execute("SET search_path = pg_catalog, pg_temp");
            statement.execute("SET default_transaction_read_only = on");
            statement.execute("SET lock_timeout = " + LOCK_TIMEOUT.toMillis());
            statement.execute("SET statement_timeout = " + STATEMENT_TIMEOUT.toMillis());
            // One plan for all keys, and always by the index, which is known to exist: a view that is empty when the
            // query is planned may be large when it is executed.
            statement.execute("SET plan_cache_mode = force_generic_plan");
            statement.execute("SET enable_seqscan = off");
            statement.execute("SET jit = off");
        }
        return open;
    }

    /**
     * Forgets all queries, since the definitions of views may have changed.
     *
     * @param stores the tables that hold the rows of incremental views, by view: keys are looked up there
     */
    public void forget(Map<ViewId, ViewId> stores) {
        this.stores = Map.copyOf(stores);
        allQueries().forEach(MembershipQuery::forget);
        queries.clear();
        assigned.clear();
    }

    private Stream<MembershipQuery> allQueries() {
        return queries.values().stream().flatMap(List::stream);
    }

    @Override
    public void close() {
        Connection open = connection;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException e) {
                log.debug("Could not close the connection", e);
            }
        }
    }
}
