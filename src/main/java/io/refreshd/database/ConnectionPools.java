package io.refreshd.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.refreshd.config.DatabaseSettings;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;

/**
 * The daemon's connections for everything but the stream: three pools, and single connections beside them.
 *
 * <p>The second pool is for queries of the catalog ({@link JdbiFactory#ofCatalog}), the third for those that read the whole of it
 * ({@link JdbiFactory#ofWholeCatalog}). No code of others runs in their sessions, so they are never reset, and keep their plans. What a session
 * has read and planned stays in the server's memory for as long as the session. So what is done seldom has sessions of its own, which end
 * soon after.
 *
 * <p>Thread: any.
 */
public final class ConnectionPools implements AutoCloseable {
    /** Marks, watermark and catalog task, the guard, the audit, the role views, and two lock watches. */
    private static final int BESIDES_REFRESHES = 8;

    /** The capture, the catalog task, the audit. Each refresh may take one besides. */
    private static final int OF_CATALOG = 3;

    /** An attempt at streaming and the catalog task. */
    private static final int OF_WHOLE_CATALOG = 2;

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    /** A session costs the server some megabytes. Below a minute: whatever is done once a minute needs none of its own. */
    private static final Duration LONGEST_IDLE = Duration.ofSeconds(30);

    /**
     * A pool gives a thread the connection that it had before, though another one is idle too. So two threads that work now and then share one
     * again when theirs has ended. The sessions of the other pool live longer: they would have to make their plans again.
     */
    private static final Duration LONGEST_LIFE = Duration.ofMinutes(10);

    /** Closes what was idle for long, in all pools of the process. It does not wait for a server. */
    private static final ScheduledExecutorService HOUSEKEEPER = housekeeper();

    private final Connector connector;
    private final ConnectorDataSource wholeConnections;
    private final HikariDataSource wholePool;
    private final HikariDataSource catalogPool;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    private ConnectionPools(DatabaseSettings settings, int refreshes) {
        this.connector = new Connector(settings, SessionKind.DAEMON, "refreshd");
        Connector catalog = new Connector(settings, SessionKind.CATALOG, "refreshd");
        this.wholeConnections = new ConnectorDataSource(catalog);
        this.wholePool = pool("refreshd-whole-catalog", wholeConnections, OF_WHOLE_CATALOG);
        this.catalogPool = pool("refreshd-catalog", new ConnectorDataSource(catalog), refreshes + OF_CATALOG);
        this.pool = pool("refreshd", new ConnectorDataSource(connector), refreshes + BESIDES_REFRESHES);
        this.pool.setMaxLifetime(LONGEST_LIFE.toMillis());
        this.jdbi = JdbiFactory.over(pool, JdbiFactory.over(catalogPool), JdbiFactory.over(wholePool));
    }

    /** Opens nothing yet: a database that is away at the start is waited for like one that goes away later. */
    public static ConnectionPools of(DatabaseSettings settings, int refreshes) {
        return new ConnectionPools(settings, refreshes);
    }

    private static HikariDataSource pool(String name, ConnectorDataSource connections, int size) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(connections);
        config.setPoolName(name);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(LONGEST_WAIT.toMillis());
        config.setIdleTimeout(LONGEST_IDLE.toMillis());
        config.setScheduledExecutor(HOUSEKEEPER);
        config.setValidationTimeout(Duration.ofSeconds(3).toMillis());
        // If it is not set, the pool asks its first connection for it. A connection that was cut while it was asked
        // left the pool with none for ever.
        config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        return new HikariDataSource(config);
    }

    private static ScheduledExecutorService housekeeper() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("refreshd-pools").factory());
        executor.setRemoveOnCancelPolicy(true);
        // With the last pool the thread ends too.
        executor.setKeepAliveTime(1, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    public Jdbi jdbi() {
        return jdbi;
    }

    /**
     * Runs the work in a transaction that commits without waiting for a synchronous standby. For what is not in the ledger; the ledger
     * is written through {@code Lease.write}.
     */
    public static <X extends Exception> void locally(Handle handle, HandleConsumer<X> work) throws X {
        handle.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            work.useHandle(transaction);
        });
    }

    /** A connection beside the pool. The pool hides why it has none behind a time-out; this call says it. */
    public Handle direct() throws SQLException {
        return JdbiFactory.on(connector.open());
    }

    /**
     * A session for the whole catalog. While the database is away, the pool would hide why it has none behind a time-out; this call says it.
     */
    public Handle ofWholeCatalog() throws SQLException {
        wholeConnections.openSpare();
        try {
            return JdbiFactory.ofWholeCatalog(jdbi).open();
        } finally {
            wholeConnections.closeSpare();
        }
    }

    @Override
    public void close() {
        pool.close();
        catalogPool.close();
        wholePool.close();
    }
}
