package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds the views that read so many columns that the daemon's heap has no room for them. Whoever may create tables decides how many there
 * are below a view: a table of 2,000 partitions and 800 columns is 1,600,000.
 *
 * <p>Invariant: what is read for all other views together fits in. The views that read the least come first, so that a large one costs
 * itself and those that stand on it, and no others.
 */
public final class CatalogSizeLimit {
    /** Columns for which the heap has room; a relation counts as {@value #RELATION} of them. A column takes up to 300 bytes for a while. */
    static final long MOST = Runtime.getRuntime().maxMemory() / 600;

    private static final int RELATION = 8;

    /** What a relation counts, in SQL. */
    static final String SIZE = "relnatts + " + RELATION;

    private static final String BEGIN = """
            , begin AS MATERIALIZED (
              SELECT oid, relkind, relnamespace FROM pg_catalog.pg_class
               WHERE relkind = 'm' OR relnamespace = pg_catalog.to_regnamespace('%s')
            )
            """.formatted(IncrementalViews.SCHEMA);

    private static final String ALL = ReachedSql.reachedFrom("begin") + BEGIN + "SELECT coalesce(sum(" + SIZE
            + "), 0) FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM reached)";

    private static final String SIZES = ReachedSql.reachedFrom("begin") + BEGIN
            + "SELECT oid::int8, " + SIZE
            + ", relkind = 'm' FROM pg_catalog.pg_class WHERE oid IN (SELECT oid FROM reached)"
            + " ORDER BY oid";

    private static final String EDGES = ReachedSql.reachedFrom("begin") + BEGIN + """
            SELECT reader::int8, source::int8 FROM edges
             WHERE reader IN (SELECT oid FROM reached) AND source IN (SELECT oid FROM reached)
             ORDER BY reader
            """;

    private static final String NAMES = """
            SELECT n.nspname::text, c.relname::text
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = ANY (?::int8[]::oid[]) AND c.relkind IN ('m', 'v') AND n.nspname <> '%s'
            """.formatted(IncrementalViews.SCHEMA);

    private static final int ROWS_AT_ONCE = 10_000;

    /** Oids of the relations, in their order. */
    private final long[] relations;

    private final int[] sizes;
    /** Where the sources of each relation begin in {@code sources}; one more for the end. */
    private final int[] firsts;

    /** Places of relations. */
    private final int[] sources;

    /** Which relations views that were taken have reached. */
    private final boolean[] taken;

    /** In which search each relation was met last. */
    private final int[] met;

    private int search;
    /** Places of the relations that the last search has met. */
    private final int[] reached;

    private int reachedCount;

    private CatalogSizeLimit(long[] relations, int[] sizes, int[] firsts, int[] sources) {
        this.relations = relations;
        this.sizes = sizes;
        this.firsts = firsts;
        this.sources = sources;
        this.taken = new boolean[relations.length];
        this.met = new int[relations.length];
        this.reached = new int[relations.length];
    }

    /** Oids of the views, and of parts of incremental views, that are not to be read; none as a rule. Within the caller's transaction. */
    static Set<Long> exceeding(Connection connection) throws SQLException {
        return exceeding(connection, MOST);
    }

    /** @param most columns that there is room for */
    static Set<Long> exceeding(Connection connection, long most) throws SQLException {
        try (PreparedStatement statement = KeptPlan.prepared(connection, ALL);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1) <= most ? Set.of() : largest(connection, most);
        }
    }

    /** The names of the included views that are left out. */
    public static Set<ViewId> leftOut(Connection connection, Predicate<ViewId> included) throws SQLException {
        return names(connection, exceeding(connection), included);
    }

    /** The names of those that are included. @param oids as {@link Fingerprint#leftOut} has them */
    public static Set<ViewId> names(Connection connection, Collection<Long> oids, Predicate<ViewId> included)
            throws SQLException {
        Set<ViewId> names = new TreeSet<>();
        try (PreparedStatement statement = connection.prepareStatement(NAMES)) {
            statement.setArray(1, connection.createArrayOf("int8", oids.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    names.add(new ViewId(row.getString(1), row.getString(2)));
                }
            }
        }
        names.removeIf(included.negate());
        return names;
    }

    private static Set<Long> largest(Connection connection, long most) throws SQLException {
        List<List<Long>> roots =
                new ArrayList<>(IncrementalRows.read(connection).groups());
        CatalogSizeLimit all = read(connection, roots);
        List<Sized> sized = roots.stream()
                .map(group -> new Sized(group, all.added(group, most)))
                .sorted(Comparator.comparingLong(Sized::size))
                .toList();
        long left = most;
        Set<Long> exceeding = new HashSet<>();
        for (Sized group : sized) {
            long added = group.size() > most ? group.size() : all.added(group.oids(), left);
            if (added > left) {
                exceeding.addAll(group.oids());
            } else {
                left -= added;
                all.take();
            }
        }
        return exceeding;
    }

    private record Sized(List<Long> oids, long size) {}

    /** @param roots gets the materialized views */
    private static CatalogSizeLimit read(Connection connection, List<List<Long>> roots) throws SQLException {
        List<long[]> found = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(SIZES)) {
            statement.setFetchSize(ROWS_AT_ONCE);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(new long[] {row.getLong(1), row.getLong(2)});
                    if (row.getBoolean(3)) {
                        roots.add(List.of(row.getLong(1)));
                    }
                }
            }
        }
        long[] relations = found.stream().mapToLong(each -> each[0]).toArray();
        int[] sizes = found.stream().mapToInt(each -> (int) each[1]).toArray();
        int[] firsts = new int[relations.length + 1];
        int[] sources = new int[relations.length];
        int count = 0;
        try (PreparedStatement statement = connection.prepareStatement(EDGES)) {
            statement.setFetchSize(ROWS_AT_ONCE);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    firsts[Arrays.binarySearch(relations, row.getLong(1)) + 1]++;
                    if (count == sources.length) {
                        sources = Arrays.copyOf(sources, 2 * count + 1);
                    }
                    sources[count++] = Arrays.binarySearch(relations, row.getLong(2));
                }
            }
        }
        Arrays.parallelPrefix(firsts, Integer::sum);
        return new CatalogSizeLimit(relations, sizes, firsts, sources);
    }

    /** The size of what the relations reach and no taken view does; more than {@code most} if it is larger than that. */
    private long added(List<Long> oids, long most) {
        search++;
        reachedCount = 0;
        for (long oid : oids) {
            meet(Arrays.binarySearch(relations, oid));
        }
        long size = 0;
        for (int next = 0; next < reachedCount && size <= most; next++) {
            int place = reached[next];
            size += sizes[place];
            for (int i = firsts[place]; i < firsts[place + 1]; i++) {
                meet(sources[i]);
            }
        }
        return size;
    }

    /** @param place negative if there is no such relation */
    private void meet(int place) {
        if (place >= 0 && met[place] != search && !taken[place]) {
            met[place] = search;
            reached[reachedCount++] = place;
        }
    }

    /** Takes what the last search has met. */
    private void take() {
        for (int i = 0; i < reachedCount; i++) {
            taken[reached[i]] = true;
        }
    }
}
