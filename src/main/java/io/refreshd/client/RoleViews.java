package io.refreshd.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.mapper.ColumnMappers;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.TemplateEngine;

/**
 * The views of all roles, which have the same columns and are read into the same record.
 *
 * <p>It holds a registry of views by role, so that finding a view takes the same time however many there are. A view is
 * registered when it was found in the catalog and fits the record. It is evicted when it turns out to be dropped: when it is read,
 * or when another view is looked up and the last sweep is a minute old. So the registry does not grow by roles that never existed
 * or exist no longer.
 *
 * <p>Thread: any.
 *
 * @param <R> record whose components are columns of the views, in camel case or as the catalog spells them
 */
public final class RoleViews<R extends Record> {
    /** Shortest time between two comparisons of the whole registry with the catalog. */
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final Jdbi jdbi;
    private final ChangeWatch changes;
    private final RoleViewName pattern;
    private final Class<R> row;
    private final ConcurrentMap<String, RoleView<R>> registry = new ConcurrentHashMap<>();
    private final ConcurrentMap<Details<?>, Shape> details = new ConcurrentHashMap<>();

    private final LongSupplier nanos;
    private final AtomicLong lastSweep;

    private RoleViews(Jdbi jdbi, ChangeWatch changes, RoleViewName pattern, Class<R> row, LongSupplier nanos) {
        this.changes = changes;
        this.jdbi = jdbi;
        this.pattern = pattern;
        this.row = row;
        this.nanos = nanos;
        this.lastSweep = new AtomicLong(nanos.getAsLong());
    }

    /**
     * Creates the registry. It opens no connection yet.
     *
     * @param pattern name of the views, {@code schema.name_{role}} or {@code name_{role}}, as the catalog spells it
     * @throws IllegalArgumentException if the pattern does not contain {@code {role}} exactly once
     */
    public static <R extends Record> RoleViews<R> of(DataSource dataSource, String pattern, Class<R> row) {
        return of(dataSource, pattern, row, System::nanoTime);
    }

    static <R extends Record> RoleViews<R> of(DataSource dataSource, String pattern, Class<R> row, LongSupplier nanos) {
        Jdbi jdbi = Jdbi.create(new Connections(dataSource));
        // A transaction that was open already belongs to the caller, who ends it.
        jdbi.getConfig(Handles.class).setForceEndTransactions(false);
        // In a condition < and > are SQL operators, and must not be taken for placeholders of a template.
        jdbi.getConfig(SqlStatements.class).setTemplateEngine(TemplateEngine.NOP);
        jdbi.getConfig(ColumnMappers.class).setCoalesceNullPrimitivesToDefaults(false);
        return new RoleViews<>(jdbi, new ChangeWatch(dataSource), RoleViewName.of(pattern), row, nanos);
    }

    /**
     * The view of a role. Whether it exists and fits the record is checked when it is first read.
     *
     * @throws IllegalArgumentException if PostgreSQL allows no name for the view of this role
     */
    public RoleView<R> forRole(String role) {
        RoleView<R> found = registry.get(role);
        return found == null ? new RoleView<>(this, role, pattern.sqlFor(role)) : found;
    }

    /** The number of views in the registry. */
    public int registered() {
        return registry.size();
    }

    /**
     * The current position of the WAL, as a token for {@link RoleView#awaitFresh}. Take it after the commit that the view is to
     * contain.
     */
    public String token() {
        try (Handle handle = jdbi.open()) {
            return handle.createQuery("SELECT pg_catalog.pg_current_wal_insert_lsn()::text")
                    .mapTo(String.class)
                    .one();
        }
    }

    Jdbi jdbi() {
        return jdbi;
    }

    ChangeWatch changes() {
        return changes;
    }

    Class<R> row() {
        return row;
    }

    /** The table of the details, matched to its record; read from the catalog once. */
    Shape shapeOf(Handle handle, Details<?> wanted) {
        Shape before = details.get(wanted);
        if (before != null) {
            return before;
        }
        Shape found = Shape.fit(
                ShapeReader.find(handle, wanted.sqlTable())
                        .orElseThrow(() -> new NoSuchRoleViewException(wanted.sqlTable())),
                wanted.row());
        details.put(wanted, found);
        return found;
    }

    /**
     * Forgets what was read from the catalog about tables of details.
     *
     * @return whether there was any
     */
    boolean forgetDetails() {
        boolean any = !details.isEmpty();
        details.clear();
        return any;
    }

    void register(Handle handle, RoleView<R> view) {
        registry.putIfAbsent(view.role(), view);
        sweep(handle);
    }

    void evict(RoleView<R> view) {
        registry.remove(view.role(), view);
    }

    /** Evicts the views that were dropped, also those that nobody reads any more; at most once per {@link #SWEEP}. */
    private void sweep(Handle handle) {
        long now = nanos.getAsLong();
        long before = lastSweep.get();
        if (now - before < SWEEP.toNanos() || !lastSweep.compareAndSet(before, now)) {
            return;
        }
        String[] names = registry.values().stream().map(RoleView::name).toArray(String[]::new);
        Set<String> gone = handle.createQuery(
                        "SELECT n FROM pg_catalog.unnest(:names) AS n WHERE pg_catalog.to_regclass(n) IS NULL")
                .bind("names", names)
                .mapTo(String.class)
                .set();
        registry.values().removeIf(view -> gone.contains(view.name()));
    }
}
