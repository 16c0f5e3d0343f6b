package io.refreshd.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
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
 * The view of one role. Every method asks the database, blocks, and takes and gives back a connection of the data source. Any
 * thread may call it. A connection that comes within a transaction of the caller's is used within that.
 *
 * <p>All of them throw {@link NoSuchRoleViewException} if the view is not there and {@link UnfitRoleViewException} if it does
 * not fit the record. A view that was replaced under its name is noticed and looked up again.
 */
public final class RoleView<R extends Record> {
    /** Gone, or with other columns than it had: undefined table, undefined column, a plan that does not fit any longer. */
    private static final Set<String> NOT_AS_IT_WAS = Set.of("42P01", "42703", "0A000", "XX000");

    private static final String UNDEFINED_OBJECT = "42704";

    /** Rows held in memory while streaming. */
    private static final int FETCH_SIZE = 1_000;

    private final RoleViews<R> home;
    private final String role;
    private final String name;
    private final RowMapper<R> mapper;
    private volatile @Nullable Shape shape;

    RoleView(RoleViews<R> home, String role, String name) {
        this.home = home;
        this.role = role;
        this.name = name;
        this.mapper = ConstructorMapper.of(home.row());
    }

    public String role() {
        return role;
    }

    /** Its name, quoted for SQL. */
    public String name() {
        return name;
    }

    /** All rows, in no order. */
    public List<R> all() {
        return read((handle, view) -> rows(handle.createQuery(select(view))));
    }

    /**
     * The rows that satisfy a condition.
     *
     * @param condition SQL over the view's columns with parameters such as {@code :name}; values never belong into its text
     */
    public List<R> where(String condition, Map<String, ?> values) {
        return read((handle, view) ->
                rows(handle.createQuery(select(view) + " WHERE " + condition).bindMap(values)));
    }

    /** @param key values of the columns of the view's smallest unique index, in its order */
    public Optional<R> byKey(Object... key) {
        List<?> values = List.of(key);
        return read((handle, view) -> {
            Key wanted = view.requireKey(values);
            Query query = handle.createQuery(
                    select(view) + " WHERE (" + wanted.sql() + ") = (" + wanted.parameters(values) + ")");
            return Key.bind(query, values).map(mapper).findOne();
        });
    }

    /** The first rows in the order of the key. A row whose key holds a NULL has no place in that order, and is on no page. */
    public Page<R> firstPage(int size) {
        return page(Optional.empty(), size);
    }

    /**
     * The rows behind a key: takes the same time for the last page as for the first, and neither skips nor repeats a row that
     * was there all the time.
     *
     * @param key {@link Page#next} of the page before
     */
    public Page<R> pageAfter(List<?> key, int size) {
        return page(Optional.of(key), size);
    }

    /**
     * Reads all rows, holding a thousand of them at a time.
     *
     * @param reader is given the rows; the stream ends with the call
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
                // What the reader itself does may fail as a view that was replaced would; it is not run again for that.
                () -> !begun.get());
    }

    /**
     * All rows with their details: two queries, whatever the number of rows, of one snapshot; within a transaction of the
     * caller's, of its snapshots.
     */
    public <D extends Record> List<WithDetails<R, D>> all(Details<D> details) {
        return where("true", Map.of(), details);
    }

    /** The rows that satisfy a condition, with their details, likewise. */
    public <D extends Record> List<WithDetails<R, D>> where(
            String condition, Map<String, ?> values, Details<D> details) {
        return read((handle, view) -> new DetailsQuery<>(view, mapper, details, home.shapeOf(handle, details))
                .run(handle, " WHERE " + condition, values));
    }

    /**
     * Brings the view up to date. Where a daemon looks after it, the daemon is asked, which refreshes at once, and once for what
     * several ask for before it begins; this role has to be allowed to read the view, and nothing else. Otherwise the view is
     * refreshed here, for which its owner has to be connected, or from PostgreSQL 17 on a role that may {@code MAINTAIN} it.
     * Does not wait for the daemon.
     *
     * @param concurrently whether readers can go on reading while it is refreshed here; the daemon goes by its configuration
     * @throws JdbiException if an operator has paused the view
     * @throws IllegalStateException if no daemon looks after the view and this role may not refresh it
     */
    public Refreshed refresh(boolean concurrently) {
        return anew((handle, view) -> OnDemand.refresh(handle, view, concurrently));
    }

    /**
     * Likewise, and waits for the daemon: also for a view of which no position can be claimed, and {@link #awaitFresh} does not
     * help.
     *
     * @param timeout to wait for the daemon
     * @return {@link Refreshed#REQUESTED} if the time was not enough; the daemon will refresh nevertheless
     * @throws JdbiException also if it never will: the view is suspended, or the daemon went away
     */
    public Refreshed refresh(boolean concurrently, Duration timeout) {
        return anew((handle, view) -> OnDemand.refresh(handle, view, concurrently, timeout));
    }

    /**
     * Waits until the view holds everything that had committed when the token was taken.
     *
     * @param token from {@link RoleViews#token()}
     * @return whether it does; false if the time was not enough
     * @throws JdbiException if it never will: the daemon is away, the view is suspended, or nothing can be said of its sources
     * @throws IllegalStateException if no daemon has ever been here
     */
    public boolean awaitFresh(String token, Duration timeout) {
        return anew((handle, view) -> OnDemand.awaitFresh(handle, view, token, timeout));
    }

    private Page<R> page(Optional<List<?>> after, int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a page holds at least one row, and not " + size);
        }
        return read((handle, view) -> {
            Key key = view.requireKey();
            String behind = after.map(values -> " AND (" + key.sql() + ") > ("
                            + view.requireKey(values).parameters(values) + ")")
                    .orElse("");
            Query query = handle.createQuery("SELECT " + key.select() + view.select() + " FROM " + view.sql()
                    + " r WHERE (" + key.sql() + ") IS NOT NULL" + behind + " ORDER BY " + key.sql()
                    + " LIMIT :refreshd_limit");
            after.ifPresent(values -> Key.bind(query, values));
            List<Keyed<R>> rows = query.bind("refreshd_limit", size)
                    .map(Keyed.mapper(mapper, key.columns().size()))
                    .list();
            return new Page<>(
                    rows.stream().map(Keyed::row).toList(),
                    rows.size() < size
                            ? Optional.empty()
                            : Optional.of(rows.getLast().key()));
        });
    }

    private static String select(Shape view) {
        return "SELECT " + view.select() + " FROM " + view.sql() + " r";
    }

    private List<R> rows(Query query) {
        return new ArrayList<>(query.map(mapper).list());
    }

    private interface Reading<T> {
        T run(Handle handle, Shape view);
    }

    private <T> T read(Reading<T> reading) {
        return read(reading, () -> true);
    }

    private <T> T read(Reading<T> reading, BooleanSupplier again) {
        try (Handle handle = home.jdbi().open()) {
            Shape before = shape;
            if (before == null) {
                return reading.run(handle, validate(handle));
            }
            try {
                return reading.run(handle, before);
            } catch (JdbiException e) {
                if (!NOT_AS_IT_WAS.contains(OnDemand.state(e)) || !again.getAsBoolean()) {
                    throw e;
                }
                boolean forgotten = home.forgetDetails();
                if (handle.isInTransaction()) {
                    // Somebody's own, which this has made fail. The next reading looks the view up.
                    shape = null;
                    throw e;
                }
                Shape after = validate(handle);
                if (after.equals(before) && !forgotten) {
                    throw e;
                }
                return reading.run(handle, after);
            }
        }
    }

    private static <T> T inTransaction(Handle handle, Supplier<T> action) {
        return handle.isInTransaction() ? action.get() : handle.inTransaction(transaction -> action.get());
    }

    /** For what asks by the view's number: a view that was swapped has another, and reading by name does not notice. */
    private <T> T anew(Reading<T> reading) {
        try (Handle handle = home.jdbi().open()) {
            for (Shape view = validate(handle); ; ) {
                try {
                    return reading.run(handle, view);
                } catch (JdbiException e) {
                    if (!UNDEFINED_OBJECT.equals(OnDemand.state(e)) || handle.isInTransaction()) {
                        throw e;
                    }
                    Shape now = validate(handle);
                    if (now.oid() == view.oid()) {
                        throw e;
                    }
                    // Swapped while it was waited for.
                    view = now;
                }
            }
        }
    }

    private Shape validate(Handle handle) {
        try {
            Shape fitting = Shape.fit(
                    ShapeReader.find(handle, name).orElseThrow(() -> new NoSuchRoleViewException(name)), home.row());
            shape = fitting;
            home.register(handle, this);
            return fitting;
        } catch (NoSuchRoleViewException | UnfitRoleViewException e) {
            shape = null;
            home.evict(this);
            throw e;
        }
    }
}
