package io.refreshd.routing;

import static io.refreshd.catalog.CatalogBuilder.table;
import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.catalog.CatalogBuilder;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.model.Change;
import io.refreshd.model.ChangedColumns;
import io.refreshd.model.ChangedRows;
import io.refreshd.model.Impact;
import io.refreshd.model.Operation;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.report.Notice;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RouterTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    /** The view titles reads main(id, title) and all of users; the view roles reads main(id, role). */
    private final Router router = new Router(graph());

    private static ViewGraph graph() {
        CatalogBuilder catalog = new CatalogBuilder()
                .table("main", "id", "title", "role", "seen")
                .table("users", "id", "name");
        catalog.materialized("titles", catalog.reads("main", 1, 2), catalog.reads("users", 0));
        catalog.materialized("roles", catalog.reads("main", 1, 3));
        return ViewGraph.of(catalog.build(), view -> true);
    }

    @Test
    void affectsOnlyReadersOfTheChangedColumns() {
        Routing routing = router.route(List.of(update("main", 7, NOON, "role")));
        assertThat(routing.impacts()).containsExactly(impact("roles", NOON, 7));
        assertThat(routing.avoided()).containsExactly(avoided("titles"));
    }

    @Test
    void affectsNothingIfNoViewReadsTheColumn() {
        Routing routing = router.route(List.of(update("main", 7, NOON, "seen"), update("main", 8, NOON)));
        assertThat(routing.impacts()).isEmpty();
        assertThat(routing.avoided())
                .singleElement()
                .satisfies(avoided ->
                        assertThat(avoided.views()).containsExactlyInAnyOrder(view("titles"), view("roles")));
    }

    @ParameterizedTest
    @EnumSource(names = "UPDATE", mode = EnumSource.Mode.EXCLUDE)
    void affectsAllReadersIfRowsCameOrWent(Operation operation) {
        Change change = new Change(
                table("main"),
                new Xid(7),
                Map.of(operation, 1L, Operation.UPDATE, 5L),
                ChangedColumns.of(Set.of("seen")),
                NOON);
        assertThat(router.route(List.of(change)).impacts())
                .containsExactlyInAnyOrder(impact("roles", NOON, 7), impact("titles", NOON, 7));
    }

    @Test
    void affectsAllReadersIfColumnsAreNotKnown() {
        Change allColumns =
                new Change(table("main"), new Xid(7), Map.of(Operation.UPDATE, 1L), ChangedColumns.ALL, NOON);
        Change noRows = new Change(table("main"), new Xid(7), Map.of(), ChangedColumns.NONE, NOON);
        for (Change change : List.of(allColumns, noRows, update("main", 7, NOON, "seen", "renamed"))) {
            assertThat(router.route(List.of(change)).impacts()).as("%s", change).hasSize(2);
        }
        assertThat(router.route(List.of(update("users", 7, NOON, "name"))).impacts())
                .containsExactly(impact("titles", NOON, 7));
    }

    @Test
    void affectsNothingByATableThatNoViewReads() {
        Routing routing = router.route(List.of(update("unheard_of", 7, NOON, "id")));
        assertThat(routing.impacts()).isEmpty();
        assertThat(routing.avoided()).isEmpty();
    }

    @Test
    void unitesTransactionsAndKeepsTheOldestCommit() {
        Routing routing = router.route(List.of(
                update("main", 9, NOON.plusSeconds(3), "title"),
                update("users", 7, NOON.plusSeconds(1), "name"),
                update("main", 8, NOON.plusSeconds(2), "role"),
                update("main", 9, NOON.plusSeconds(3), "id")));
        assertThat(routing.impacts())
                .containsExactlyInAnyOrder(
                        impact("titles", NOON.plusSeconds(1), 7, 9), impact("roles", NOON.plusSeconds(2), 8, 9));
        assertThat(routing.avoided())
                .as("not affected by one change, affected by another")
                .isEmpty();
    }

    @Test
    void namesAllTransactionsThatDidTheSame() {
        Xids xids = Xids.of(LongStream.of(9, 7));
        Change both = new Change(
                table("main"),
                xids,
                Map.of(Operation.UPDATE, 2L),
                ChangedColumns.of(Set.of("role")),
                ChangedRows.UNKNOWN,
                NOON);
        assertThat(router.route(List.of(both)).impacts()).containsExactly(impact("roles", NOON, 7, 9));
        assertThat(router.route(List.of(both, update("main", 8, NOON, "role"))).impacts())
                .containsExactly(impact("roles", NOON, 7, 8, 9));
    }

    @Test
    void namesColumnsThatNoViewReads() {
        assertThat(router.interestIn(table("main")).unread()).containsExactly("seen");
        assertThat(router.interestIn(table("users")).unread())
                .as("all of it is read")
                .isEmpty();
    }

    /** With one view for each role, a batch must cost by the number of changes plus that of views, not by their product. */
    @Test
    void sharesTransactionsAmongViewsWithTheSameChanges() {
        CatalogBuilder catalog = new CatalogBuilder().table("main", "id", "title");
        for (int i = 0; i < 1_000; i++) {
            catalog.materialized("role_" + i, catalog.reads("main", 1, 2));
        }
        Router many = new Router(ViewGraph.of(catalog.build(), view -> true));
        List<Change> changes = LongStream.range(0, 5_000)
                .mapToObj(i -> update("main", i + 1, NOON, i % 2 == 0 ? "id" : "title"))
                .toList();
        List<Impact> impacts = many.route(changes).impacts();
        assertThat(impacts).hasSize(1_000);
        Xids xids = impacts.getFirst().xids();
        assertThat(xids.size()).isEqualTo(5_000);
        assertThat(impacts).allSatisfy(impact -> assertThat(impact.xids()).isSameAs(xids));
    }

    private static Change update(String table, long xid, Instant at, String... columns) {
        return new Change(
                table(table), new Xid(xid), Map.of(Operation.UPDATE, 1L), ChangedColumns.of(Set.of(columns)), at);
    }

    private static Impact impact(String view, Instant oldest, long... xids) {
        return new Impact(view(view), Xids.of(LongStream.of(xids)), oldest);
    }

    private static Notice.RefreshAvoided avoided(String view) {
        ViewId id = view(view);
        return new Notice.RefreshAvoided(id, Notice.Avoided.COLUMN);
    }
}
