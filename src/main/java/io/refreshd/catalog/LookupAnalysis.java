package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decides for a view and each of its tables whether changed rows of the table can be looked up in the view. Whatever is not understood
 * makes the answer no.
 */
final class LookupAnalysis {
    private final CatalogIndex catalogIndex;

    LookupAnalysis(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** The answer for one view, by table: the view's query is examined once, however many tables it reads. */
    interface ByTable {
        Lookup of(Relation table);
    }

    ByTable of(Relation view, ViewSources sources, List<Obstacle> untrackedSources) {
        Optional<String> reason = reasonAgainstAll(sources, untrackedSources);
        if (reason.isPresent()) {
            return table -> Lookup.not(reason.get());
        }
        Optional<Obstacle> untrusted = catalogIndex.untrusted(view);
        if (untrusted.isPresent()) {
            return table -> Lookup.not(untrusted.get().what(), untrusted.get().remedy());
        }
        try {
            Optional<Lookup> forbidden = ReadAccess.obstacle(view, catalogIndex).map(Lookup::forbidden);
            ByTable permitted = permitted(view);
            return table -> {
                Lookup lookup = permitted.of(table);
                return lookup.keys().isEmpty() ? lookup : forbidden.orElse(lookup);
            };
        } catch (UnsupportedQueryException unsupported) {
            return table -> Lookup.not(unsupported.why());
        }
    }

    private ByTable permitted(Relation view) throws UnsupportedQueryException {
        Optional<IncrementalView> incremental = catalogIndex.incremental(view);
        if (incremental.isPresent() && !incremental.get().maps().isEmpty()) {
            return GroupLookups.of(
                    view, incremental.get().maps(), catalogIndex, positions -> isIndexed(view, positions));
        }
        if (incremental.isPresent()) {
            SelectProjectJoin.of(view, catalogIndex, QueryPurpose.KEPT);
            return new StoreLookups(
                    new JoinedReads(catalogIndex.query(view).orElseThrow(), catalogIndex),
                    catalogIndex,
                    positions -> isIndexed(view, positions),
                    Map.of());
        }
        SelectProjectJoin query = SelectProjectJoin.of(view, catalogIndex, QueryPurpose.COMPARED);
        return table -> lookup(view, query, table);
    }

    /** Why rows of no table can be looked up in the view. */
    private Optional<String> reasonAgainstAll(ViewSources sources, List<Obstacle> untrackedSources) {
        if (!untrackedSources.isEmpty()) {
            return Optional.of(untrackedSources.stream().map(Obstacle::what).collect(Collectors.joining("; ")));
        }
        for (Relation relation : sources.relations()) {
            if (relation.traits().rowSecurity() != RowSecurity.OFF) {
                return Optional.of("row-level security of " + relation.sql() + " may show the owner other rows");
            }
        }
        for (Rule rule : sources.rules()) {
            for (long oid : rule.functions()) {
                Function function = catalogIndex.function(oid);
                // Whether the clock is followed has been decided: otherwise it is among the untracked sources.
                boolean carried = ClockFunctions.readsClock(oid);
                if (function == null || (!carried && NonDeterminism.isNonDeterministic(function))) {
                    return Optional.of(
                            "calls " + (function == null ? "a function" : function.sql()) + ", which is not immutable");
                }
            }
        }
        return Optional.empty();
    }

    private Lookup lookup(Relation view, SelectProjectJoin query, Relation table) {
        TableUse use = query.use(table);
        if (use == null || use.times() != 1) {
            return Lookup.not("reads " + table.sql() + " more than once or not by its own name");
        }
        if (!use.isJoined()) {
            return new SubQueryLookup(catalogIndex, positions -> isIndexed(view, positions)).of(query, table);
        }
        if (use.hidden()) {
            return Lookup.not(
                    "a condition above an outer join may hide that a row of " + table.sql() + " found its match");
        }
        Optional<Lookup> refused = refusedForMissingKey(query, table);
        for (long preserved : use.preserved()) {
            refused = refused.or(() -> refusedForPreservedSide(query, table, catalogIndex.relation(preserved)));
        }
        return refused.orElseGet(() -> byKey(view, query, table));
    }

    /** Only the key of the preserved table's row tells which of its rows found or lost a match; see {@link SelectProjectJoin}. */
    private Optional<Lookup> refusedForPreservedSide(
            SelectProjectJoin query, Relation table, @Nullable Relation preserved) {
        TableUse use = preserved == null ? null : query.use(preserved);
        if (preserved == null || use == null || use.times() != 1) {
            return Optional.of(Lookup.not("an outer join keeps rows without a match in " + table.sql()
                    + ", and the view cannot show which, since it reads "
                    + (preserved == null ? "their table" : preserved.sql()) + " more than once"));
        }
        return refusedForMissingKey(query, preserved);
    }

    private Optional<Lookup> refusedForMissingKey(SelectProjectJoin query, Relation table) {
        Optional<Index> key = key(table);
        if (key.isEmpty()) {
            return Optional.of(Lookup.not(
                    "table " + table.sql() + " has no primary key or replica identity index",
                    Remedy.text("give " + table.sql() + " a primary key on the columns that identify a row")));
        }
        List<String> missing = key.get().columns().stream()
                .filter(number -> query.positionOf(table, number) == 0)
                .map(number -> table.columns().stream()
                        .filter(column -> column.number() == number)
                        .map(Relation.Column::name)
                        .findFirst()
                        .orElse("an expression"))
                .toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(Lookup.not(
                        "the view does not show the key of " + table.sql() + " (" + String.join(", ", missing)
                                + (missing.size() == 1 ? " is" : " are") + " missing)",
                        Remedy.text("add " + String.join(", ", missing) + " of " + table.sql()
                                + " to the columns of the view, unaltered")));
    }

    private Lookup byKey(Relation view, SelectProjectJoin query, Relation table) {
        List<String> columns = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (int number : key(table).orElseThrow().columns()) {
            Relation.Column column = table.columns().stream()
                    .filter(c -> c.number() == number)
                    .findFirst()
                    .orElseThrow();
            if (column.keyType().isEmpty()) {
                return Lookup.not("the type of the key column " + column.name() + " of " + table.sql()
                        + " is not one whose text form is safe to look up");
            }
            columns.add(column.name());
            positions.add(query.positionOf(table, number));
            types.add(column.keyType());
        }
        return Lookup.by(new LookupKey(columns, positions, types, isIndexed(view, positions)));
    }

    /**
     * Whether an index of the view begins with these columns, in any order. Positions are column numbers here, since no column of a
     * materialized view can be dropped.
     */
    private boolean isIndexed(Relation view, List<Integer> positions) {
        return catalogIndex.indexesOf(view).stream()
                .filter(index -> index.is(Index.Trait.VALID)
                        && index.is(Index.Trait.BTREE)
                        && !index.is(Index.Trait.PARTIAL)
                        && index.columns().size() >= positions.size())
                .anyMatch(index ->
                        Set.copyOf(index.columns().subList(0, positions.size())).equals(Set.copyOf(positions)));
    }

    /** The index whose columns the log holds of a changed row: the replica identity index if there is one, else the primary key. */
    private Optional<Index> key(Relation table) {
        Index.Trait role = catalogIndex.identityOf(table) == ReplicaIdentity.INDEX
                ? Index.Trait.REPLICA_IDENTITY
                : Index.Trait.PRIMARY;
        return catalogIndex.indexesOf(table).stream()
                .filter(index -> index.is(role) && index.is(Index.Trait.VALID))
                .findFirst();
    }
}
