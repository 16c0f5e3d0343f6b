package io.refreshd;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.refreshd.config.DatabaseSettings;
import io.refreshd.database.JdbiFactory;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;
import org.postgresql.PGProperty;

/** The connections for everything but the replication stream. */
final class Database implements AutoCloseable {
    /** The capture's ledger writes, the heart, the catalog watch, the audit, the role views and one in reserve. */
    private static final int BESIDES_REFRESHES = 6;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    /** Longer than any statement but a refresh may take. */
    private static final Duration SILENCE = Duration.ofSeconds(30);

    private final DatabaseSettings settings;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    private Database(DatabaseSettings settings, HikariDataSource pool) {
        this.settings = settings;
        this.pool = pool;
        this.jdbi = JdbiFactory.over(pool);
    }

    /** Opens nothing yet: a database that is away at start is waited for like one that goes away later. */
    static Database of(DatabaseSettings settings, int refreshes) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(settings.url());
        config.setUsername(settings.user());
        config.setPassword(settings.password().reveal());
        config.setPoolName("refreshd");
        config.setMaximumPoolSize(refreshes + BESIDES_REFRESHES);
        config.setMinimumIdle(1);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
        config.setValidationTimeout(Duration.ofSeconds(3).toMillis());
        // Said, and not asked of the first connection: one that is cut while it is asked left the pool with none for
        // ever.
        config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        config.addDataSourceProperty("ApplicationName", "refreshd");
        config.addDataSourceProperty("tcpKeepAlive", "true");
        config.addDataSourceProperty("connectTimeout", "10");
        // A line that died without a word must not hold a thread for ever. A refresh takes longer and says so itself.
        config.addDataSourceProperty("socketTimeout", Long.toString(SILENCE.toSeconds()));
        return new Database(settings, new HikariDataSource(config));
    }

    Jdbi jdbi() {
        return jdbi;
    }

    /**
     * Commits without waiting for a synchronous standby. For what is not in the ledger; what is goes through
     * {@link io.refreshd.ledger.Lease#write}.
     */
    static <X extends Exception> void locally(Handle handle, HandleConsumer<X> work) throws X {
        handle.useTransaction(transaction -> {
            transaction.execute("SET LOCAL synchronous_commit = local");
            work.useHandle(transaction);
        });
    }

    /**
     * A connection of its own, past the pool: the pool hides why it has none behind a time-out, and whoever waits for the
     * database wants to be told.
     */
    Handle direct() throws SQLException {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, settings.user());
        PGProperty.PASSWORD.set(properties, settings.password().reveal());
        PGProperty.APPLICATION_NAME.set(properties, "refreshd");
        PGProperty.CONNECT_TIMEOUT.set(properties, (int) CONNECT_TIMEOUT.toSeconds());
        PGProperty.SOCKET_TIMEOUT.set(properties, (int) SILENCE.toSeconds());
        PGProperty.LOGIN_TIMEOUT.set(properties, (int) CONNECT_TIMEOUT.toSeconds());
        return JdbiFactory.on(DriverManager.getConnection(settings.url(), properties));
    }

    @Override
    public void close() {
        pool.close();
    }
}
