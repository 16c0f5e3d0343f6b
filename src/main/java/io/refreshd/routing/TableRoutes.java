package io.refreshd.routing;

import io.refreshd.catalog.ChangeFilter;
import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.LookupKey;
import io.refreshd.catalog.ReadColumns;
import io.refreshd.catalog.Reader;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Interest;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Routes the changes of one table to its readers by the columns that changed.
 *
 * <p>Thread: any; a call never blocks.
 */
final class TableRoutes {
    /**
     * How many sets of changed columns are remembered. An application has one for each kind of UPDATE that it makes, far fewer than this;
     * the limit bounds the memory where statements are generated.
     */
    private static final int CACHE_LIMIT = 1_000;

    private final List<Reader> readers;
    private final Function<ViewId, ChangeFilter> filters;
    private final Set<String> knownColumns;
    private final Interest interest;
    private final DiscriminatorRoutes toAllReaders;
    private final Map<Set<String>, DiscriminatorRoutes> cache = new ConcurrentHashMap<>();

    /** @param knownColumns the columns of the table in the graph */
    TableRoutes(List<Reader> readers, Function<ViewId, ChangeFilter> filters, Set<String> knownColumns) {
        this.readers = readers;
        this.filters = filters;
        this.knownColumns = knownColumns;
        this.toAllReaders =
                new DiscriminatorRoutes(readers.stream().map(Reader::view).toList(), List.of(), filters);
        this.interest = interestOfReaders();
    }

    Interest interest() {
        return interest;
    }

    private Interest interestOfReaders() {
        List<ChangeFilter> all =
                readers.stream().map(reader -> filters.apply(reader.view())).toList();
        return new Interest(
                all.stream()
                        .flatMap(filter -> filter.lookup().keys().stream())
                        .filter(key -> !key.byValue())
                        .findFirst()
                        .map(key -> key.columns())
                        .orElse(List.of()),
                all.stream()
                        .flatMap(filter -> filter.lookup().keys().stream())
                        .mapToInt(LookupKey::mostKeys)
                        .max()
                        .orElse(ChangedRows.LIMIT),
                all.stream().flatMap(TableRoutes::comparedColumns).collect(Collectors.toCollection(TreeSet::new)),
                knownColumns.stream()
                        .filter(column -> readers.stream()
                                .noneMatch(reader -> reader.columns().readsAnyOf(Set.of(column))))
                        .collect(Collectors.toSet()));
    }

    /** The columns by whose values the view takes rows, or depends on them. */
    private static Stream<String> comparedColumns(ChangeFilter filter) {
        return Stream.concat(
                filter.discriminator().map(Discriminator::column).stream(),
                filter.lookup().keys().stream().filter(LookupKey::byValue).flatMap(key -> key.columns().stream()));
    }

    /** The routes to the views that read any of the columns that changed. */
    DiscriminatorRoutes routesOf(Change change) {
        boolean onlyUpdates = change.rows().keySet().equals(Set.of(Operation.UPDATE));
        ChangedColumns changed = change.columns();
        // A column is not in the graph if the table was altered since. A view may read it under its former name.
        if (!onlyUpdates || changed.all() || !knownColumns.containsAll(changed.names())) {
            return toAllReaders;
        }
        DiscriminatorRoutes found = cache.get(changed.names());
        if (found == null) {
            if (cache.size() >= CACHE_LIMIT) {
                cache.clear();
            }
            found = routesOf(changed.names());
            cache.put(changed.names(), found);
        }
        return found;
    }

    private DiscriminatorRoutes routesOf(Set<String> changed) {
        List<ViewId> reading = new ArrayList<>();
        List<ViewId> skipped = new ArrayList<>();
        // Many views read the same columns, so that the answer for a set of columns is kept.
        Set<ReadColumns> read = new HashSet<>();
        Set<ReadColumns> unread = new HashSet<>();
        for (Reader reader : readers) {
            ReadColumns columns = reader.columns();
            boolean hit = read.contains(columns) || (!unread.contains(columns) && columns.readsAnyOf(changed));
            (hit ? read : unread).add(columns);
            (hit ? reading : skipped).add(reader.view());
        }
        return new DiscriminatorRoutes(reading, skipped, filters);
    }
}
