package io.refreshd.catalog;

import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.TableChanges;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Plans how a query is kept that groups rows. To the query around them, groups are rows of a table that change for some keys. For each of
 * these tables a map is kept, by the same means as a view that joins: the rows that are grouped, with the keys of their groups.
 */
final class GroupedPlanner {
    private final Relation view;
    private final GroupedQuery grouped;
    private final QueryPurpose purpose;
    private final List<Obstacle> obstacles = new ArrayList<>();

    GroupedPlanner(Relation view, GroupedQuery grouped, QueryPurpose purpose) {
        this.purpose = purpose;
        this.view = view;
        this.grouped = grouped;
    }

    /** @param before obstacles that are known already */
    IncrementalQuery plan(List<Obstacle> before) {
        obstacles.addAll(before);
        List<Optional<IncrementalQuery>> rows = new ArrayList<>();
        for (GroupedPart part : grouped.parts()) {
            part.branches().forEach(branch -> rows.add(planned(branch)));
        }
        Optional<IncrementalQuery> around = planned(grouped.around(), grouped.names(), purpose);
        List<GroupMap> maps = new ArrayList<>();
        if (around.isPresent() && rows.stream().allMatch(Optional::isPresent)) {
            int next = 0;
            for (GroupedPart part : grouped.parts()) {
                for (GroupedPart.Branch branch : part.branches()) {
                    map(part, branch, rows.get(next).orElseThrow(), around.get())
                            .ifPresent(map -> add(map, maps));
                    next++;
                }
            }
        }
        return obstacles.isEmpty() && around.isPresent()
                ? whole(around.get(), maps)
                : IncrementalQuery.not(view, obstacles.stream().distinct().toList());
    }

    /** Adds the maps on which a map depends before it. Their numbers count from the first of them. */
    private static void add(GroupMap map, List<GroupMap> maps) {
        int before = maps.size();
        int number = before + map.rows().maps().size() + 1;
        map.rows().maps().forEach(inner -> maps.add(inner.of(inner.of() == 0 ? number : before + inner.of())));
        maps.add(map.leaf());
    }

    private Optional<IncrementalQuery> planned(GroupedPart.Branch branch) {
        if (branch.nested().isEmpty()) {
            return planned(branch.map(), branch.around(), QueryPurpose.MAPPED);
        }
        IncrementalQuery rows =
                new GroupedPlanner(branch.map(), branch.nested().get(), QueryPurpose.MAPPED).plan(List.of());
        obstacles.addAll(rows.obstacles());
        return Optional.of(rows).filter(IncrementalQuery::possible);
    }

    private Optional<IncrementalQuery> planned(Relation part, List<EntryNames> namesAround, QueryPurpose forWhat) {
        try {
            CatalogIndex catalogIndex = grouped.catalogIndex();
            SelectProjectJoin.of(part, catalogIndex, forWhat);
            RecomputePlanner planner = new RecomputePlanner(
                    part,
                    new JoinedReads(catalogIndex.query(part).orElseThrow(), catalogIndex, namesAround),
                    catalogIndex);
            Optional<Obstacle> obstacle = planner.obstacle();
            obstacle.ifPresent(obstacles::add);
            return obstacle.isPresent() ? Optional.empty() : Optional.of(planner.plan());
        } catch (UnsupportedQueryException unsupported) {
            obstacles.add(new Obstacle(unsupported.why(), Remedy.NONE));
            return Optional.empty();
        }
    }

    /** How the groups of a part lead to rows of the view. */
    private Optional<GroupMap> map(
            GroupedPart part, GroupedPart.Branch branch, IncrementalQuery rows, IncrementalQuery around) {
        TableChanges changes = around.tables().stream()
                .filter(table -> table.table().equals(part.table().tableId()))
                .findFirst()
                .orElseThrow();
        if (changes.by().size() != 1) {
            obstacles.add(changes.everything()
                    .orElse(new Obstacle("how it reads " + part.table().name() + " is not understood", Remedy.NONE)));
            return Optional.empty();
        }
        List<String> names = changes.by().getFirst().columns();
        List<Integer> key = names.stream()
                .map(name -> IntStream.range(0, part.key().size())
                        .filter(at -> part.table()
                                .columns()
                                .get(part.key().get(at) - 1)
                                .name()
                                .equals(name))
                        .map(at -> rows.hidden().size() + at + 1)
                        .findFirst()
                        .orElseThrow())
                .toList();
        boolean joined = !around.anchor().equals(Optional.of(part.table().tableId()));
        return Optional.of(new GroupMap(
                rows, branch.text(), key, changes.by().getFirst().positions(), joined, 0, Optional.empty()));
    }

    private IncrementalQuery whole(IncrementalQuery around, List<GroupMap> maps) {
        List<TableId> parts =
                grouped.parts().stream().map(part -> part.table().tableId()).toList();
        return new IncrementalQuery(
                view.viewId(),
                view.oid(),
                List.of(),
                around.anchor().map(anchor -> parts.contains(anchor) ? view.tableId() : anchor),
                around.anchorKey(),
                around.recomputeKey(),
                around.hidden(),
                around.tables().stream()
                        .filter(table -> !parts.contains(table.table()))
                        .toList(),
                Stream.concat(maps.stream(), around.maps().stream()).toList());
    }
}
