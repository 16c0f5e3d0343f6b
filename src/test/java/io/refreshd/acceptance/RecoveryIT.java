package io.refreshd.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.report.Notice;
import io.refreshd.report.ViewPhase;
import io.refreshd.testing.RunningDaemon;
import io.refreshd.testing.TestDatabase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Views whose refreshes fail because of a row or a privilege go on by themselves once the cause is gone. */
class RecoveryIT {
    /** Views by name: the query, a value that it fails with, and one that it does not fail with. */
    private static final Map<String, List<String>> FAILING = Map.of(
            "converted", List.of("SELECT id, v::int AS v FROM t_converted", "bad", "2"),
            "divided", List.of("SELECT id, 1 / length(v) AS v FROM t_divided", "", "2"),
            "twice", List.of("SELECT v AS id FROM t_twice", "1", "2"),
            "raised", List.of("SELECT id, refuse(v) AS v FROM t_raised", "bad", "2"),
            "domain", List.of("SELECT id, v::digits AS v FROM t_domain", "bad", "2"));

    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE DOMAIN digits AS text CHECK (VALUE ~ '^[0-9]+$')",
                "CREATE FUNCTION refuse(v text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS"
                        + " $$ BEGIN IF v = 'bad' THEN RAISE 'refused %', v; END IF; RETURN v; END $$");
        for (Map.Entry<String, List<String>> view : FAILING.entrySet()) {
            database.execute(
                    "CREATE TABLE t_" + view.getKey() + " (id int PRIMARY KEY, v text)",
                    "INSERT INTO t_" + view.getKey() + " VALUES (1, '1'), (2, '2')",
                    "CREATE MATERIALIZED VIEW " + view.getKey() + " AS "
                            + view.getValue().getFirst(),
                    "CREATE UNIQUE INDEX ON " + view.getKey() + " (id)");
        }
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    private void write(int value) throws Exception {
        for (Map.Entry<String, List<String>> view : FAILING.entrySet()) {
            database.execute(
                    "UPDATE t_" + view.getKey() + " SET v = '" + view.getValue().get(value) + "' WHERE id = 2");
        }
    }

    @Test
    void aViewWithABadValueGoesOnWhenTheRowIsMended() throws Exception {
        database.execute(
                "CREATE MATERIALIZED VIEW on_top AS SELECT id, v + 1 AS v FROM converted",
                "CREATE UNIQUE INDEX ON on_top (id)");
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            write(1);
            for (String view : FAILING.keySet()) {
                daemon.awaitPhase("public." + view, ViewPhase.SUSPENDED);
            }
            assertThat(database.query("SELECT DISTINCT state FROM refreshd.freshness WHERE failures >= 5"))
                    .containsExactly("suspended");
            daemon.awaitPhase("public.on_top", ViewPhase.BLOCKED);
            write(2);
            daemon.awaitFresh();
            assertThat(database.query("SELECT DISTINCT state || failures FROM refreshd.freshness WHERE reason IS NULL"))
                    .containsExactly("fresh0");
        }
    }

    @Test
    void aViewThatWasSuspendedWhenTheDaemonStoppedGoesOn() throws Exception {
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            write(1);
            for (String view : FAILING.keySet()) {
                daemon.awaitPhase("public." + view, ViewPhase.SUSPENDED);
            }
        }
        write(2);
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
        }
    }

    @Test
    void aViewWhoseOwnerGetsHisPrivilegeBackGoesOn() throws Exception {
        String owner = database.name() + "_owner";
        String group = database.name() + "_group";
        database.execute(
                "CREATE ROLE " + owner,
                "CREATE ROLE " + group + " ROLE " + owner,
                "CREATE TABLE direct (id int PRIMARY KEY)",
                "CREATE TABLE by_group (id int PRIMARY KEY)",
                "CREATE FUNCTION same(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN i; END'",
                "REVOKE EXECUTE ON FUNCTION same FROM PUBLIC",
                "GRANT EXECUTE ON FUNCTION same TO " + owner,
                "GRANT SELECT ON direct TO " + owner,
                "GRANT SELECT ON by_group TO " + group,
                "CREATE MATERIALIZED VIEW owned AS SELECT same(id) AS id FROM direct UNION SELECT id FROM by_group",
                "CREATE UNIQUE INDEX ON owned (id)",
                "ALTER MATERIALIZED VIEW owned OWNER TO " + owner);
        try (RunningDaemon daemon = RunningDaemon.start(database)) {
            daemon.awaitFresh();
            int id = 1;
            for (String privilege : List.of("SELECT ON direct", "EXECUTE ON FUNCTION same", group)) {
                database.execute("REVOKE " + privilege + " FROM " + owner, "INSERT INTO direct VALUES (" + id++ + ")");
                daemon.awaitPhase("public.owned", ViewPhase.SUSPENDED);
                database.execute("GRANT " + privilege + " TO " + owner);
                daemon.awaitFresh();
            }
            assertThat(database.query("SELECT count(*) FROM owned")).containsExactly("3");
        } finally {
            database.execute(
                    "DROP OWNED BY " + owner + ", " + group + " CASCADE", "DROP ROLE " + owner, "DROP ROLE " + group);
        }
    }

    @Test
    void aBlockedViewWithAnUntrackedSourceDoesNotFlap() throws Exception {
        database.execute(
                "CREATE UNLOGGED TABLE unseen (id int PRIMARY KEY)",
                "CREATE MATERIALIZED VIEW on_top AS SELECT c.id, c.v FROM converted c LEFT JOIN unseen u ON u.id = c.id",
                "CREATE UNIQUE INDEX ON on_top (id)");
        try (RunningDaemon daemon =
                RunningDaemon.start(database, "views: { quiet-period: 50ms, untracked-max-staleness: 300ms }")) {
            daemon.awaitPhase("public.on_top", ViewPhase.UNTRACKED);
            database.execute("DROP INDEX converted_id_idx", "UPDATE t_converted SET v = '3'");
            daemon.awaitPhase("public.on_top", ViewPhase.BLOCKED);
            long before = daemon.refreshes("public.on_top");
            await("refreshed by the clock nevertheless").until(() -> daemon.refreshes("public.on_top") > before + 3);
            assertThat(daemon.notices())
                    .filteredOn(notice -> notice instanceof Notice.PhaseChanged changed
                            && changed.view().name().equals("on_top")
                            && changed.from() == ViewPhase.BLOCKED)
                    .isEmpty();
        }
    }
}
