package io.refreshd.catalog;

import io.refreshd.model.ClockBound;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.UpstreamRows;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Builds one {@link ViewGraph} from a {@link Catalog}. Works with oids, and turns them into names only in the result.
 *
 * <p>Thread: one only; a builder is used once.
 */
final class GraphBuilder {
    private final CatalogIndex catalogIndex;
    private final ContentIndex content;
    private final Predicate<ViewId> included;
    private final SortedMap<ViewId, Relation> views = new TreeMap<>();
    private final Map<ViewId, ViewSources> sources = new HashMap<>();
    private final SortedMap<TableId, BaseTable> tables = new TreeMap<>();
    private final Map<TableId, List<Reader>> readers = new HashMap<>();
    private final Map<TableId, Map<ViewId, ChangeFilter>> filters = new HashMap<>();
    private final Map<ViewId, List<ClockBound>> clocks = new HashMap<>();
    private final Map<ViewId, List<UpstreamRows>> stacks = new HashMap<>();
    /** One object for all that are equal: a partitioned table may have a thousand partitions, and be read by a thousand views. */
    private final Map<Object, Object> kept = new HashMap<>();

    GraphBuilder(Catalog catalog, Predicate<ViewId> included) {
        this.catalogIndex = new CatalogIndex(catalog);
        this.content = new ContentIndex(catalog.content());
        this.included = included;
        for (Relation relation : catalog.relations()) {
            if (relation.kind() == RelationKind.MATERIALIZED_VIEW && included.test(relation.viewId())) {
                views.put(relation.viewId(), relation);
            }
        }
    }

    ViewGraph build() {
        UntrackedSources untrackedSources = new UntrackedSources(catalogIndex, included);
        Publishability publishability = new Publishability(catalogIndex);
        LookupAnalysis lookups = new LookupAnalysis(catalogIndex);
        DiscriminatorAnalysis discriminators = new DiscriminatorAnalysis(catalogIndex);
        views.forEach((id, view) -> {
            ViewSources found = ViewSources.of(view, catalogIndex);
            sources.put(id, found);
            StackedTables tablesBelow = catalogIndex.incremental(view).isPresent()
                    ? StackedTables.of(found, catalogIndex)
                    : new StackedTables(catalogIndex, List.of());
            LookupAnalysis analysis =
                    tablesBelow.index() == catalogIndex ? lookups : new LookupAnalysis(tablesBelow.index());
            List<Obstacle> followed = followed(view, found, untrackedSources);
            DiscriminatorAnalysis.ByTable discriminator =
                    examined(() -> discriminators.of(view, found), why -> table -> Optional.empty());
            LookupAnalysis.ByTable lookup =
                    examined(() -> analysis.of(view, found, followed), why -> table -> Lookup.not(why));
            if (followed.isEmpty() && catalogIndex.incremental(view).isPresent()) {
                clocks.put(
                        id,
                        examined(
                                () -> ClockBounds.of(ClockUse.of(found, catalogIndex), lookup, catalogIndex),
                                why -> List.of()));
            }
            stacks.put(
                    id,
                    StackedRows.of(
                            found,
                            tablesBelow,
                            table -> examined(() -> lookup.of(table), why -> Lookup.not(why)),
                            source -> included.test(source.viewId())));
            for (Relation relation : found.relations()) {
                if (relation.isDecodable()) {
                    tables.computeIfAbsent(relation.tableId(), table -> publishability.baseTable(relation));
                    readers.computeIfAbsent(relation.tableId(), table -> new ArrayList<>())
                            .add(kept(new Reader(id, found.columnsOf(relation))));
                    filters.computeIfAbsent(relation.tableId(), table -> new HashMap<>())
                            .put(
                                    id,
                                    kept(new ChangeFilter(
                                            examined(() -> discriminator.of(relation), why -> Optional.empty()),
                                            examined(() -> lookup.of(relation), why -> Lookup.not(why)))));
                }
            }
        });
        readers.replaceAll((table, list) -> kept(List.copyOf(list)));
        filters.replaceAll((table, byView) -> kept(byView));

        ViewDependencies dependencies = new ViewDependencies(upstream());
        RefreshObstacles obstacles = new RefreshObstacles(catalogIndex);
        Lineage lineage = new Lineage(catalogIndex, content, included);
        ObjectsInFlux objectsInFlux = new ObjectsInFlux(content);
        OpaqueFunctions opaqueFunctions = new OpaqueFunctions(content);
        SortedMap<ViewId, ViewGraph.Node> nodes = new TreeMap<>();
        views.forEach((id, view) -> {
            ViewSources found = sources(id);
            List<Obstacle> untracked = new ArrayList<>(untrackedSources.of(view, found));
            dependencies.cycleOf(id).ifPresent(untracked::add);
            Optional<IncrementalView> incremental = catalogIndex.incremental(view);
            // Nothing can be said of rows that somebody else may have written.
            incremental.flatMap(IncrementalView::damage).ifPresent(untracked::add);
            boolean onlyClock = untracked.equals(untrackedSources.of(view, found));
            Optional<Obstacle> plainObstacle =
                    incremental.flatMap(IncrementalView::obstacle).or(() -> obstacles.toAnyRefresh(found));
            nodes.put(
                    id,
                    new ViewGraph.Node(
                            new MaterializedView(
                                    id,
                                    view.oid(),
                                    view.traits().owner(),
                                    view.traits().populated(),
                                    incremental.isPresent()
                                            ? plainObstacle
                                            // Its own REFRESH would fail as long as what it reads is not populated.
                                            : plainObstacle.or(() -> obstacles.toConcurrentRefresh(view, found)),
                                    plainObstacle,
                                    untracked,
                                    incremental,
                                    onlyClock ? clocks.getOrDefault(id, List.of()) : List.of()),
                            dependencies.upstreamOf(id),
                            dependencies.downstreamOf(id),
                            lineage.of(view, found),
                            opaqueFunctions.of(view, found),
                            objectsInFlux.of(found),
                            content.types(content.references(found)),
                            stacks.getOrDefault(id, List.of())));
        });
        return new ViewGraph(nodes, tables, readers, filters);
    }

    /** The untracked sources of the view; without the clock if its rounds follow the clock. */
    private List<Obstacle> followed(Relation view, ViewSources found, UntrackedSources untracked) {
        boolean carried = catalogIndex.incremental(view).isPresent()
                && examined(() -> ClockUse.of(found, catalogIndex).isCarried(), why -> false);
        return carried ? untracked.besidesClock(view, found) : untracked.of(view, found);
    }

    /**
     * What an analysis finds in a query that anybody may have written.
     *
     * <p>Failure: a query that breaks the analysis is not examined, and the view counts as affected by every change of what it reads.
     * The other views go on.
     *
     * @param otherwise takes the reason
     */
    private static <T> T examined(Supplier<T> analysis, Function<String, T> otherwise) {
        try {
            return analysis.get();
        } catch (RuntimeException | StackOverflowError e) {
            return otherwise.apply(
                    "its query could not be examined (" + e.getClass().getSimpleName() + ")");
        }
    }

    @SuppressWarnings("unchecked")
    private <T> T kept(T value) {
        Object before = kept.putIfAbsent(value, value);
        return before == null ? value : (T) before;
    }

    private ViewSources sources(ViewId view) {
        ViewSources found = sources.get(view);
        if (found == null) {
            throw new IllegalStateException("its sources were not collected: " + view);
        }
        return found;
    }

    private SortedMap<ViewId, SortedSet<ViewId>> upstream() {
        SortedMap<ViewId, SortedSet<ViewId>> upstream = new TreeMap<>();
        for (ViewId view : views.keySet()) {
            SortedSet<ViewId> read = new TreeSet<>();
            for (Relation other : sources(view).materializedViews()) {
                if (views.containsKey(other.viewId())) {
                    read.add(other.viewId());
                }
            }
            upstream.put(view, Collections.unmodifiableSortedSet(read));
        }
        return upstream;
    }
}
