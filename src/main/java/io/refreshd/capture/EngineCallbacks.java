package io.refreshd.capture;

import io.debezium.engine.DebeziumEngine;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What Debezium's engine tells of its start and its end.
 *
 * @param stoppable is released once the engine polls: before that it cannot be stopped
 * @param failed hears why the engine ended
 */
record EngineCallbacks(HeartbeatEmitter heartbeats, CountDownLatch stoppable, Consumer<Throwable> failed)
        implements DebeziumEngine.ConnectorCallback, DebeziumEngine.CompletionCallback {
    @Override
    public void pollingStarted() {
        heartbeats.start();
        stoppable.countDown();
    }

    @Override
    public void handle(boolean success, @Nullable String message, @Nullable Throwable error) {
        if (!success) {
            failed.accept(error == null ? new IllegalStateException(message) : error);
        }
    }
}
