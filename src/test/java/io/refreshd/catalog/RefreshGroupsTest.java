package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which views can be refreshed together, by what they read. */
class RefreshGroupsTest {
    private final ViewGraph graph = graph();

    /** Low views a to d, and those that stand on them: on_a, on_d, and above on_a. */
    private static ViewGraph graph() {
        CatalogBuilder builder = new CatalogBuilder().table("main", "id", "title");
        for (String low : List.of("a", "b", "c", "d")) {
            builder.materialized(low, builder.reads("main", 1, 2));
        }
        builder.materialized("on_a", builder.reads("a", 1));
        builder.materialized("on_d", builder.reads("d", 1));
        builder.materialized("above", builder.reads("on_a", 1));
        return ViewGraph.of(builder.build(), name -> true);
    }

    @Test
    void viewsOfDifferentStacksAreRefreshedTogether() {
        RefreshGroups groups = groups(names("a", "b", "on_d"), names("c", "d"));
        assertThat(groups.othersOf(view("a"))).containsExactlyInAnyOrder(view("b"), view("on_d"));
        assertThat(groups.othersOf(view("on_a"))).isEmpty();
        assertThat(groups.obstacleTo(view("a"), none -> Optional.empty())).isEmpty();
    }

    @Test
    void aViewThatThereIsNotIsLeftOut() {
        RefreshGroups groups = groups(names("a", "absent"));
        assertThat(groups.othersOf(view("a"))).isEmpty();
        assertThat(groups.groups().getFirst().missing()).containsExactly(view("absent"));
        assertThat(groups.obstacleTo(view("a"), none -> Optional.empty())).isEmpty();
    }

    /** It is refreshed after them, in the same transaction. */
    @Test
    void viewsThatStandOnEachOtherAreRefreshedTogether() {
        RefreshGroups groups = groups(names("above", "b", "a", "on_a"), names("d", "on_d"));
        assertThat(groups.othersOf(view("a"))).containsExactlyInAnyOrder(view("b"), view("on_a"), view("above"));
        assertThat(groups.groups())
                .allSatisfy(group -> assertThat(group.conflict()).isEmpty());
    }

    /** That view would have to be refreshed between the two. */
    @Test
    void aViewBetweenThemThatIsNotInTheGroupIsAConflict() {
        for (List<ViewId> names : List.of(names("a", "above"), names("above", "b", "a"))) {
            RefreshGroups groups = groups(names);
            assertThat(groups.othersOf(view("a"))).isEmpty();
            for (ViewId name : names) {
                assertThat(groups.obstacleTo(name, none -> Optional.empty())
                                .orElseThrow()
                                .what())
                        .isEqualTo("views.together names public.above together with public.a, but it stands on that"
                                + " view through others that are not in the group");
            }
        }
    }

    /** The first group would have to be refreshed before the second, and the second before the first. */
    @Test
    void groupsThatStandOnEachOtherAreInConflict() {
        RefreshGroups groups = groups(names("a", "on_d"), names("d", "on_a"));
        assertThat(groups.groups())
                .allSatisfy(group -> assertThat(group.conflict()).isPresent());
    }

    @Test
    void whatKeepsOneFromBeingRefreshedKeepsTheOthers() {
        RefreshGroups groups = groups(names("a", "b"));
        Obstacle own = new Obstacle("has no unique index", Remedy.sql(List.of("CREATE UNIQUE INDEX")));
        assertThat(groups.obstacleTo(view("a"), view -> Optional.of(own).filter(why -> view.equals(view("b")))))
                .contains(new Obstacle(
                        "is refreshed together with public.b, which cannot be refreshed: has no unique index",
                        own.remedy()));
    }

    @SafeVarargs
    private RefreshGroups groups(List<ViewId>... together) {
        return RefreshGroups.of(graph, Arrays.asList(together));
    }

    private static List<ViewId> names(String... names) {
        return Stream.of(names).map(RefreshGroupsTest::view).toList();
    }

    private static ViewId view(String name) {
        return new ViewId("public", name);
    }
}
