package io.refreshd.reconcile;

import io.refreshd.database.PlainSession;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Detects changes of the settings that every session begins with. ALTER SYSTEM leaves no trace in the catalog, and the driver hides some
 * of the values, so that they are read from the server's files as far as the role may, once after each reload.
 *
 * <p>Thread: one at a time.
 */
final class ServerSettings {
    private String loaded = "";

    /** A hash of the settings. */
    static String read(Handle handle) throws SQLException {
        String settings = handle.inTransaction(transaction -> PlainSession.ofEveryRole(transaction.getConnection()));
        return UUID.nameUUIDFromBytes(settings.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /** Compares if the server has loaded its settings since the last call; false otherwise. */
    boolean haveChanged(Jdbi jdbi, String before, ServerActivity activity) throws SQLException {
        if (activity.settingsLoaded().equals(loaded)) {
            return false;
        }
        boolean changed = !jdbi.withHandle(ServerSettings::read).equals(before);
        loaded = activity.settingsLoaded();
        return changed;
    }
}
