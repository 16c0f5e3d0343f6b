package io.refreshd.demo;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has been started, to be ended in the opposite order. One that fails does not keep the others from being ended.
 * Any thread may close it: whoever comes second waits for the first.
 */
final class Teardown implements AutoCloseable {
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private boolean closed;

    /** @throws IllegalStateException if all has been ended already; the latecomer is ended too */
    synchronized <T extends AutoCloseable> T add(T resource) {
        if (closed) {
            IllegalStateException late = new IllegalStateException("started after everything was ended");
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
