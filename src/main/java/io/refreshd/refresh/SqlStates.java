package io.refreshd.refresh;

import io.refreshd.model.Failure;

/**
 * Sorts SQLSTATEs by whether waiting can help. Pure. Classes and codes are those of PostgreSQL's documentation, appendix A.
 *
 * <p>What is not listed counts as transient: trying again a few times costs little, giving up for good on a guess costs a
 * stale view.
 */
public final class SqlStates {
    private SqlStates() {}

    public static Failure.Kind classify(String sqlState) {
        return switch (sqlState) {
            // object_not_in_prerequisite_state: no unique index, never populated. feature_not_supported: REFRESH does
            // not fit.
            case "55000", "0A000" -> Failure.Kind.PERMANENT;
            default -> sqlState.startsWith("42") ? syntaxOrAccess(sqlState) : Failure.Kind.TRANSIENT;
        };
    }

    /** Class 42 is about how statement and objects are written, which no retry changes. */
    private static Failure.Kind syntaxOrAccess(String sqlState) {
        return switch (sqlState) {
            // undefined_table, undefined_object: dropped or renamed between two statements; the catalog will tell.
            case "42P01", "42704" -> Failure.Kind.TRANSIENT;
            default -> Failure.Kind.PERMANENT;
        };
    }
}
