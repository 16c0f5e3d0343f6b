package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Failure;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import io.refreshd.testing.TaskBuilder;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresRefresherIT {
    private static final ViewId VIEW = new ViewId("public", "role \"A\"");
    private static final ViewId STACKED = new ViewId("public", "stacked");

    private TestDatabase database;
    private Handle handle;
    private Lease lease;
    private PostgresRefresher refresher;

    @BeforeEach
    void prepare() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text)",
                "INSERT INTO main SELECT i, 'v' || i FROM generate_series(1, 10) i",
                "CREATE MATERIALIZED VIEW \"role \"\"A\"\"\" AS SELECT id, v FROM main",
                "CREATE UNIQUE INDEX ON \"role \"\"A\"\"\" (id)",
                "CREATE MATERIALIZED VIEW stacked AS SELECT count(*) AS n FROM \"role \"\"A\"\"\"",
                "CREATE UNIQUE INDEX ON stacked (n)");
        Jdbi jdbi = database.jdbi();
        handle = jdbi.open();
        LedgerSchema.migrate(handle);
        lease = Lease.tryTake(jdbi.open(), "test").orElseThrow();
        StreamRow.begin(handle, new StreamPosition("refreshd", 7, 1, Lsn.ZERO));
        ViewRows.register(
                handle,
                List.of(
                        new Registration(VIEW, oid(VIEW), "l", List.of(), Optional.empty(), Optional.empty()),
                        new Registration(
                                STACKED, oid(STACKED), "l", List.of(oid(VIEW)), Optional.empty(), Optional.empty())));
        refresher = new PostgresRefresher(
                jdbi,
                lease.token(),
                new RefreshLimits(Duration.ofMillis(100), TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
    }

    @AfterEach
    void close() throws Exception {
        lease.close();
        handle.close();
        database.close();
    }

    @Test
    void bringsTheViewUpToDateAndCountsWhatChanged() throws Exception {
        database.execute("INSERT INTO main VALUES (11, 'new')", "DELETE FROM main WHERE id = 1");
        assertThat(refresh(refresher, task(Xids.NONE))).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, done -> {
            assertThat(done.rowsChanged()).contains(2L);
            assertThat(done.downstreamMarked()).isTrue();
        });
        assertThat(database.query("SELECT count(*) FROM \"role \"\"A\"\"\" WHERE id IN (1, 11)"))
                .containsExactly("1");
        assertThat(ViewRows.load(handle).get(VIEW).entry().dirty()).isFalse();
        assertThat(ViewRows.load(handle).get(STACKED).entry().dirty()).isTrue();
        assertThat(database.query("SELECT outcome || ' ' || rows_changed FROM refreshd.refresh_history"))
                .containsExactly("refreshed 2");
    }

    @Test
    void doesNotMarkDownstreamViewsIfNothingChanged() {
        // Before the first refresh it is not known what the downstream view saw.
        refresh(refresher, task(Xids.NONE));
        assertThat(refresh(refresher, task(Xids.NONE))).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, done -> {
            assertThat(done.rowsChanged()).contains(0L);
            assertThat(done.downstreamMarked()).isFalse();
        });
    }

    @Test
    void marksDownstreamViewsIfSomebodyElseBroughtWhatChanged() throws Exception {
        refresh(refresher, task(Xids.NONE));
        database.execute(
                "INSERT INTO main VALUES (11, 'new')", "REFRESH MATERIALIZED VIEW CONCURRENTLY \"role \"\"A\"\"\"");
        assertThat(refresh(refresher, task(Xids.NONE))).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, done -> {
            assertThat(done.rowsChanged()).contains(0L);
            assertThat(done.downstreamMarked()).isTrue();
        });
    }

    /** The refresh finds the lock of another one, and what that one brought once it has the lock. */
    @Test
    void marksDownstreamViewsIfSomebodyElseBroughtWhatChangedWhileTheRefreshWaited() throws Exception {
        PostgresRefresher unhurried = new PostgresRefresher(
                database.jdbi(),
                lease.token(),
                new RefreshLimits(TestTimeout.LIMIT, TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
        refresh(unhurried, task(Xids.NONE));
        database.execute("INSERT INTO main VALUES (11, 'new')");
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY \"role \"\"A\"\"\"");
            CompletableFuture<RefreshOutcome> waiting =
                    CompletableFuture.supplyAsync(() -> refresh(unhurried, task(Xids.NONE)));
            await().until(() -> database.query("SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
                            + " (SELECT oid FROM pg_database WHERE datname = current_database())")
                    .equals(List.of("1")));
            other.commit();
            assertThat(TestTimeout.get(waiting)).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, done -> {
                assertThat(done.rowsChanged()).contains(0L);
                assertThat(done.downstreamMarked()).isTrue();
            });
        }
    }

    /** The server's counters outlive a transaction, and a pooled connection is used for many refreshes. */
    @Test
    void countsOnlyWhatThisRefreshChanged() throws Exception {
        PostgresRefresher onOneConnection = new PostgresRefresher(
                JdbiFactory.over(handle.getConnection()),
                lease.token(),
                new RefreshLimits(Duration.ofMillis(100), TestTimeout.LIMIT),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
        database.execute("DELETE FROM main WHERE id = 1");
        assertThat(refresh(onOneConnection, task(Xids.NONE)))
                .isInstanceOfSatisfying(
                        RefreshOutcome.Refreshed.class,
                        done -> assertThat(done.rowsChanged()).contains(1L));
        assertThat(refresh(onOneConnection, task(Xids.NONE)))
                .isInstanceOfSatisfying(
                        RefreshOutcome.Refreshed.class,
                        done -> assertThat(done.rowsChanged()).contains(0L));
    }

    @Test
    void withoutCountersTheNumberOfRowsIsUnknown() throws Exception {
        database.execute("ALTER DATABASE " + database.name() + " SET track_counts = off");
        assertThat(refresh(refresher, task(Xids.NONE))).isInstanceOfSatisfying(RefreshOutcome.Refreshed.class, done -> {
            assertThat(done.rowsChanged()).isEmpty();
            assertThat(done.downstreamMarked()).isTrue();
        });
    }

    @Test
    void doesNotBeginBeforeTheTransactionIsVisible() throws Exception {
        try (Connection open = database.connect()) {
            open.setAutoCommit(false);
            Xid xid = xidOf(open);
            assertThat(refresh(refresher, task(Xids.of(xid)))).isEqualTo(new RefreshOutcome.NotVisibleYet(xid));
            open.commit();
            assertThat(refresh(refresher, task(Xids.of(xid)))).isInstanceOf(RefreshOutcome.Refreshed.class);
        }
    }

    @Test
    void aViewThatWasRecreatedOrRenamedIsGone() throws Exception {
        RefreshTask meant = task(Xids.NONE);
        database.execute("ALTER MATERIALIZED VIEW \"role \"\"A\"\"\" RENAME TO other");
        assertThat(refresh(refresher, meant)).isEqualTo(new RefreshOutcome.Gone());
        database.execute(
                "DROP MATERIALIZED VIEW other CASCADE",
                "CREATE MATERIALIZED VIEW \"role \"\"A\"\"\" AS SELECT id, v FROM main");
        assertThat(refresh(refresher, meant)).isEqualTo(new RefreshOutcome.Gone());
    }

    @Test
    void aMissingUniqueIndexIsPermanent() throws Exception {
        database.execute("DROP INDEX \"role \"\"A\"\"_id_idx\"");
        assertThat(failure(refresh(refresher, task(Xids.NONE)))).satisfies(failure -> {
            assertThat(failure.kind()).isEqualTo(Failure.Kind.PERMANENT);
            assertThat(failure.sqlState()).isEqualTo("55000");
            assertThat(failure.remedy().text())
                    .startsWith("create a unique index on the key columns of \"public\".\"role \"\"A\"\"\"");
        });
    }

    @Test
    void doesNotQueueForALockLongerThanAllowed() throws Exception {
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("COMMENT ON MATERIALIZED VIEW \"role \"\"A\"\"\" IS 'locked'");
            assertThat(failure(refresh(refresher, task(Xids.NONE)))).satisfies(failure -> {
                assertThat(failure.kind()).isEqualTo(Failure.Kind.TRANSIENT);
                assertThat(failure.what()).contains("holds a lock on public.role \"A\"");
            });
            assertThat(database.query("SELECT outcome || ': ' || detail FROM refreshd.refresh_history"))
                    .singleElement()
                    .asString()
                    .startsWith("failed: another session holds a lock");

            other.rollback();
        }
    }

    /** jsonb has operators with question marks, which the driver takes for parameters in a prepared statement. */
    @Test
    void looksUpQueriesWithQuestionMarkOperators() throws Exception {
        ViewId view = new ViewId("public", "documents");
        database.execute(
                "CREATE TABLE docs (id text PRIMARY KEY, j jsonb)",
                "INSERT INTO docs VALUES ('a''\"\\,{}?', '{\"k\": 1}'), ('b', '{\"l\": 2}')",
                "CREATE MATERIALIZED VIEW documents AS SELECT id, j ? 'k' AS \"is it?\", 'what? {d}' AS q FROM docs"
                        + " WHERE j ?| ARRAY['k', 'l', 'm?']",
                "CREATE UNIQUE INDEX ON documents (id)");
        ViewRows.register(
                handle, List.of(new Registration(view, oid(view), "l", List.of(), Optional.empty(), Optional.empty())));
        KeyLookup both = new KeyLookup(
                new TableId("public", "docs"),
                List.of(1),
                List.of("pg_catalog.text"),
                Set.of(List.of("a'\"\\,{}?"), List.of("b"), List.of("c")));
        assertThat(refresher.refresh(probing(view, List.of(both)), position -> Optional.of(List.of())))
                .isInstanceOf(RefreshOutcome.Unchanged.class);

        database.execute("UPDATE docs SET j = '{\"m?\": 1}' WHERE id LIKE 'a%'");
        assertThat(refresher.refresh(probing(view, List.of(both)), position -> Optional.of(List.of())))
                .isInstanceOf(RefreshOutcome.Refreshed.class);
    }

    /** A new match adds a row that equals one that the view has already, and removes the row without a match. */
    @Test
    void aRowWithoutAMatchIsReplacedWhenAMatchAppears() throws Exception {
        ViewId view = new ViewId("public", "by_kind");
        TableId things = new TableId("public", "things");
        database.execute(
                "CREATE TABLE kinds (id int PRIMARY KEY, name text)",
                "CREATE TABLE things (id int PRIMARY KEY, kind int)",
                "INSERT INTO kinds VALUES (1, 'same'), (2, 'same')",
                "INSERT INTO things VALUES (10, 1), (11, 1)",
                "CREATE MATERIALIZED VIEW by_kind AS SELECT t.id, k.name FROM kinds k LEFT JOIN things t ON t.kind = k.id",
                "CREATE UNIQUE INDEX ON by_kind (id, name)",
                "UPDATE things SET kind = 2 WHERE id = 10");
        ViewRows.register(
                handle, List.of(new Registration(view, oid(view), "l", List.of(), Optional.empty(), Optional.empty())));
        List<KeyLookup> lookups = ViewGraph.of(CatalogReader.read(handle.getConnection()), view::equals)
                .changeFilter(things, view)
                .lookup()
                .key()
                .map(key -> new KeyLookup(things, key.positions(), key.types(), Set.of(List.of("10"))))
                .stream()
                .toList();
        refresher.refresh(probing(view, lookups), position -> Optional.of(List.of()));
        assertThat(database.query("SELECT coalesce(id::text, 'none') FROM by_kind ORDER BY id"))
                .containsExactly("10", "11");
    }

    private RefreshTask probing(ViewId view, List<KeyLookup> lookups) throws Exception {
        return new TaskBuilder(view, oid(view), Method.CONCURRENT)
                .lookups(lookups)
                .build();
    }

    @Test
    void aQueryThatFailsOnTheDataLeavesViewAndLedgerAsTheyWere() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW fragile AS SELECT id, 1 / (id - 11) AS q FROM main",
                "CREATE UNIQUE INDEX ON fragile (id)",
                "INSERT INTO main VALUES (11, 'x')");
        ViewId fragile = new ViewId("public", "fragile");
        RefreshTask task = new TaskBuilder(fragile, oid(fragile), Method.CONCURRENT)
                .covers(1)
                .build();
        Failure failure = failure(refresh(refresher, task));
        assertThat(failure.what()).isEqualTo("the refresh of public.fragile failed: SQLSTATE 22012 (division_by_zero)");
        assertThat(failure.said().text()).contains("division by zero");
        assertThat(database.query("SELECT count(*) FROM fragile")).containsExactly("10");
    }

    /** Whoever owns a view decides what its functions do: a lock left behind in the pool would keep others waiting. */
    @ParameterizedTest
    @ValueSource(strings = {"1", "1 / (id - 1)"})
    void advisoryLocksThatAFunctionOfTheViewTakesEndWithTheRefresh(String value) throws Exception {
        database.execute(
                "CREATE FUNCTION locking(k int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT k FROM (SELECT pg_advisory_lock(k)) t'",
                "CREATE MATERIALIZED VIEW locked AS SELECT id, locking(4711), " + value
                        + " AS v FROM main WITH NO DATA");
        try (Connection pooled = database.connect()) {
            PostgresRefresher inSession = new PostgresRefresher(
                    JdbiFactory.over(pooled),
                    lease.token(),
                    new RefreshLimits(Duration.ofMillis(100), Duration.ZERO),
                    () -> new Moment(System.nanoTime(), Instant.now()),
                    position -> Optional.empty());
            refresh(inSession, plain(new ViewId("public", "locked")));
            assertThat(database.query("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"))
                    .isEmpty();
        }
    }

    @Test
    void aQueryThatTakesTooLongIsCancelledByTheServer() throws Exception {
        database.execute(
                "CREATE FUNCTION slowly(i int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT i FROM pg_sleep(60)'",
                "CREATE MATERIALIZED VIEW slow AS SELECT id, slowly(id) AS s FROM main WITH NO DATA",
                "CREATE UNIQUE INDEX ON slow (id)");
        PostgresRefresher hasty = new PostgresRefresher(
                database.jdbi(),
                lease.token(),
                new RefreshLimits(Duration.ofMillis(100), Duration.ofMillis(300)),
                () -> new Moment(System.nanoTime(), Instant.now()),
                position -> Optional.empty());
        assertThat(failure(refresh(hasty, plain(new ViewId("public", "slow"))))).satisfies(failure -> {
            assertThat(failure.sqlState()).isEqualTo("57014");
            assertThat(failure.kind()).isEqualTo(Failure.Kind.TRANSIENT);
            assertThat(failure.remedy().text()).contains("refresh.statement-timeout");
        });
        Duration shorter = Duration.ofMillis(200);
        assertThat(refresh(hasty, plain(new ViewId("public", "slow")).within(Optional.of(shorter))))
                .as("others wait for its place: no failure")
                .isInstanceOfSatisfying(
                        RefreshOutcome.OutOfTime.class,
                        late -> assertThat(late.duration()).isGreaterThanOrEqualTo(shorter));
    }

    /** Both end the session: the first by the server's timer, the second since every error of the session then does. */
    @ParameterizedTest
    @CsvSource({"transaction_timeout, 1ms, 25P04, 1", "exit_on_error, on, P0001, 0"})
    void aFunctionThatEndsTheSessionIsNamedAsTheCause(String setting, String value, String state, int seconds)
            throws Exception {
        database.execute(
                "CREATE FUNCTION ending(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM set_config(''" + setting
                        + "'', ''" + value + "'', false), pg_sleep(" + seconds + "); RAISE EXCEPTION ''the end''; END'",
                "CREATE MATERIALIZED VIEW ending AS SELECT ending(id) AS id FROM main WITH NO DATA");
        Failure failure = failure(refresh(refresher, plain(new ViewId("public", "ending"))));
        assertThat(failure.sqlState()).isEqualTo(state);
        assertThat(failure.isOutage()).isFalse();
        assertThat(failure.remedy().text()).contains("server_message");
    }

    /** A function may raise an error with any SQLSTATE: those by which the server reports an outage say nothing of the server then. */
    @ParameterizedTest
    @ValueSource(strings = {"08006", "57P01", "53300", "58030", "25006"})
    void anOutageThatAFunctionInventsIsTheFailureOfItsView(String state) throws Exception {
        database.execute(
                "CREATE FUNCTION lie(int) RETURNS int LANGUAGE plpgsql AS"
                        + " 'BEGIN IF current_setting(''x.lie'', true) = ''off'' THEN RETURN $1; END IF;"
                        + " RAISE EXCEPTION USING ERRCODE = ''" + state + "''; END'",
                "CREATE MATERIALIZED VIEW lying AS SELECT lie(id) AS id FROM main WITH NO DATA");
        Failure failure = failure(refresh(refresher, plain(new ViewId("public", "lying"))));
        assertThat(failure.sqlState()).isEqualTo(state);
        assertThat(failure.isOutage()).isFalse();
        assertThat(failure.kind()).isEqualTo(Failure.Kind.RAISED);
    }

    @Test
    void duplicateRowsHaveARemedy() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW twice AS SELECT id % 11 AS k FROM main",
                "CREATE UNIQUE INDEX ON twice (k)", "INSERT INTO main VALUES (12, 'the same as 1')");
        assertThat(failure(refresh(refresher, plain(new ViewId("public", "twice")))))
                .satisfies(failure -> {
                    assertThat(failure.what())
                            .isEqualTo("the refresh of public.twice failed: SQLSTATE 23505 (unique_violation)");
                    assertThat(failure.said().text()).contains("Key (k)=(1) is duplicated");
                    assertThat(failure.remedy())
                            .hasToString(
                                    "make the rows of the view unique by the columns of its unique index: server_message in refreshd.freshness says which;"
                                            + " refreshd then tries again by itself; without waiting: refreshd resume public.twice");
                });
    }

    /**
     * The query of the view runs with the privileges of the owner, and that of a plain view in it with those of that view's
     * owner.
     */
    @Test
    void namesTheGrantsThatTheOwnersLack() throws Exception {
        String owner = database.name() + " owner";
        String between = database.name() + " between";
        database.execute(
                "CREATE ROLE \"" + owner + "\"",
                "CREATE ROLE \"" + between + "\"",
                "CREATE SCHEMA \"of others\"",
                "CREATE TABLE \"of others\".base (id int PRIMARY KEY)",
                "CREATE FUNCTION same(i int) RETURNS int LANGUAGE sql AS 'SELECT i'",
                "REVOKE EXECUTE ON FUNCTION same FROM PUBLIC",
                "CREATE VIEW plain AS SELECT id FROM \"of others\".base",
                "ALTER VIEW plain OWNER TO \"" + between + "\"",
                "CREATE MATERIALIZED VIEW owned AS SELECT p.id, same(m.id) AS m FROM plain p JOIN main m USING (id)"
                        + " WITH NO DATA",
                "CREATE UNIQUE INDEX ON owned (id)",
                "ALTER MATERIALIZED VIEW owned OWNER TO \"" + owner + "\"");
        try {
            ViewId owned = new ViewId("public", "owned");
            Failure refused = failure(refresh(refresher, plain(owned)));
            assertThat(refused.sqlState()).isEqualTo("42501");
            assertThat(refused.kind()).isEqualTo(Failure.Kind.PERMANENT);
            List<String> grants = List.of(
                    "GRANT USAGE ON SCHEMA \"of others\" TO \"" + between + "\"",
                    "GRANT SELECT ON \"of others\".base TO \"" + between + "\"",
                    "GRANT SELECT ON public.main TO \"" + owner + "\"",
                    "GRANT SELECT ON public.plain TO \"" + owner + "\"",
                    "GRANT EXECUTE ON ROUTINE public.same(i integer) TO \"" + owner + "\"");
            assertThat(refused.remedy())
                    .isEqualTo(Remedy.sql(grants)
                            .and("refreshd then tries again by itself; without waiting: refreshd resume public.owned"));

            database.execute(refused.remedy().sql().toArray(String[]::new));
            assertThat(refresh(refresher, plain(owned))).isInstanceOf(RefreshOutcome.Gone.class); // not in the ledger
        } finally {
            database.execute(
                    "DROP OWNED BY \"" + owner + "\", \"" + between + "\" CASCADE",
                    "DROP ROLE \"" + owner + "\"",
                    "DROP ROLE \"" + between + "\"");
        }
    }

    /** A task for a view that has no row in the ledger. */
    private RefreshTask plain(ViewId view) throws Exception {
        return new TaskBuilder(view, oid(view), Method.PLAIN).covers(1).build();
    }

    private RefreshTask task(Xids awaited) {
        return new TaskBuilder(VIEW, oid(VIEW), Method.CONCURRENT)
                .awaited(awaited)
                .covers(1)
                .routed(Lsn.parse("0/1"))
                .downstream(Set.of(STACKED), 2)
                .build();
    }

    private static Failure failure(RefreshOutcome outcome) {
        assertThat(outcome).isInstanceOf(RefreshOutcome.Failed.class);
        return ((RefreshOutcome.Failed) outcome).failure();
    }

    private static Xid xidOf(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_current_xact_id()::text")) {
            row.next();
            return new Xid(Long.parseLong(row.getString(1)));
        }
    }

    private long oid(ViewId view) {
        return handle.createQuery("SELECT oid FROM pg_class WHERE relname = :name")
                .bind("name", view.name())
                .mapTo(Long.class)
                .one();
    }

    private static RefreshOutcome refresh(PostgresRefresher refresher, RefreshTask task) {
        return refresher.refresh(task, LaterChanges.UNKNOWN);
    }
}
