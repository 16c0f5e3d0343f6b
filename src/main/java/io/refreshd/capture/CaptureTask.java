package io.refreshd.capture;

import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.PostgresReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import io.refreshd.model.Interest;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's task, reading the log through {@link TransactionConnection}. Public because the engine makes it by name.
 */
public final class CaptureTask extends PostgresConnectorTask {
    /** By run: the engine makes the task itself, and a run that is being closed must be able to cut its connection. */
    private static final Map<String, TransactionConnection> OPEN = new ConcurrentHashMap<>();

    /** By run: an engine that stops in disorder does not stop all that its task began. */
    private static final Map<String, CaptureTask> BEGUN = new ConcurrentHashMap<>();

    /** By run, since the engine makes the task: a task is given texts only. */
    private static final Map<String, Function<TableId, Interest>> INTERESTS = new ConcurrentHashMap<>();

    @Override
    protected ReplicationConnection buildReplicationConnection(
            PostgresConnection jdbcConnection, PostgresSchema schema, PostgresConnectorConfig config)
            throws SQLException {
        TransactionConnection connection = new TransactionConnection(
                (PostgresReplicationConnection) super.buildReplicationConnection(jdbcConnection, schema, config),
                config.slotName(),
                config.publicationName(),
                EngineProperties.STATUS_INTERVAL,
                INTERESTS.getOrDefault(config.getLogicalName(), table -> Interest.NONE));
        OPEN.put(config.getLogicalName(), connection);
        BEGUN.put(config.getLogicalName(), this);
        return connection;
    }

    static void expect(String run, Function<TableId, Interest> interests) {
        INTERESTS.put(run, interests);
    }

    /**
     * Stops what the engine left of a run when it ended: interrupted while it waits for its coordinator, a task leaves a thread
     * behind that would look for signals for ever, and connections. Blocks while the engine still stops it.
     */
    static void stopLeftovers(String run) throws InterruptedException {
        CaptureTask task = BEGUN.remove(run);
        if (task != null && task.coordinator != null) {
            task.coordinator.stop();
            task.doStop();
        }
    }

    static @Nullable TransactionConnection forget(String run) {
        INTERESTS.remove(run);
        return OPEN.remove(run);
    }
}
