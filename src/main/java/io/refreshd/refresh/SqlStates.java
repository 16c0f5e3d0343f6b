package io.refreshd.refresh;

import io.refreshd.model.Failure;

/**
 * Classifies SQLSTATEs as permanent or transient. Pure.
 *
 * <p>A code that is not listed is transient: a few more attempts cost little, while a view that is suspended by mistake becomes
 * stale.
 *
 * <p>Source: PostgreSQL's documentation, appendix A.
 */
public final class SqlStates {
    private SqlStates() {}

    public static Failure.Kind classify(String sqlState) {
        return switch (sqlState) {
            // object_not_in_prerequisite_state: no unique index, or never populated. feature_not_supported: this
            // REFRESH is not possible.
            case "55000", "0A000" -> Failure.Kind.PERMANENT;
            default -> sqlState.startsWith("42") ? syntaxOrAccess(sqlState) : Failure.Kind.TRANSIENT;
        };
    }

    /** lock_not_available, deadlock_detected. */
    static boolean isOfLocks(String sqlState) {
        return sqlState.equals("55P03") || sqlState.equals("40P01");
    }

    /** Class 42 is permanent as a rule: syntax and privileges are the same at the next attempt. */
    private static Failure.Kind syntaxOrAccess(String sqlState) {
        return switch (sqlState) {
            // undefined_table, undefined_object: dropped or renamed between two statements; the catalog is read again
            // soon.
            case "42P01", "42704" -> Failure.Kind.TRANSIENT;
            default -> Failure.Kind.PERMANENT;
        };
    }
}
