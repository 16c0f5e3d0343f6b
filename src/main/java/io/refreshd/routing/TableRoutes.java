package io.refreshd.routing;

import io.refreshd.catalog.Discriminator;
import io.refreshd.catalog.Narrowing;
import io.refreshd.catalog.ReadColumns;
import io.refreshd.catalog.Reader;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
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

/** The readers of one table, sorted out by what changed. */
final class TableRoutes {
    /** There are as many sets of columns as an application has kinds of UPDATE: beyond this, something makes them up. */
    private static final int MEMO_LIMIT = 1_000;

    private final List<Reader> readers;
    private final Function<ViewId, Narrowing> narrowings;
    private final Set<String> known;
    private final Interest interest;
    private final ByValue everyone;
    private final Map<Set<String>, ByValue> memo = new ConcurrentHashMap<>();

    /** @param known the columns of the table as the graph sees it */
    TableRoutes(List<Reader> readers, Function<ViewId, Narrowing> narrowings, Set<String> known) {
        this.readers = readers;
        this.narrowings = narrowings;
        this.known = known;
        this.everyone = new ByValue(readers.stream().map(Reader::view).toList(), List.of(), narrowings);
        this.interest = interest();
    }

    Interest interestInRows() {
        return interest;
    }

    private Interest interest() {
        List<Narrowing> all =
                readers.stream().map(reader -> narrowings.apply(reader.view())).toList();
        return new Interest(
                all.stream()
                        .flatMap(narrowing -> narrowing.probing().key().stream())
                        .findFirst()
                        .map(key -> key.columns())
                        .orElse(List.of()),
                all.stream()
                        .flatMap(narrowing -> narrowing.discriminator().stream())
                        .map(Discriminator::column)
                        .collect(Collectors.toCollection(TreeSet::new)),
                known.stream()
                        .filter(column -> readers.stream()
                                .noneMatch(reader -> reader.columns().readsAnyOf(Set.of(column))))
                        .collect(Collectors.toSet()));
    }

    /** Who reads any of the columns that changed. */
    ByValue of(Change change) {
        boolean onlyUpdates = change.rows().keySet().equals(Set.of(Operation.UPDATE));
        ChangedColumns changed = change.columns();
        // A column nobody knows: the table was altered, and it may be one that a view reads under its other name.
        if (!onlyUpdates || changed.all() || !known.containsAll(changed.names())) {
            return everyone;
        }
        ByValue found = memo.get(changed.names());
        if (found == null) {
            if (memo.size() >= MEMO_LIMIT) {
                memo.clear();
            }
            found = sortOut(changed.names());
            memo.put(changed.names(), found);
        }
        return found;
    }

    private ByValue sortOut(Set<String> changed) {
        List<ViewId> affected = new ArrayList<>();
        List<ViewId> skipped = new ArrayList<>();
        // Many views read the same columns: their answers are shared.
        Set<ReadColumns> yes = new HashSet<>();
        Set<ReadColumns> no = new HashSet<>();
        for (Reader reader : readers) {
            ReadColumns columns = reader.columns();
            boolean hit = yes.contains(columns) || (!no.contains(columns) && columns.readsAnyOf(changed));
            (hit ? yes : no).add(columns);
            (hit ? affected : skipped).add(reader.view());
        }
        return new ByValue(affected, skipped, narrowings);
    }
}
