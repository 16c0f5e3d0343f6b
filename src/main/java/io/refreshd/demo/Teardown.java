package io.refreshd.demo;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A stack of started resources, which it closes in the opposite order.
 *
 * <p>Failure: a resource that fails to close does not keep the others from being closed.
 *
 * <p>Thread: any. A second thread that closes it waits for the first.
 */
final class Teardown implements AutoCloseable {
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private boolean closed;

    /** @throws IllegalStateException if the stack is closed already; the resource is closed at once then */
    synchronized <T extends AutoCloseable> T add(T resource) {
        if (closed) {
            IllegalStateException late = new IllegalStateException("started after everything was closed");
            try {
                resource.close();
            } catch (Exception e) {
                late.addSuppressed(e);
            }
            throw late;
        }
        started.push(resource);
        return resource;
    }

    @Override
    public synchronized void close() throws Exception {
        closed = true;
        Exception failure = null;
        while (!started.isEmpty()) {
            try {
                started.pop().close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
