package io.refreshd.capture;

import io.debezium.connector.postgresql.PostgresConnector;
import org.apache.kafka.connect.connector.Task;

/** Debezium's connector with {@link CaptureTask} in it. Public because the engine makes it by name. */
public final class CaptureConnector extends PostgresConnector {
    @Override
    public Class<? extends Task> taskClass() {
        return CaptureTask.class;
    }
}
