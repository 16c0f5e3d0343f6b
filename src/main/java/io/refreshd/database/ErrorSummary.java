package io.refreshd.database;

import java.net.UnknownHostException;
import java.sql.SQLException;

/** Says in one line what went wrong, for people. Pure. */
public final class ErrorSummary {
    private ErrorSummary() {}

    /** What the server or the driver said; what lies below only where they do not say enough. */
    public static String of(Throwable problem) {
        Throwable root = problem;
        while (root.getCause() != null && !(root instanceof SQLException)) {
            root = root.getCause();
        }
        String message = root.getMessage();
        String line = message == null
                ? root.getClass().getSimpleName()
                : message.strip().replaceAll("\\s*\\R\\s*", " ");
        // The driver's words for it are "The connection attempt failed."
        return root instanceof SQLException && root.getCause() instanceof UnknownHostException unknown
                ? line + " There is no host " + unknown.getMessage()
                : line;
    }
}
