package io.refreshd.model;

import java.util.Objects;

/**
 * Why a statement, or an attempt to connect, failed.
 *
 * @param sqlState the SQLSTATE, or empty if the server did not report the failure
 * @param what one sentence for people to read
 * @param remedy the statements or steps that remove the cause; empty if the failure may pass by itself
 * @param said what the server said; {@code what} and {@code remedy} are for everybody and hold none of the server's words
 */
public record Failure(Kind kind, String sqlState, String what, Remedy remedy, Confidential said) {
    public enum Kind {
        /** The failure may pass by itself: locks, timeouts, lost connections, a server that starts up. */
        TRANSIENT,
        /** The failure repeats until somebody changes something. */
        PERMANENT,
        /**
         * Code that the query calls raised the error, with an SQLSTATE by which the server would report an outage. The failure may pass
         * by itself, and says nothing about the server.
         */
        RAISED
    }

    public Failure {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(sqlState);
        Objects.requireNonNull(what);
        Objects.requireNonNull(remedy);
        Objects.requireNonNull(said);
    }

    public Failure(Kind kind, String sqlState, String what, Remedy remedy) {
        this(kind, sqlState, what, remedy, Confidential.NOTHING);
    }

    /**
     * Whether the cause lies outside the statement: the server is unreachable, full, overloaded or read-only, or another session holds
     * a lock. However often such a failure repeats, the view that was to be refreshed is not at fault.
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

    /**
     * Whether the rows that the query reads are the cause: a value that cannot be converted, a key that is there twice, a row that an
     * index or a function refuses. The same query succeeds once a row has changed.
     */
    public boolean isOfData() {
        return kind == Kind.RAISED
                || sqlState.startsWith("22")
                || sqlState.startsWith("23")
                || sqlState.startsWith("P0") // raised by a function in PL/pgSQL
                || sqlState.equals("21000") // cardinality_violation
                || sqlState.equals("54000"); // program_limit_exceeded: a value that is too long for an index
    }

    /** Whether a privilege is missing. The same query succeeds once it is granted. */
    public boolean isOfPrivilege() {
        return sqlState.equals("42501");
    }

    /** The same, of which the server said something else. */
    public Failure withSaid(Confidential other) {
        return new Failure(kind, sqlState, what, remedy, other);
    }

    public Obstacle asObstacle() {
        return new Obstacle(what, remedy, said);
    }
}
