package io.refreshd.database;

import java.net.UnknownHostException;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Says in one line what went wrong, for people. Pure. */
public final class ErrorSummary {
    private static final String CONNECTION = "08";

    private ErrorSummary() {}

    /** What the server or the driver said; what lies below only where they do not say enough. Not for a statement on rows. */
    public static String of(Throwable problem) {
        Throwable root = root(problem);
        String message = root.getMessage();
        String line = message == null
                ? root.getClass().getSimpleName()
                : message.strip().replaceAll("\\s*\\R\\s*", " ");
        // The driver's words for it are "The connection attempt failed."
        return root instanceof SQLException && root.getCause() instanceof UnknownHostException unknown
                ? line + " There is no host " + unknown.getMessage()
                : line;
    }

    /** The same without the server's words, which may quote rows: SQLSTATE and condition instead of them. */
    public static String withoutValues(Throwable problem) {
        return root(problem) instanceof SQLException error && mayHoldValues(error)
                ? ConditionNames.describe(error.getSQLState())
                : of(problem);
    }

    /**
     * Known to hold no value: what the driver itself says of a connection, and what the server itself says when it refuses or ends
     * one. The latter is FATAL and has no context; what a function raises, a login trigger's too, has the function as its context.
     */
    private static boolean mayHoldValues(SQLException error) {
        if (error instanceof PSQLException answered && answered.getServerErrorMessage() != null) {
            ServerErrorMessage message = answered.getServerErrorMessage();
            return !"FATAL".equals(message.getSeverity()) || message.getWhere() != null;
        }
        return error.getSQLState() != null && !error.getSQLState().startsWith(CONNECTION);
    }

    private static Throwable root(Throwable problem) {
        Throwable root = problem;
        while (root.getCause() != null && !(root instanceof SQLException)) {
            root = root.getCause();
        }
        return root;
    }
}
