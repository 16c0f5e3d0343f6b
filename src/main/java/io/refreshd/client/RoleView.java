package io.refreshd.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The view of one role. Every method that reads or refreshes borrows a connection of the data source and blocks. If that
 * connection has an open transaction, the method runs within it.
 *
 * <p>Thread: any.
 *
 * <p>Failure: these methods throw {@link NoSuchRoleViewException} if the view does not exist, and
 * {@link RoleViewMismatchException} if it does not fit the record. If the view was replaced by another one of the same name, it is
 * looked up again.
 */
public final class RoleView<R extends Record> {
    /**
     * SQLSTATEs of a view that was dropped or replaced since it was looked up: undefined table, undefined column, and a cached
     * plan whose result type has changed (0A000) or whose relation is gone (XX000).
     */
    private static final Set<String> VIEW_CHANGED = Set.of("42P01", "42703", "0A000", "XX000");

    private static final String UNDEFINED_OBJECT = "42704";

    /** Rows that {@link #stream} holds in memory. */
    private static final int FETCH_SIZE = 1_000;

    private final RoleViews<R> views;
    private final String role;
    private final String name;
    private final RowMapper<R> mapper;
    private volatile @Nullable Shape shape;

    RoleView(RoleViews<R> views, String role, String name) {
        this.views = views;
        this.role = role;
        this.name = name;
        this.mapper = ConstructorMapper.of(views.row());
    }

    public String role() {
        return role;
    }

    /** The name of the view, quoted for SQL. */
    public String name() {
        return name;
    }

    /** All rows, in no particular order. */
    public List<R> all() {
        return read((handle, view) -> rows(handle.createQuery(select(view))));
    }

    /**
     * The rows that satisfy a condition.
     *
     * @param condition SQL over the view's columns with parameters such as {@code :name}; never put values into its text
     */
    public List<R> where(String condition, Map<String, ?> values) {
        return read((handle, view) ->
                rows(handle.createQuery(select(view) + " WHERE " + condition).bindMap(values)));
    }

    /**
     * The row with a key.
     *
     * @param key values of the columns of the view's unique index with the fewest columns, in the order of the index
     */
    public Optional<R> byKey(Object... key) {
        List<?> values = List.of(key);
        return read((handle, view) -> {
            Key wanted = view.requireKey(values);
            Query query = handle.createQuery(
                    select(view) + " WHERE (" + wanted.sql() + ") = (" + wanted.parameters(values) + ")");
            return Key.bind(query, values).map(mapper).findOne();
        });
    }

    /** The first rows in the order of the key. A row whose key contains a NULL has no place in that order and is on no page. */
    public Page<R> firstPage(int size) {
        return page(Optional.empty(), size);
    }

    /**
     * The rows after a key. The last page takes the same time as the first, and a row that exists all the time is neither skipped
     * nor repeated.
     *
     * @param key {@link Page#next} of the previous page
     */
    public Page<R> pageAfter(List<?> key, int size) {
        return page(Optional.of(key), size);
    }

    /**
     * Streams all rows, with a thousand of them in memory at a time.
     *
     * @param reader consumer of the stream, which is closed when the consumer returns
     */
    public <T> T stream(Function<? super Stream<R>, T> reader) {
        AtomicBoolean begun = new AtomicBoolean();
        return read(
                (handle, view) -> inTransaction(handle, () -> {
                    try (Query query = handle.createQuery(select(view)).setFetchSize(FETCH_SIZE);
                            Stream<R> rows = query.map(mapper).stream()) {
                        begun.set(true);
                        return reader.apply(rows);
                    }
                }),
                // Once the reader has run it is not run again: it may have had effects, and its own SQL may fail with
                // the same SQLSTATEs.
                () -> !begun.get());
    }

    /**
     * All rows with their details, by two queries whatever the number of rows. Both read one snapshot; within a transaction of
     * the caller, the snapshots of its isolation level.
     */
    public <D extends Record> List<WithDetails<R, D>> all(Details<D> details) {
        return where("true", Map.of(), details);
    }

    /** The rows that satisfy a condition with their details, read as by {@link #all(Details)}. */
    public <D extends Record> List<WithDetails<R, D>> where(
            String condition, Map<String, ?> values, Details<D> details) {
        return read((handle, view) -> new DetailsQuery<>(view, mapper, details, views.shapeOf(handle, details))
                .run(handle, " WHERE " + condition, values));
    }

    /**
     * Requests a refresh from the daemon, without waiting for it. The daemon refreshes at once; all requests that arrive before a
     * refresh begins are answered by that refresh. The connected role needs the privilege to read the view, and no other.
     *
     * <p>If no daemon handles the view, it is refreshed here. Then the connected role has to own the view or, from PostgreSQL 17
     * on, have the privilege {@code MAINTAIN} on it.
     *
     * @param concurrently whether a refresh here does not block readers; the daemon uses the method of its configuration
     * @throws JdbiException if an operator has paused the view
     * @throws IllegalStateException if no daemon handles the view and this role may not refresh it
     */
    public RefreshResult refresh(boolean concurrently) {
        return withCurrentOid((handle, view) -> OnDemand.refresh(handle, view, concurrently));
    }

    /**
     * Requests a refresh as {@link #refresh(boolean)} does, and waits for it. It also works for a view with an untracked source,
     * for which {@link #awaitFresh} fails.
     *
     * @param timeout longest wait for the daemon
     * @return {@link RefreshResult#REQUESTED} if the timeout has passed; the daemon will refresh nevertheless
     * @throws JdbiException also if the refresh will never come: the view is suspended, or the daemon has stopped
     */
    public RefreshResult refresh(boolean concurrently, Duration timeout) {
        return withCurrentOid((handle, view) -> OnDemand.refresh(handle, view, concurrently, timeout));
    }

    /**
     * Waits until the view contains everything that was committed when the token was taken.
     *
     * @param token from {@link RoleViews#token()}
     * @return true if it does; false if the timeout has passed
     * @throws JdbiException if it never will: the daemon has stopped, the view is suspended, or it has an untracked source
     * @throws IllegalStateException if no daemon has ever worked on this database
     */
    public boolean awaitFresh(String token, Duration timeout) {
        return withCurrentOid((handle, view) -> OnDemand.awaitFresh(handle, view, token, timeout));
    }

    /**
     * Calls a listener after each commit of refreshd that changed the view, which needs {@code views.notify} in the configuration of
     * refreshd. Returns once it listens, so read the view after that. All subscriptions of one {@link RoleViews} share a connection of
     * the data source, which they keep. If it is lost, the listener is called once as soon as there is another one.
     *
     * <p>The driver must be pgjdbc, and no pooler between may share sessions. With another driver the view is polled once a second.
     *
     * @param listener runs on a thread of its own, one call after the other. Changes that come while it runs are passed on as one. What it
     *     throws is logged
     */
    public Subscription onChange(Consumer<? super ViewChange> listener) {
        return views.changes()
                .subscribe(withCurrentOid((handle, view) -> ShapeReader.spelled(handle, view.oid())), listener);
    }

    private Page<R> page(Optional<List<?>> after, int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a page holds at least one row, and not " + size);
        }
        return read((handle, view) -> Page.read(handle, view, mapper, after, size));
    }

    private static String select(Shape view) {
        return "SELECT " + view.select() + " FROM " + view.sql() + " r";
    }

    private List<R> rows(Query query) {
        return new ArrayList<>(query.map(mapper).list());
    }

    private interface Operation<T> {
        T run(Handle handle, Shape view);
    }

    private <T> T read(Operation<T> reading) {
        return read(reading, () -> true);
    }

    /**
     * Reads by the shape that is known, and once more by the current shape if the view was replaced meanwhile.
     *
     * @param mayRetry whether the reading may be run a second time
     */
    private <T> T read(Operation<T> reading, BooleanSupplier mayRetry) {
        try (Handle handle = views.jdbi().open()) {
            Shape before = shape;
            if (before == null) {
                return reading.run(handle, lookUp(handle));
            }
            try {
                return reading.run(handle, before);
            } catch (JdbiException e) {
                if (!VIEW_CHANGED.contains(OnDemand.state(e)) || !mayRetry.getAsBoolean()) {
                    throw e;
                }
                boolean detailsForgotten = views.forgetDetails();
                if (handle.isInTransaction()) {
                    // The transaction of the caller has failed, so nothing more can be read in it. The next call looks
                    // the view up.
                    shape = null;
                    throw e;
                }
                Shape after = lookUp(handle);
                if (after.equals(before) && !detailsForgotten) {
                    throw e;
                }
                return reading.run(handle, after);
            }
        }
    }

    private static <T> T inTransaction(Handle handle, Supplier<T> action) {
        return handle.isInTransaction() ? action.get() : handle.inTransaction(transaction -> action.get());
    }

    /**
     * Runs an operation that passes the oid of the view to the server. A swapped view has another oid than the one that is known,
     * and reading by name does not notice that; so the view is looked up first.
     */
    private <T> T withCurrentOid(Operation<T> operation) {
        try (Handle handle = views.jdbi().open()) {
            for (Shape view = lookUp(handle); ; ) {
                try {
                    return operation.run(handle, view);
                } catch (JdbiException e) {
                    if (!UNDEFINED_OBJECT.equals(OnDemand.state(e)) || handle.isInTransaction()) {
                        throw e;
                    }
                    Shape now = lookUp(handle);
                    if (now.oid() == view.oid()) {
                        throw e;
                    }
                    // The view was swapped while the operation waited.
                    view = now;
                }
            }
        }
    }

    private Shape lookUp(Handle handle) {
        try {
            Shape fitting = Shape.fit(
                    ShapeReader.find(handle, name).orElseThrow(() -> new NoSuchRoleViewException(name)), views.row());
            shape = fitting;
            views.register(handle, this);
            return fitting;
        } catch (NoSuchRoleViewException | RoleViewMismatchException e) {
            shape = null;
            views.evict(this);
            throw e;
        }
    }
}
