package io.refreshd.stream;

import io.refreshd.model.Lsn;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Detects a position that the server cannot decode past, however often it is tried: only another slot helps then.
 *
 * <p>Thread: the supervisor's. The attempts before are remembered in memory.
 */
final class PoisonDetector {
    /** One internal error of the server may pass; three in a row at one position do not. */
    private static final int MOST_ATTEMPTS = 3;

    private static final String UNDEFINED_OBJECT = "42704";
    private static final String INTERNAL = "XX";

    private final String publication;
    private Lsn last = Lsn.ZERO;
    private int times;

    PoisonDetector(String publication) {
        this.publication = publication;
    }

    /**
     * Counts a failed attempt.
     *
     * @param durable the position in the ledger; if it has grown since the last failure, the failure is at another position
     * @return why the slot is to be dropped, one fixed word; empty if another attempt may succeed
     */
    Optional<String> failed(@Nullable Throwable failure, Lsn durable) {
        Optional<SQLException> error = server(failure);
        String state = error.map(SQLException::getSQLState).orElse("");
        if (state.equals(UNDEFINED_OBJECT)
                && String.valueOf(error.get().getMessage()).contains(publication)) {
            // Before 18 the server decodes an old change by the publication of that time, and always fails if there was
            // none. The message is in the server's language; only the publication's name in it can be looked for.
            return Optional.of("publication-missing");
        }
        if (!state.startsWith(INTERNAL)) {
            return Optional.empty();
        }
        times = durable.compareTo(last) > 0 ? 1 : times + 1;
        last = durable;
        if (times < MOST_ATTEMPTS) {
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
