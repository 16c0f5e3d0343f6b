package io.refreshd.capture;

import io.debezium.connector.postgresql.PostgresChangeEventSourceCoordinator;
import io.debezium.connector.postgresql.PostgresChangeEventSourceFactory;
import io.debezium.connector.postgresql.PostgresConnectorConfig;
import io.debezium.connector.postgresql.PostgresEventDispatcher;
import io.debezium.connector.postgresql.PostgresSchemaFactory;
import io.debezium.connector.postgresql.PostgresStreamingChangeEventSource;
import io.debezium.connector.postgresql.PostgresValueConverter;
import io.debezium.connector.postgresql.TypeRegistry;
import io.debezium.embedded.async.AsyncEmbeddedEngine;
import java.util.List;
import org.postgresql.core.v3.replication.V3PGReplicationStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what streaming needs while the catalog is still being read. That is a fifth of all classes of the daemon, and the second
 * processor has little to do until then.
 */
public final class WarmUp {
    private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

    private static final List<Class<?>> ENTRANCES = List.of(
            PostgresConnectorConfig.class,
            AsyncEmbeddedEngine.class,
            CaptureTask.class,
            PostgresSchemaFactory.class,
            PostgresValueConverter.class,
            TypeRegistry.class,
            TransactionConnection.class,
            PostgresChangeEventSourceCoordinator.class,
            PostgresChangeEventSourceFactory.class,
            PostgresEventDispatcher.class,
            PostgresStreamingChangeEventSource.class,
            V3PGReplicationStream.class);

    private WarmUp() {}

    /** Returns at once. */
    public static void begin() {
        Thread.ofPlatform().name("refreshd-warm-up").daemon().start(WarmUp::load);
    }

    private static void load() {
        for (Class<?> entrance : ENTRANCES) {
            try {
                Class.forName(entrance.getName(), true, entrance.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                // It will be missed where it is needed, and told there.
                log.atDebug().setCause(e).log("Not loaded ahead");
            }
        }
    }
}
