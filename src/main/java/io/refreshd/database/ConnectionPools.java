package io.refreshd.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.refreshd.config.DatabaseSettings;
import java.sql.SQLException;
import java.time.Duration;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;

/**
 * The daemon's connections for everything but the stream: a pool, and single connections beside it.
 *
 * <p>Thread: any.
 */
public final class ConnectionPools implements AutoCloseable {
    /** A look-up that has waited for later changes asks the catalog once more, beside its own transaction. */
    private static final int PER_REFRESH = 2;

    /** Ledger writes of the capture, the guard, the catalog task, the audit, the role views, two lock watches, and one in reserve. */
    private static final int BESIDES_REFRESHES = 8;

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

    private final Connector connector;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    private ConnectionPools(Connector connector, HikariDataSource pool) {
        this.connector = connector;
        this.pool = pool;
        this.jdbi = JdbiFactory.over(pool);
    }

    /** Opens nothing yet: a database that is away at the start is waited for like one that goes away later. */
    public static ConnectionPools of(DatabaseSettings settings, int refreshes) {
        Connector connector = new Connector(settings, SessionKind.DAEMON, "refreshd");
        HikariConfig config = new HikariConfig();
        config.setDataSource(new ConnectorDataSource(connector));
        config.setPoolName("refreshd");
        config.setMaximumPoolSize(PER_REFRESH * refreshes + BESIDES_REFRESHES);
        config.setMinimumIdle(1);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(LONGEST_WAIT.toMillis());
        config.setValidationTimeout(Duration.ofSeconds(3).toMillis());
        // If it is not set, the pool asks its first connection for it. A connection that was cut while it was asked
        // left
        // the pool with none for ever.
        config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        return new ConnectionPools(connector, new HikariDataSource(config));
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

    @Override
    public void close() {
        pool.close();
    }
}
