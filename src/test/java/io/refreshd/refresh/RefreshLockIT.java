package io.refreshd.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.Registration;
import io.refreshd.ledger.StorageVersion;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.ViewId;
import io.refreshd.testing.StrictServer;
import io.refreshd.testing.VersionedServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link StorageVersion} and {@link RefreshLock} rely on, and no manual promises, on every supported version. */
@NullUnmarked // Set before each test.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 16, 17, 18})
class RefreshLockIT {
    private static final ViewId VIEW = new ViewId("public", "the \"view\"");
    private static final String NAME = "\"the \"\"view\"\"\"";

    private static VersionedServer server;

    @Parameter
    private int version;

    private Handle handle;
    private Handle other;
    private long oid;

    @BeforeParameterizedClassInvocation
    static void startServer(int version) throws Exception {
        server = VersionedServer.start(version);
    }

    @AfterParameterizedClassInvocation
    static void stopServer() throws Exception {
        server.close();
    }

    @BeforeEach
    void database() throws Exception {
        StrictServer.run(server.url("postgres"), "", "CREATE DATABASE storage");
        handle = open("postgres");
        other = open("postgres");
        LedgerSchema.migrate(handle);
        handle.execute("CREATE TABLE t (id int PRIMARY KEY)");
        handle.execute("INSERT INTO t VALUES (1)");
        handle.execute("CREATE MATERIALIZED VIEW " + NAME + " AS SELECT id FROM t");
        handle.execute("CREATE UNIQUE INDEX ON " + NAME + " (id)");
        oid = handle.createQuery("SELECT oid FROM pg_class WHERE relname = :name")
                .bind("name", VIEW.name())
                .mapTo(Long.class)
                .one();
        ViewRows.register(
                handle, List.of(new Registration(VIEW, oid, "l", List.of(), Optional.empty(), Optional.empty())));
    }

    @AfterEach
    void drop() throws Exception {
        handle.close();
        other.close();
        StrictServer.run(server.url("postgres"), "", "DROP DATABASE storage WITH (FORCE)");
    }

    private static Handle open(String user) throws SQLException {
        Connection connection = DriverManager.getConnection(server.url("storage"), user, "");
        return JdbiFactory.on(connection);
    }

    private void refreshdRefreshes() {
        handle.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + NAME);
        handle.execute("UPDATE refreshd.view_state SET covered = marked,"
                + " storage_xid = (SELECT xmin FROM pg_class WHERE oid = view_oid)");
    }

    @Test
    void beforeTheFirstRefreshNothingIsKnown() {
        assertThat(StorageVersion.isOurs(handle, oid)).isEmpty();
        handle.execute("UPDATE refreshd.view_state SET covered = marked");
        assertThat(StorageVersion.refreshedByOthers(handle)).isEmpty();
    }

    @Test
    void everyRefreshBySomebodyElseIsSeenAlsoIfItChangesNothing() {
        for (String refresh : List.of(
                "REFRESH MATERIALIZED VIEW " + NAME,
                "REFRESH MATERIALIZED VIEW CONCURRENTLY " + NAME,
                "DO $$ BEGIN BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY " + NAME
                        + "; EXCEPTION WHEN division_by_zero THEN NULL; END; END $$")) {
            refreshdRefreshes();
            assertThat(StorageVersion.isOurs(handle, oid)).contains(true);
            assertThat(StorageVersion.refreshedByOthers(handle)).isEmpty();
            other.execute(refresh);
            assertThat(StorageVersion.isOurs(handle, oid)).as(refresh).contains(false);
            assertThat(StorageVersion.refreshedByOthers(handle)).as(refresh).containsExactly(VIEW);
        }
        handle.execute("UPDATE refreshd.view_state SET marked = covered + 1");
        assertThat(StorageVersion.refreshedByOthers(handle)).as("dirty anyway").isEmpty();
    }

    @Test
    void maintenanceIsNoRefresh() {
        refreshdRefreshes();
        for (String maintenance : List.of(
                "ANALYZE " + NAME,
                "VACUUM " + NAME,
                "VACUUM (FREEZE, ANALYZE) " + NAME,
                "CREATE INDEX ON " + NAME + " ((id + 1))",
                "REINDEX TABLE " + NAME,
                "VACUUM FREEZE pg_class",
                "VACUUM FULL pg_class",
                "INSERT INTO t VALUES (2)")) {
            other.execute(maintenance);
            assertThat(StorageVersion.isOurs(handle, oid)).as(maintenance).contains(true);
        }
    }

    @Test
    void locksAViewAgainstRefreshesAndNotAgainstReaders() throws Exception {
        refreshdRefreshes();
        handle.begin();
        assertThat(StorageVersion.isOursAndLocked(handle, oid)).as("not locked").isFalse();
        RefreshLock.take(handle, VIEW);
        assertThat(StorageVersion.isOursAndLocked(handle, oid)).isTrue();
        other.execute("SET lock_timeout = 100");
        other.execute("SELECT FROM " + NAME);
        for (String refresh : List.of("REFRESH MATERIALIZED VIEW ", "REFRESH MATERIALIZED VIEW CONCURRENTLY ")) {
            assertThatThrownBy(() -> other.execute(refresh + NAME)).hasMessageContaining("lock timeout");
        }
        handle.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + NAME);
        handle.commit();
        other.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + NAME);
    }

    /** Some roles may refresh a view and not read it. */
    @Test
    void theLockNeedsNoPrivilege() throws Exception {
        handle.execute("CREATE ROLE nobody_" + version + " LOGIN");
        try (Handle nobody = open("nobody_" + version)) {
            nobody.begin();
            RefreshLock.take(nobody, VIEW);
            nobody.rollback();
        } finally {
            handle.execute("DROP ROLE nobody_" + version);
        }
    }
}
