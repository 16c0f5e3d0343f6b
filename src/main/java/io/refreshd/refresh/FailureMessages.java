package io.refreshd.refresh;

import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Confidential;
import io.refreshd.model.Failure;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.List;

/**
 * Turns an error of the server into a message and a remedy for the operator. Pure.
 *
 * <p>Invariant: message and remedy hold none of the server's words. The view's query decides what an error says, whatever its SQLSTATE
 * is, so any error may quote a row.
 */
final class FailureMessages {
    /** Where who may read the view finds the server's words. */
    private static final String SAID = "server_message in refreshd.freshness";

    private FailureMessages() {}

    /** @param grants statements that grant the privileges known to be missing; may be empty */
    static Failure of(ViewId view, SQLException error, List<String> grants) {
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        Confidential said = new Confidential(String.valueOf(error.getMessage()));
        return new Failure(
                SqlStates.classify(state), state, what(view, state, error), remedy(view, state, grants), said);
    }

    private static String what(ViewId view, String state, SQLException error) {
        return switch (state) {
            case "55P03" -> "another session holds a lock on " + view + " for longer than refresh.lock-timeout";
            case "57014" -> "the refresh of " + view + " was cancelled or ran longer than refresh.statement-timeout";
            default -> "the refresh of " + view + " failed: " + ErrorSummary.withoutValues(error);
        };
    }

    private static String remedy(ViewId view, String state, List<String> grants) {
        String name = SqlNames.qualified(view);
        return switch (state) {
            case "42501" ->
                grants.isEmpty()
                        ? thenRetried(view, "grant the owner of the view what " + SAID + " says it lacks;")
                        : thenRetried(view, String.join(" ", grants));
            case "55000" ->
                "CREATE UNIQUE INDEX ON " + name
                        + " (the key columns); and, if it was never populated, REFRESH MATERIALIZED VIEW " + name + ";";
            case "55P03" -> "find the session in pg_stat_activity, or raise refresh.lock-timeout";
            case "57014" -> "raise refresh.statement-timeout, or make the query of the view cheaper";
            // cardinality_violation and unique_violation: what REFRESH says of rows that are there twice.
            case "21000", "23505" ->
                thenRetried(view, "make the rows of the view unique by the columns of its unique index;");
            default -> otherRemedy(view, new Failure(SqlStates.classify(state), state, "", ""));
        };
    }

    private static String otherRemedy(ViewId view, Failure failure) {
        String step = "correct what " + SAID + " names, the data or the query of the view;";
        if (failure.isOfData()) {
            return thenRetried(view, step);
        }
        return failure.kind() == Failure.Kind.PERMANENT ? thenResume(view, step) : "";
    }

    /** Adds that nobody has to end the suspension, and the command for whoever does not want to wait. */
    private static String thenRetried(ViewId view, String step) {
        return step + " -- refreshd then tries again by itself; without waiting: refreshd resume " + view;
    }

    /** Adds the command that ends the suspension: no change in the catalog tells the daemon that this cause is gone. */
    private static String thenResume(ViewId view, String step) {
        return step + " -- then: refreshd resume " + view;
    }
}
