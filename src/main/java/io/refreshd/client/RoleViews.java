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
 * The views of all roles, each with the same columns, read into one kind of record. Holds a registry by role: finding a view
 * takes the same time however many there are. A view gets into it when it was found to be there and to fit, and is thrown out
 * when it turns out to be gone, at the latest when another view is looked up a minute later; so neither asking for roles that do not
 * exist nor roles that come and go fill it. Any thread may call it.
 *
 * @param <R> record whose components are columns of the views, in camel case or as they are called
 */
public final class RoleViews<R extends Record> {
    /** How often, at most, the whole registry is compared with the catalog. */
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final Jdbi jdbi;
    private final RoleViewName pattern;
    private final Class<R> row;
    private final ConcurrentMap<String, RoleView<R>> known = new ConcurrentHashMap<>();
    private final ConcurrentMap<Details<?>, Shape> details = new ConcurrentHashMap<>();

    private final LongSupplier nanos;
    private final AtomicLong swept;

    private RoleViews(Jdbi jdbi, RoleViewName pattern, Class<R> row, LongSupplier nanos) {
        this.jdbi = jdbi;
        this.pattern = pattern;
        this.row = row;
        this.nanos = nanos;
        this.swept = new AtomicLong(nanos.getAsLong());
    }

    /**
     * Touches no database yet.
     *
     * @param pattern name of the views, {@code schema.name_{role}} or {@code name_{role}}, as the catalog spells it
     * @throws IllegalArgumentException if the pattern holds no {@code {role}}, or several
     */
    public static <R extends Record> RoleViews<R> of(DataSource dataSource, String pattern, Class<R> row) {
        return of(dataSource, pattern, row, System::nanoTime);
    }

    static <R extends Record> RoleViews<R> of(DataSource dataSource, String pattern, Class<R> row, LongSupplier nanos) {
        Jdbi jdbi = Jdbi.create(new Connections(dataSource));
        // A transaction that was open before is somebody else's to end.
        jdbi.getConfig(Handles.class).setForceEndTransactions(false);
        // Signs such as < and > in a condition are SQL and no placeholders.
        jdbi.getConfig(SqlStatements.class).setTemplateEngine(TemplateEngine.NOP);
        jdbi.getConfig(ColumnMappers.class).setCoalesceNullPrimitivesToDefaults(false);
        return new RoleViews<>(jdbi, RoleViewName.of(pattern), row, nanos);
    }

    /**
     * The view of a role. Whether it exists and fits is looked up when it is first read.
     *
     * @throws IllegalArgumentException if no view can be called after such a role
     */
    public RoleView<R> forRole(String role) {
        RoleView<R> found = known.get(role);
        return found == null ? new RoleView<>(this, role, pattern.sqlFor(role)) : found;
    }

    /** How many views are in the registry. */
    public int registered() {
        return known.size();
    }

    /**
     * The position in the log behind everything that has committed by now, for {@link RoleView#awaitFresh}. To be taken after
     * the commit that is to be waited for.
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

    Class<R> row() {
        return row;
    }

    /** Looked up in the catalog once, and not for every reading. */
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

    /** @return whether there was any */
    boolean forgetDetails() {
        boolean any = !details.isEmpty();
        details.clear();
        return any;
    }

    void register(Handle handle, RoleView<R> view) {
        known.putIfAbsent(view.role(), view);
        sweep(handle);
    }

    void evict(RoleView<R> view) {
        known.remove(view.role(), view);
    }

    /** Roles that come and go would fill the registry, were only those thrown out that somebody asks for once more. */
    private void sweep(Handle handle) {
        long now = nanos.getAsLong();
        long before = swept.get();
        if (now - before < SWEEP.toNanos() || !swept.compareAndSet(before, now)) {
            return;
        }
        String[] names = known.values().stream().map(RoleView::name).toArray(String[]::new);
        Set<String> gone = handle.createQuery(
                        "SELECT n FROM pg_catalog.unnest(:names) AS n WHERE pg_catalog.to_regclass(n) IS NULL")
                .bind("names", names)
                .mapTo(String.class)
                .set();
        known.values().removeIf(view -> gone.contains(view.name()));
    }
}
