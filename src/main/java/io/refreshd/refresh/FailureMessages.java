package io.refreshd.refresh;

import io.refreshd.database.ErrorOrigin;
import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Confidential;
import io.refreshd.model.Failure;
import io.refreshd.model.Remedy;
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
                kind(state, error),
                state,
                what(view, state, error),
                remedy(view, state, kind(state, error), grants),
                said);
    }

    /** A lock may be another session's also where a function asked for it. */
    private static Failure.Kind kind(String state, SQLException error) {
        Failure.Kind kind = SqlStates.classify(state);
        boolean raised = new Failure(kind, state, "", Remedy.NONE).isOutage()
                && !SqlStates.isOfLocks(state)
                && ErrorOrigin.mayBeRaised(error);
        return raised ? Failure.Kind.RAISED : kind;
    }

    private static String what(ViewId view, String state, SQLException error) {
        return switch (state) {
            case "55P03" -> "another session holds a lock on " + view + " for longer than refresh.lock-timeout";
            case "57014" -> "the refresh of " + view + " was cancelled or ran longer than refresh.statement-timeout";
            default -> "the refresh of " + view + " failed: " + ErrorSummary.withoutValues(error);
        };
    }

    private static Remedy remedy(ViewId view, String state, Failure.Kind kind, List<String> grants) {
        String name = SqlNames.qualified(view);
        return switch (state) {
            case "42501" ->
                thenRetried(
                        view,
                        grants.isEmpty()
                                ? Remedy.text("grant the owner of the view what " + SAID + " says it lacks")
                                : Remedy.sql(grants));
            case "55000" ->
                Remedy.text("create a unique index on the key columns of " + name
                        + "; and, if it is not populated, refresh it once without CONCURRENTLY");
            case "55P03" -> Remedy.text("find the session in pg_stat_activity, or raise refresh.lock-timeout");
            case "53100" ->
                Remedy.text("free disk space on the server, in the tablespace of " + name
                        + " or for temporary files; refreshd tries again by itself");
            case "57014" -> Remedy.text("raise refresh.statement-timeout, or make the query of the view cheaper");
            // What REFRESH says of rows that are there twice; and cardinality_violation also of a sub-query with
            // several rows.
            case "21000", "23505" ->
                thenRetried(
                        view,
                        Remedy.text("make the rows of the view unique by the columns of its unique index"
                                + (state.equals("21000")
                                        ? ", or have each sub-query that stands for a value return one row"
                                        : "")
                                + ": " + SAID + " says which"));
            default -> otherRemedy(view, new Failure(kind, state, "", Remedy.NONE));
        };
    }

    private static Remedy otherRemedy(ViewId view, Failure failure) {
        Remedy step = Remedy.text("correct what " + SAID + " names, the data or the query of the view");
        if (failure.isOfData()) {
            return thenRetried(view, step);
        }
        return failure.isOutage() ? Remedy.NONE : thenResume(view, step);
    }

    /** Adds that nobody has to end the suspension, and the command for whoever does not want to wait. */
    private static Remedy thenRetried(ViewId view, Remedy step) {
        return step.and("refreshd then tries again by itself; without waiting: refreshd resume " + view);
    }

    /** Adds the command that ends the suspension: no change in the catalog tells the daemon that this cause is gone. */
    private static Remedy thenResume(ViewId view, Remedy step) {
        return step.and("then: refreshd resume " + view);
    }
}
