package io.refreshd.capture;

import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.connector.postgresql.connection.PostgresReplicationConnection;
import io.debezium.connector.postgresql.connection.ReplicationConnection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Debezium's task, reading the log through {@link TransactionConnection}. Public because the engine makes it by name.
 */
public final class CaptureTask extends PostgresConnectorTask {
    /** By run: the engine makes the task itself, and a run that is being closed must be able to cut its connection. */
    private static final Map<String, TransactionConnection> OPEN = new ConcurrentHashMap<>();

    @Override
    protected ReplicationConnection buildReplicationConnection(
            PostgresConnection jdbcConnection, PostgresSchema schema, PostgresConnectorConfig config)
            throws SQLException {
        TransactionConnection connection = new TransactionConnection(
                (PostgresReplicationConnection) super.buildReplicationConnection(jdbcConnection, schema, config),
                config.slotName(),
                config.publicationName(),
                EngineProperties.STATUS_INTERVAL);
        OPEN.put(config.getLogicalName(), connection);
        return connection;
    }

    static @Nullable TransactionConnection forget(String run) {
        return OPEN.remove(run);
    }
}
