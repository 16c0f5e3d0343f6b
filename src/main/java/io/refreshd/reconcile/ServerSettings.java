package io.refreshd.reconcile;

import io.refreshd.database.PlainSession;
import io.refreshd.model.Moment;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/**
 * Detects changes of the settings that every session begins with. ALTER SYSTEM and a reload leave no trace in the
 * catalog, and the driver hides some of the values, so that they are read from the server's files as far as the role may.
 *
 * <p>Thread: one at a time.
 */
final class ServerSettings {
    /** To read them takes a few milliseconds, and they change seldom. */
    private static final Duration EVERY = Duration.ofSeconds(5);

    private final Supplier<Moment> clock;
    private long comparedAt;

    ServerSettings(Supplier<Moment> clock) {
        this.clock = clock;
        this.comparedAt = clock.get().nanos();
    }

    /** A hash of the settings. */
    static String read(Handle handle) throws SQLException {
        String settings = handle.inTransaction(transaction -> PlainSession.ofEveryRole(transaction.getConnection()));
        return UUID.nameUUIDFromBytes(settings.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /** Compares now and then; false in between. */
    boolean haveChanged(Handle handle, String before) throws SQLException {
        if (clock.get().nanosSince(comparedAt) < EVERY.toNanos()) {
            return false;
        }
        comparedAt = clock.get().nanos();
        return !read(handle).equals(before);
    }
}
