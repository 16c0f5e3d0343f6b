package io.refreshd.database;

import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Tells errors of connection and server from those that the code of a query raised. Pure. */
public final class ErrorOrigin {
    private ErrorOrigin() {}

    /**
     * Whether the code of a query may have raised the error, whatever its SQLSTATE says: a function may raise any. Then the error says
     * nothing about connection or server.
     *
     * <p>Source: what a function raises has the function as its context, and is an ERROR. When the server ends or refuses a session it
     * says FATAL, without a context. A foreign server that is away is an ERROR with a connection's SQLSTATE.
     */
    public static boolean mayBeRaised(SQLException error) {
        if (!(error instanceof PSQLException answered) || answered.getServerErrorMessage() == null) {
            return false; // The driver's own words.
        }
        ServerErrorMessage message = answered.getServerErrorMessage();
        String state = String.valueOf(error.getSQLState());
        boolean ofSession = state.startsWith("08") || state.startsWith("57P");
        return message.getWhere() != null || (ofSession && "ERROR".equals(message.getSeverity()));
    }
}
