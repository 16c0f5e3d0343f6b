package io.refreshd.database;

import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.PGStream;
import org.postgresql.core.QueryExecutorBase;
import org.postgresql.core.VisibleBufferedInputStream;

/**
 * What refreshd uses of the driver beyond its published classes: the stream from which a connection reads, which it puts another one
 * before. The driver has no limit for errors and notices, and a socket of refreshd's own would see no more than bytes of TLS.
 *
 * <p>{@code DriverInternalsTest} names the version in which this was read. A new version of the driver fails there first.
 */
final class DriverInternals {
    private static final int BUFFER = 8 * 1024;
    private static final Field STREAM = field(QueryExecutorBase.class, "pgStream");
    private static final Field INPUT = field(PGStream.class, "pgInput");

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
        } catch (ReflectiveOperationException | java.io.IOException e) {
            throw new SQLException("the stream of the connection cannot be limited", "08000", e);
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
