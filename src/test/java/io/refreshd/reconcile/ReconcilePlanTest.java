package io.refreshd.reconcile;

import static io.refreshd.catalog.CatalogBuilder.table;
import static io.refreshd.catalog.CatalogBuilder.view;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogBuilder;
import io.refreshd.catalog.Fingerprint;
import io.refreshd.catalog.RelationVersions;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.ViewPattern;
import io.refreshd.config.ViewsSettings;
import io.refreshd.doctor.RequiredTables;
import io.refreshd.ingest.CatalogVersion;
import io.refreshd.ledger.Ledgered;
import io.refreshd.ledger.Registration;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.LedgerEntry;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.reconcile.EnrolmentTracker.Enrolment;
import io.refreshd.schedule.ViewSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The plan between a ledger, a routing table and a catalog, without any of them. */
class ReconcilePlanTest {
    private static final Duration BY_THE_CLOCK = Duration.ofSeconds(60);
    private static final ViewsSettings SETTINGS = settings(List.of());

    private Catalog catalog = catalog(List.of());
    private ViewGraph graph = ViewGraph.of(catalog, name -> true);
    private final ViewId low = view("low");
    private final ViewId high = view("high");
    private final ViewId peer = view("peer");
    private final TableId main = table("main");

    private Map<ViewId, Ledgered> ledger = Map.of();
    private Map<ViewId, Long> routed = Map.of();
    private Enrolment enrolment = new Enrolment(Set.of(table("main"), table("other")), Set.of(), Set.of(), Set.of());
    private Optional<Obstacle> degraded = Optional.empty();
    private Map<Long, Obstacle> notRefreshable = Map.of();

    private static ViewsSettings settings(List<List<ViewId>> together) {
        return new ViewsSettings(
                List.of(ViewPattern.of("public.*")),
                List.of(),
                new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.empty()),
                Method.CONCURRENT,
                Optional.of(BY_THE_CLOCK),
                FullRecompute.ALLOW,
                false,
                List.of(),
                together);
    }

    /** @param above views that stand on the high one */
    private static Catalog catalog(List<ViewId> above) {
        CatalogBuilder builder =
                new CatalogBuilder().table("main", "id", "title").table("other", "id");
        builder.materialized("low", builder.reads("main", 1, 2));
        builder.materialized("high", builder.reads("low", 1));
        above.forEach(view -> builder.materialized(view.name(), builder.reads("high", 1)));
        builder.materialized("peer", builder.reads("other", 1));
        return builder.build();
    }

    @Test
    void aNewViewIsRegisteredAndUncertainButNotAltered() {
        ReconcilePlan plan = plan();
        assertThat(plan.registrations()).extracting(Registration::view).containsExactlyInAnyOrder(low, high, peer);
        assertThat(plan.altered()).isEmpty();
        assertThat(plan.uncertain()).containsExactlyInAnyOrder(low, high, peer);
    }

    @Test
    void nothingIsAlteredWhereLedgerAndRoutingTableAgreeWithTheCatalog() {
        known(snapshot().lineageOf(low));
        assertThat(plan().altered()).isEmpty();
        assertThat(plan().uncertain()).isEmpty();
    }

    @Test
    void theLedgerNeedsNoRegistrationThatItHasAlready() {
        known(snapshot().lineageOf(low));
        List<Registration> before = plan().registrations();
        ledger = before.stream()
                .collect(Collectors.toMap(
                        Registration::view,
                        one -> new Ledgered(LedgerEntry.unknown(one.view()), one.oid(), one.lineage())));
        assertThat(plan().isAdopted(ledger, before)).isTrue();
        assertThat(plan().isAdopted(ledger, List.of()))
                .as("not written by this daemon")
                .isFalse();
        Map<ViewId, Ledgered> fewer = new HashMap<>(ledger);
        fewer.remove(peer);
        assertThat(plan().isAdopted(fewer, before)).as("a row is gone").isFalse();
        fewer.put(peer, new Ledgered(LedgerEntry.unknown(peer), oid(peer), ""));
        assertThat(plan().isAdopted(fewer, before))
                .as("a row is of another definition")
                .isFalse();
        fewer.put(
                peer,
                new Ledgered(LedgerEntry.unknown(peer), 1, ledger.get(peer).lineage()));
        assertThat(plan().isAdopted(fewer, before))
                .as("a row is of another view")
                .isFalse();
        Map<ViewId, Ledgered> more = new HashMap<>(ledger);
        more.put(view("dropped"), new Ledgered(LedgerEntry.unknown(view("dropped")), 1, ""));
        assertThat(plan().isAdopted(more, before)).as("a view is gone").isFalse();
        notRefreshable = Map.of(oid(peer), new Obstacle("no right", Remedy.NONE));
        assertThat(plan().isAdopted(ledger, before)).as("an obstacle has come").isFalse();
    }

    @Test
    void anotherLineageIsAnAlteredView() {
        known("another");
        assertThat(plan().altered()).containsExactly(low);
        assertThat(plan().uncertain()).containsExactly(low);
    }

    /** A view of another oid is a new one: its row in the ledger is written anew, and no mark is needed beside that. */
    @Test
    void anotherViewUnderTheSameNameIsUncertainAndNotAltered() {
        known("another");
        ledger = Map.of(low, new Ledgered(LedgerEntry.unknown(low), 1, "another"));
        routed = Map.of(low, 1L, high, oid(high), peer, oid(peer));
        assertThat(plan().altered()).isEmpty();
        assertThat(plan().uncertain()).containsExactly(low);
    }

    @Test
    void whatATableLackedWhileItWasNotCapturedIsMissingFromItsReaders() {
        known(snapshot().lineageOf(low));
        enrolment = new Enrolment(Set.of(main), Set.of(main), Set.of(), Set.of());
        assertThat(plan().altered()).containsExactly(low);
        enrolment = new Enrolment(Set.of(), Set.of(), Set.of(main), Set.of());
        assertThat(plan().altered()).containsExactly(low);
        assertThat(enrolment.settled().lost()).isEmpty();
    }

    @Test
    void aViewOnATableThatIsNotCapturedGoesByTheClock() {
        enrolment = new Enrolment(Set.of(), Set.of(), Set.of(), Set.of());
        assertThat(registration(plan(), low).untracked()).isPresent();
        assertThat(spec(plan(), low).timing().maxStaleness()).contains(BY_THE_CLOCK);
        assertThat(spec(plan(), low).untracked().orElseThrow().what()).contains("joined the publication");
        assertThat(registration(plan(), high).untracked())
                .as("high reads no table itself")
                .isEmpty();
    }

    @Test
    void whileTheLogIsNotReadEveryViewGoesByTheClock() {
        assertThat(spec(plan(), low).untracked()).isEmpty();
        degraded = Optional.of(new Obstacle("the log is not read", Remedy.text("wait")));
        assertThat(plan().specs()).hasSize(3).allSatisfy(spec -> {
            assertThat(spec.untracked()).isEqualTo(degraded);
            assertThat(spec.timing().maxStaleness()).contains(BY_THE_CLOCK);
        });
    }

    @Test
    void aViewStandsOnTheOidsOfOthers() {
        assertThat(registration(plan(), high).upstream()).containsExactly(oid(low));
        assertThat(spec(plan(), high).upstream()).containsExactly(low);
    }

    @Test
    void theViewsOfAGroupKnowEachOtherAndWhatKeepsOneFromBeingRefreshed() {
        assertThat(plan(List.of(low, peer)).specs())
                .filteredOn(spec -> !spec.together().isEmpty())
                .extracting(ViewSpec::view, ViewSpec::together)
                .containsExactlyInAnyOrder(tuple(low, Set.of(peer)), tuple(peer, Set.of(low)));

        notRefreshable = Map.of(oid(peer), new Obstacle("may not be refreshed", Remedy.NONE));
        ReconcilePlan plan = plan(List.of(low, peer));
        String what = "is refreshed together with public.peer, which cannot be refreshed: may not be refreshed";
        assertThat(registration(plan, low).obstacle().orElseThrow().what()).isEqualTo(what);
        assertThat(spec(plan, low).obstacle().orElseThrow().what()).isEqualTo(what);
        assertThat(spec(plan, high).obstacle()).isEmpty();
    }

    @Test
    void viewsInConflictAreNoGroupAndAreNotRefreshed() {
        ViewId top = view("top");
        catalog = catalog(List.of(top));
        graph = ViewGraph.of(catalog, name -> true);
        ReconcilePlan plan = plan(List.of(low, top));
        assertThat(plan.specs()).allMatch(spec -> spec.together().isEmpty());
        assertThat(spec(plan, low).obstacle()).isPresent();
        assertThat(spec(plan, top).obstacle()).isEqualTo(spec(plan, low).obstacle());
        assertThat(spec(plan, high).obstacle()).isEmpty();
    }

    private ReconcilePlan plan(List<ViewId> together) {
        return ReconcilePlan.between(ledger, routed, snapshot(), settings(List.of(together)));
    }

    private void known(String lineageOfLow) {
        ledger = Map.of(
                low, new Ledgered(LedgerEntry.unknown(low), oid(low), lineageOfLow),
                high,
                        new Ledgered(
                                LedgerEntry.unknown(high), oid(high), snapshot().lineageOf(high)));
        routed = Map.of(low, oid(low), high, oid(high), peer, oid(peer));
    }

    private long oid(ViewId view) {
        return graph.view(view).orElseThrow().oid();
    }

    private ReconcilePlan plan() {
        return ReconcilePlan.between(ledger, routed, snapshot(), SETTINGS);
    }

    private CatalogSnapshot snapshot() {
        return new CatalogSnapshot(
                CatalogVersion.of(
                        new Fingerprint("hash", "", Set.of()), RelationVersions.NONE, catalog, graph, "refreshd"),
                graph,
                new RequiredTables(graph.tables(), Set.of()),
                new PublicationState(true, false, false, Map.of()),
                "1",
                Map.of(),
                enrolment,
                notRefreshable,
                "settings",
                degraded);
    }

    private static Registration registration(ReconcilePlan plan, ViewId view) {
        return plan.registrations().stream()
                .filter(registration -> registration.view().equals(view))
                .findFirst()
                .orElseThrow();
    }

    private static ViewSpec spec(ReconcilePlan plan, ViewId view) {
        return plan.specs().stream()
                .filter(spec -> spec.view().equals(view))
                .findFirst()
                .orElseThrow();
    }
}
