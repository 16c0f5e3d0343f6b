package io.refreshd.catalog;

import static io.refreshd.catalog.CatalogBuilder.table;
import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.Obstacle;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ViewGraphTest {
    private final CatalogBuilder catalog = new CatalogBuilder().table("main", "id", "title", "role");

    @Test
    void namesTheColumnsThatAreRead() {
        catalog.materialized("v", catalog.reads("main", 1, 3));
        assertThat(graph().readersOf(table("main")))
                .containsExactly(new Reader(view("v"), ReadColumns.of(List.of("id", "role"))));
    }

    @Test
    void unitesColumnsThatAreReadOnSeveralPaths() {
        catalog.view("plain", catalog.reads("main", 2));
        catalog.materialized("v", catalog.reads("main", 1), catalog.reads("plain", 1));
        assertThat(graph().readersOf(table("main")))
                .containsExactly(new Reader(view("v"), ReadColumns.of(List.of("id", "title"))));
    }

    @Test
    void readsAllColumnsWhereThatCannotBeRuledOut() {
        catalog.table("other", "id", "generated");
        catalog.materialized("whole_relation", catalog.reads("main", 0));
        catalog.materialized("system_column", catalog.reads("main", 1, -3));
        catalog.materialized("dropped_column", catalog.reads("main", 1, 9));
        catalog.materialized("generated", catalog.reads("other", 2));
        catalog.relation("row", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule("row", Set.of(Rule.Trait.WHOLE_ROW), Set.of(), catalog.reads("main", 1));
        assertThat(graph().readersOf(table("main")))
                .hasSize(4)
                .allSatisfy(reader -> assertThat(reader.columns()).isEqualTo(ReadColumns.ALL));
        assertThat(graph().readersOf(table("other"))).containsExactly(new Reader(view("generated"), ReadColumns.ALL));
    }

    @Test
    void readsAllColumnsOfAChildWithoutTheColumn() {
        catalog.withoutKey("odd", "id").child("main", "odd").materialized("v", catalog.reads("main", 2));
        assertThat(graph().readersOf(table("odd"))).containsExactly(new Reader(view("v"), ReadColumns.ALL));
    }

    @Test
    void namesLeavesAndNotPartitionedTables() {
        catalog.relation("root", RelationKind.PARTITIONED_TABLE, Relation.Traits.USUAL, "id", "at")
                .relation("branch", RelationKind.PARTITIONED_TABLE, Relation.Traits.USUAL, "id", "at")
                .table("leaf", "at", "id")
                .child("root", "branch")
                .child("branch", "leaf")
                .materialized("v", catalog.reads("root", 1));
        assertThat(graph().tables().keySet()).containsExactly(table("leaf"));
        assertThat(graph().readersOf(table("leaf")))
                .containsExactly(new Reader(view("v"), ReadColumns.of(List.of("id"))));
    }

    @Test
    void leavesOutViewsThatAreNotIncluded() {
        catalog.table("other", "id");
        catalog.materialized("in", catalog.reads("main", 1));
        catalog.materialized("out", catalog.reads("other", 1));
        catalog.materialized("over", catalog.reads("in", 1), catalog.reads("out", 1));
        ViewGraph graph = ViewGraph.of(catalog.build(), id -> !id.equals(view("out")));
        assertThat(graph.views().keySet()).containsExactly(view("in"), view("over"));
        assertThat(graph.tables().keySet()).containsExactly(table("main"));
        assertThat(graph.readersOf(table("other"))).isEmpty();
        assertThat(graph.upstreamOf(view("over"))).containsExactly(view("in"));
        assertThat(untracked(graph, "over")).singleElement().asString().contains("\"public\".\"out\"");
        assertThat(graph.upstreamOf(view("out"))).isEmpty();
        assertThatThrownBy(() -> graph.lineageOf(view("out"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void endsWherePlainViewsReadEachOther() {
        catalog.relation("a", RelationKind.VIEW, Relation.Traits.USUAL, "id")
                .relation("b", RelationKind.VIEW, Relation.Traits.USUAL, "id");
        catalog.rule("a", Set.of(), Set.of(), catalog.reads("b", 1))
                .rule("b", Set.of(), Set.of(), catalog.reads("a", 1), catalog.reads("main", 1));
        catalog.materialized("v", catalog.reads("a", 1));
        assertThat(graph().readersOf(table("main"))).extracting(Reader::view).containsExactly(view("v"));
    }

    @Test
    void leavesOutEdgesOfCyclesAndReportsThem() {
        catalog.relation("a", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id");
        catalog.materialized("b", catalog.reads("a", 1));
        catalog.rule("a", Set.of(), Set.of(), catalog.reads("b", 1));
        catalog.materialized("c", catalog.reads("b", 1));
        ViewGraph graph = graph();
        assertThat(graph.upstreamOf(view("a"))).isEmpty();
        assertThat(graph.upstreamOf(view("b"))).isEmpty();
        assertThat(graph.upstreamOf(view("c"))).containsExactly(view("b"));
        assertThat(untracked(graph, "a")).containsExactly("reads itself, by way of public.b");
        assertThat(untracked(graph, "c")).isEmpty();
    }

    @Test
    void refusesIndexesThatTheServerRefuses() {
        Set<Index.Trait> good =
                EnumSet.of(Index.Trait.UNIQUE, Index.Trait.VALID, Index.Trait.IMMEDIATE, Index.Trait.BTREE);
        assertThat(obstacleWith(1, good)).isNull();
        for (Index.Trait missing : good) {
            Set<Index.Trait> rest = EnumSet.copyOf(good);
            rest.remove(missing);
            assertThat(obstacleWith(1, rest)).as("without " + missing).isNotNull();
        }
        Set<Index.Trait> partial = EnumSet.copyOf(good);
        partial.add(Index.Trait.PARTIAL);
        assertThat(obstacleWith(1, partial)).isNotNull();
        assertThat(obstacleWith(0, good)).isNotNull();
    }

    private static @Nullable Obstacle obstacleWith(int column, Set<Index.Trait> traits) {
        CatalogBuilder catalog = new CatalogBuilder().table("main", "id");
        catalog.relation("v", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule("v", Set.of(), Set.of(), catalog.reads("main", 1))
                .rawIndex("v", column, traits);
        return ViewGraph.of(catalog.build(), id -> true)
                .view(view("v"))
                .orElseThrow()
                .obstacle()
                .orElse(null);
    }

    @Test
    void guessesNoKeyWhenTwoTablesCouldGiveIt() {
        catalog.table("other", "id");
        catalog.relation("one", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule("one", Set.of(), Set.of(), catalog.reads("main", 1))
                .relation("two", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule("two", Set.of(), Set.of(), catalog.reads("main", 1), catalog.reads("other", 1));
        assertThat(remedy("one")).isEqualTo("CREATE UNIQUE INDEX ON \"public\".\"one\" (\"id\")");
        assertThat(remedy("two"))
                .startsWith("create a unique index on columns of \"public\".\"two\" that identify a row");
    }

    @Test
    void takesClocksAndNotFormatsForNonDeterministic() {
        catalog.function(1, "now", 's')
                .function(2, "to_char", 's')
                .function(3, "random", 'v')
                .function(4, "pg_typeof", 's')
                .function(5, "pg_get_viewdef", 's')
                .function(20_000, "mine", 's')
                .function(20_001, "pure", 'i');
        catalog.relation("v", RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule("v", Set.of(), Set.of(1L, 2L, 3L, 4L, 5L, 20_000L, 20_001L), catalog.reads("main", 1));
        assertThat(untracked(graph(), "v"))
                .satisfiesExactly(
                        now -> assertThat(now).contains("\"now\""),
                        random -> assertThat(random).contains("\"random\""),
                        viewdef -> assertThat(viewdef).contains("\"pg_get_viewdef\""),
                        mine -> assertThat(mine).contains("\"mine\"", "IMMUTABLE"));
    }

    @Test
    void givesTheSameLineageForTheSameCatalog() {
        catalog.materialized("v", catalog.reads("main", 1));
        String before = graph().lineageOf(view("v"));
        assertThat(graph().lineageOf(view("v"))).isEqualTo(before);
        catalog.withoutKey("child", "id", "title", "role").child("main", "child");
        assertThat(graph().lineageOf(view("v"))).isNotEqualTo(before);
    }

    private ViewGraph graph() {
        return ViewGraph.of(catalog.build(), id -> true);
    }

    private String remedy(String view) {
        return graph().view(view(view))
                .orElseThrow()
                .obstacle()
                .orElseThrow()
                .remedy()
                .toString();
    }

    private static List<String> untracked(ViewGraph graph, String view) {
        return graph.view(view(view)).orElseThrow().untrackedSources().stream()
                .map(Obstacle::what)
                .toList();
    }
}
