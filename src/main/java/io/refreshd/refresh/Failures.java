package io.refreshd.refresh;

import io.refreshd.model.Failure;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;

/** Puts what the server said into words for the person who has to mend it. Pure. */
final class Failures {
    private Failures() {}

    static Failure of(ViewId view, String user, SQLException error) {
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        return new Failure(SqlStates.classify(state), state, what(view, state, error), mend(view, user, state));
    }

    private static String what(ViewId view, String state, SQLException error) {
        String message = String.valueOf(error.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
        return switch (state) {
            case "55P03" -> "another session holds a lock on " + view + " for longer than refresh.lock-timeout";
            case "57014" -> "the refresh of " + view + " was cancelled or ran longer than refresh.statement-timeout";
            default -> message;
        };
    }

    private static String mend(ViewId view, String user, String state) {
        String name = SqlNames.qualified(view);
        String role = SqlNames.identifier(user);
        return switch (state) {
            case "42501" ->
                "GRANT MAINTAIN ON " + name + " TO " + role
                        + "; -- PostgreSQL 17 and newer; before: ALTER MATERIALIZED VIEW " + name + " OWNER TO " + role
                        + ";";
            case "55000" ->
                "CREATE UNIQUE INDEX ON " + name
                        + " (the key columns); and, if it was never populated, REFRESH MATERIALIZED VIEW " + name + ";";
            case "55P03" -> "find the session in pg_stat_activity, or raise refresh.lock-timeout";
            case "57014" -> "raise refresh.statement-timeout, or make the query of the view cheaper";
            default -> "";
        };
    }
}
