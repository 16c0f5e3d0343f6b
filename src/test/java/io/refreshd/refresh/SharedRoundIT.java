package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Failure;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rounds of several views, each case with a table and views of its own in one database. */
class SharedRoundIT {
    private static IncrementalFixture fixture;

    @BeforeAll
    static void prepare() throws Exception {
        fixture = new IncrementalFixture();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.close();
    }

    private static void execute(String... sql) throws Exception {
        fixture.database.execute(sql);
    }

    /** A table of five rows, and views of it that hide its key. */
    private static void tableAndViews(String table, String... views) throws Exception {
        execute(
                "CREATE TABLE " + table + " (id int PRIMARY KEY, v int)",
                "INSERT INTO " + table + " SELECT i, 0 FROM generate_series(1, 5) i");
        for (String view : views) {
            fixture.view(view, "SELECT id AS refreshd_1, v FROM " + table, 1, List.of(1));
        }
    }

    private static RefreshTask task(String view, String... keys) throws Exception {
        return fixture.task(view, Set.of(), List.of(fixture.lookup(view, "1", keys)));
    }

    private static Map<ViewId, Optional<List<KeyLookup>>> nothing(Collection<ViewId> views) {
        Map<ViewId, Optional<List<KeyLookup>>> later = new HashMap<>();
        views.forEach(view -> later.put(view, Optional.of(List.of())));
        return later;
    }

    private static RefreshOutcome of(Map<ViewId, RefreshOutcome> outcomes, String view) {
        return Optional.ofNullable(outcomes.get(new ViewId("public", view))).orElseThrow();
    }

    @Test
    void noReaderSeesHalfARoundOrTwoViewsOfOneAtDifferentStates() throws Exception {
        tableAndViews("agreed", "agreed_a", "agreed_b");
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Integer> reader = CompletableFuture.supplyAsync(() -> {
            int reads = 0;
            try (Connection connection = fixture.database.connect();
                    Statement statement = connection.createStatement()) {
                while (!done.get()) {
                    try (ResultSet row = statement.executeQuery("SELECT count(DISTINCT v), count(*) FROM"
                            + " (SELECT v FROM public.agreed_a UNION ALL SELECT v FROM public.agreed_b) x")) {
                        row.next();
                        assertThat(row.getInt(1)).as("states that are seen").isEqualTo(1);
                        assertThat(row.getInt(2)).isEqualTo(10);
                    }
                    reads++;
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            return reads;
        });
        try {
            for (int i = 1; i <= 40; i++) {
                execute("UPDATE agreed SET v = " + i);
                List<RefreshTask> tasks =
                        List.of(task("agreed_a", "1", "2", "3", "4", "5"), task("agreed_b", "1", "2", "3", "4", "5"));
                assertThat(fixture.refresher
                                .round(tasks, (views, position) -> nothing(views))
                                .values())
                        .hasSize(2)
                        .allMatch(RefreshOutcome.Refreshed.class::isInstance);
            }
        } finally {
            done.set(true);
        }
        assertThat(reader.join()).isPositive();
        assertThat(fixture.differs("agreed_a") || fixture.differs("agreed_b")).isFalse();
        assertThat(fixture.history("agreed_b")).hasSize(40).contains("incremental refreshed 5 5 keys recomputed");
    }

    @Test
    void aViewThatFailsDoesNotStopTheOthers() throws Exception {
        tableAndViews("mixed", "mixed_a", "mixed_bad", "mixed_c");
        execute(
                "ALTER TABLE refreshd_store.mixed_bad ADD CONSTRAINT none CHECK (v = 0)",
                "UPDATE mixed SET v = 7 WHERE id = 2");
        List<Integer> asked = new ArrayList<>();
        Map<ViewId, RefreshOutcome> outcomes = fixture.refresher.round(
                List.of(task("mixed_a", "2"), task("mixed_bad", "2"), task("mixed_c", "2")), (views, position) -> {
                    asked.add(views.size());
                    return nothing(views);
                });
        assertThat(of(outcomes, "mixed_a")).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(of(outcomes, "mixed_c")).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(of(outcomes, "mixed_bad"))
                .isInstanceOfSatisfying(
                        RefreshOutcome.Failed.class,
                        failed -> assertThat(failed.failure().sqlState()).isEqualTo("23514"));
        assertThat(asked).as("the round is repeated without it").containsExactly(3, 2);
        assertThat(fixture.differs("mixed_a") || fixture.differs("mixed_c")).isFalse();
        assertThat(fixture.history("mixed_bad")).singleElement().asString().startsWith("incremental failed");
    }

    @Test
    void aViewThatIsDroppedOrLockedDoesNotStopTheOthers() throws Exception {
        tableAndViews("fewer", "fewer_a", "fewer_dropped", "fewer_locked");
        execute("UPDATE fewer SET v = 7 WHERE id = 2");
        List<RefreshTask> tasks = List.of(task("fewer_a", "2"), task("fewer_dropped", "2"), task("fewer_locked", "2"));
        execute("DROP TABLE refreshd_store.fewer_dropped CASCADE");
        PostgresRefresher hasty = new PostgresRefresher(
                fixture.database.jdbi(),
                fixture.lease.token(),
                new RefreshLimits(Duration.ofMillis(50), TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
        try (Connection locking = fixture.database.connect();
                Statement statement = locking.createStatement()) {
            locking.setAutoCommit(false);
            statement.execute("LOCK TABLE refreshd_store.fewer_locked IN ACCESS EXCLUSIVE MODE");
            Map<ViewId, RefreshOutcome> outcomes = hasty.round(tasks, (views, position) -> nothing(views));
            assertThat(of(outcomes, "fewer_a")).isInstanceOf(RefreshOutcome.Refreshed.class);
            assertThat(of(outcomes, "fewer_dropped")).isInstanceOf(RefreshOutcome.Gone.class);
            assertThat(of(outcomes, "fewer_locked"))
                    .isInstanceOfSatisfying(
                            RefreshOutcome.Failed.class,
                            failed -> assertThat(failed.failure().sqlState()).isEqualTo("55P03"));
        }
        assertThat(fixture.differs("fewer_a")).isFalse();
    }

    @Test
    void aViewThatHasToBeRecomputedAsAWholeIsTakenOut() throws Exception {
        tableAndViews("whole", "whole_a", "whole_b");
        execute("UPDATE whole SET v = 7");
        Map<ViewId, RefreshOutcome> outcomes =
                fixture.refresher.round(List.of(task("whole_a", "1"), task("whole_b", "1")), (views, position) -> {
                    Map<ViewId, Optional<List<KeyLookup>>> later = nothing(views);
                    later.put(new ViewId("public", "whole_b"), Optional.empty());
                    return later;
                });
        assertThat(of(outcomes, "whole_a")).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(of(outcomes, "whole_b"))
                .isEqualTo(new RefreshOutcome.NeedsAllRows("the keys of changes that came meanwhile are not known"));
        assertThat(fixture.database.query("SELECT count(*) FROM public.whole_a WHERE v = 7"))
                .containsExactly("1");
        assertThat(fixture.database.query("SELECT count(*) FROM public.whole_b WHERE v = 7"))
                .containsExactly("0");
        // Once it is known to take next to nothing, it stays with the others.
        assertThat(fixture.changed("whole_b")).isEqualTo(5);
        execute("UPDATE whole SET v = 8");
        outcomes = fixture.refresher.round(
                List.of(task("whole_a", "1", "2", "3", "4", "5"), task("whole_b", "1")), (views, position) -> {
                    Map<ViewId, Optional<List<KeyLookup>>> later = nothing(views);
                    later.put(new ViewId("public", "whole_b"), Optional.empty());
                    return later;
                });
        assertThat(outcomes.values()).allMatch(RefreshOutcome.Refreshed.class::isInstance);
        assertThat(fixture.differs("whole_b")).isFalse();
    }

    @Test
    void eachViewGetsWhatCameLater() throws Exception {
        tableAndViews("later", "later_a", "later_b");
        execute("UPDATE later SET v = 7 WHERE id IN (1, 3)");
        KeyLookup more = fixture.lookup("later_b", "1", "3");
        fixture.refresher.round(List.of(task("later_a", "1", "3"), task("later_b", "1")), (views, position) -> {
            Map<ViewId, Optional<List<KeyLookup>>> later = nothing(views);
            later.put(new ViewId("public", "later_b"), Optional.of(List.of(more)));
            return later;
        });
        assertThat(fixture.differs("later_a") || fixture.differs("later_b")).isFalse();
        assertThat(fixture.lastDetail("later_b")).isEqualTo("2 keys recomputed");
    }

    @Test
    void whatIsForbiddenIsNotDoneAndSaysWhatMendsIt() throws Exception {
        tableAndViews("forbidden", "forbidden_a", "forbidden_b");
        execute("UPDATE forbidden SET v = 7");
        RefreshTask never =
                withBasis(task("forbidden_a", "1"), new RoundBasis("", "rows changed", FullRecompute.NEVER));
        Map<ViewId, RefreshOutcome> outcomes =
                fixture.refresher.round(List.of(never, task("forbidden_b", "1")), (views, position) -> nothing(views));
        assertThat(of(outcomes, "forbidden_b")).isInstanceOf(RefreshOutcome.Refreshed.class);
        assertThat(of(outcomes, "forbidden_a")).isInstanceOfSatisfying(RefreshOutcome.Failed.class, failed -> {
            assertThat(failed.failure().kind()).isEqualTo(Failure.Kind.PERMANENT);
            assertThat(failed.failure().what()).endsWith("full-recompute: never forbids: rows changed");
            assertThat(failed.failure().remedy().toString()).contains("refreshd refresh public.forbidden_a");
        });
        assertThat(fixture.database.query("SELECT count(*) FROM public.forbidden_a WHERE v = 7"))
                .containsExactly("0");

        RefreshTask byKeys = withBasis(task("forbidden_a", "1"), new RoundBasis("", "", FullRecompute.NEVER));
        assertThat(fixture.refresher.refresh(byKeys, LaterChanges.UNKNOWN))
                .as("the log may only be late")
                .isInstanceOfSatisfying(
                        RefreshOutcome.Failed.class,
                        failed -> assertThat(failed.failure().kind()).isEqualTo(Failure.Kind.TRANSIENT));
        assertThat(fixture.refresher.refresh(byKeys, position -> Optional.of(List.of())))
                .isInstanceOf(RefreshOutcome.Refreshed.class);
    }

    private static RefreshTask withBasis(RefreshTask task, RoundBasis basis) {
        return TaskBuilder.like(task).basis(basis).build();
    }
}
