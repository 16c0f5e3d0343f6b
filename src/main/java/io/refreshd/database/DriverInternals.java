package io.refreshd.database;

import java.io.IOException;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.PGStream;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.QueryExecutorBase;
import org.postgresql.core.VisibleBufferedInputStream;
import org.postgresql.jdbc.ResourceLock;

/**
 * What refreshd uses of the driver beyond its published classes: the stream from which a connection reads. It puts another one before it,
 * as the driver has no limit for errors and notices, and a socket of refreshd's own would see no more than bytes of TLS. And it waits for
 * input, as the driver waits for a millisecond or for a message.
 *
 * <p>{@code DriverInternalsTest} names the version in which this was read. A new version of the driver fails there first.
 */
public final class DriverInternals {
    private static final int BUFFER = 8 * 1024;
    private static final Field STREAM = field(QueryExecutorBase.class, "pgStream");
    private static final Field INPUT = field(PGStream.class, "pgInput");
    private static final Field LOCK = field(QueryExecutorBase.class, "lock");

    private DriverInternals() {}

    /** @param connection at rest: the server has answered everything */
    static void shortenErrors(Connection connection) throws SQLException {
        try {
            PGStream stream = (PGStream)
                    STREAM.get(connection.unwrap(BaseConnection.class).getQueryExecutor());
            VisibleBufferedInputStream present = (VisibleBufferedInputStream) INPUT.get(stream);
            VisibleBufferedInputStream shortened =
                    new VisibleBufferedInputStream(new ShortenedErrors(present.getWrapped()), BUFFER);
            shortened.setTimeoutRequested(stream.getNetworkTimeout() != 0);
            INPUT.set(stream, shortened);
        } catch (ReflectiveOperationException | IOException e) {
            throw new SQLException("the stream of the connection cannot be limited", "08000", e);
        }
    }

    /**
     * Waits until the server has sent something, and leaves it unread. Nobody else can use the connection meanwhile, nor does an interrupt
     * end the wait; cutting the connection does.
     */
    public static void awaitInput(Connection connection, Duration longest) throws SQLException {
        try {
            QueryExecutor executor = connection.unwrap(BaseConnection.class).getQueryExecutor();
            PGStream stream = (PGStream) STREAM.get(executor);
            ResourceLock lock = (ResourceLock) LOCK.get(executor);
            lock.lock();
            try {
                int before = stream.getNetworkTimeout();
                // Not the stream's own method, which would make its buffer throw from now on.
                stream.getSocket().setSoTimeout(Math.toIntExact(Math.max(1, longest.toMillis())));
                try {
                    ((VisibleBufferedInputStream) INPUT.get(stream)).ensureBytes(1, false);
                } finally {
                    stream.getSocket().setSoTimeout(before);
                }
            } finally {
                lock.unlock();
            }
        } catch (ReflectiveOperationException | IOException e) {
            throw new SQLException("the connection broke while its input was waited for", "08006", e);
        }
    }

    private static Field field(Class<?> owner, String name) {
        try {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("another version of the driver", e);
        }
    }
}
