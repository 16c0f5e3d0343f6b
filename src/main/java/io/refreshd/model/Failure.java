package io.refreshd.model;

import java.util.Objects;

/**
 * Why something that was asked of the database did not work.
 *
 * @param sqlState the five characters, or empty if the failure is not the server's
 * @param what one sentence, fit to be shown
 * @param remedy the statement or step that mends it; empty if it may pass by itself
 */
public record Failure(Kind kind, String sqlState, String what, String remedy) {
    public enum Kind {
        /** May pass by itself: locks, timeouts, lost connections, a server that starts up. */
        TRANSIENT,
        /** Stays until somebody changes something. */
        PERMANENT
    }

    public Failure {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(sqlState);
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
    }

    /**
     * Whether it tells nothing about what was asked: the server is away, full, overloaded or read-only (by SQLSTATE class, or no
     * SQLSTATE where no connection was to be had), or others hold a lock. However often it happens, the view is not the one to
     * mend.
     */
    public boolean isOutage() {
        return kind == Kind.TRANSIENT
                && (sqlState.isEmpty()
                        || sqlState.startsWith("08")
                        || (sqlState.startsWith("53") && !sqlState.equals("53400")) // but temp_file_limit
                        || sqlState.startsWith("57P")
                        || sqlState.startsWith("58")
                        || sqlState.equals("25006") // read_only_sql_transaction: a standby, not promoted yet
                        || sqlState.equals("55P03") // lock_not_available
                        || sqlState.equals("40P01")); // deadlock_detected
    }

    public Obstacle asObstacle() {
        return new Obstacle(what, remedy);
    }
}
