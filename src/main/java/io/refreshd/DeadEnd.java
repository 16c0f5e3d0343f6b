package io.refreshd;

import io.refreshd.model.Lsn;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells when the server will never get past a place in its log, so that trying again is in vain and only another slot helps.
 * Remembers the attempts before; one thread calls it.
 */
final class DeadEnd {
    /** An internal error of the server may be of the moment; so many in a row at one place are not. */
    private static final int IN_VAIN = 3;

    private static final String UNDEFINED_OBJECT = "42704";
    private static final String INTERNAL = "XX";

    private final String publication;
    private Lsn last = Lsn.ZERO;
    private int times;

    DeadEnd(String publication) {
        this.publication = publication;
    }

    /**
     * A stream has failed.
     *
     * @param recorded how far the ledger had come; further than the last time: it was another place
     * @return why the slot is to be given up, one fixed word; empty: it may be tried again
     */
    Optional<String> failed(@Nullable Throwable failure, Lsn recorded) {
        Optional<SQLException> error = server(failure);
        String state = error.map(SQLException::getSQLState).orElse("");
        if (state.equals(UNDEFINED_OBJECT)
                && String.valueOf(error.get().getMessage()).contains(publication)) {
            // Before 18 the server reads old changes with the publication of that time, and fails for ever if there was
            // none. The word is in the server's language, the name is not.
            return Optional.of("publication-missing");
        }
        if (!state.startsWith(INTERNAL)) {
            return Optional.empty();
        }
        times = recorded.compareTo(last) > 0 ? 1 : times + 1;
        last = recorded;
        if (times < IN_VAIN) {
            return Optional.empty();
        }
        times = 0;
        return Optional.of("log-undecodable");
    }

    private static Optional<SQLException> server(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException error && error.getSQLState() != null) {
                return Optional.of(error);
            }
        }
        return Optional.empty();
    }
}
