package io.refreshd.stream;

import io.refreshd.ledger.LeaseLostException;
import io.refreshd.model.Failure;
import io.refreshd.model.Remedy;
import io.refreshd.refresh.SqlStates;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Detects a position that nothing can be read past, however often it is tried: only another slot helps then. The cause may be an error
 * of the server, or a row or message that ends this process.
 *
 * <p>Invariant: an attempt is counted in the ledger before it is made. So one that ends with the process counts too. Not counted are
 * attempts that got further, that were ended on purpose, that never came to streaming, or that an outage of the database ended.
 *
 * <p>Thread: the supervisor's.
 */
final class PoisonDetector {
    /** One failure may pass; three in a row at one position do not. */
    static final int MOST_ATTEMPTS = 3;

    /** The server failed with an internal error each time. */
    static final String UNDECODABLE = "log-undecodable";

    /** The attempts ended in any other way, also with the process. */
    static final String POISON = "log-poisoned";

    private static final String PUBLICATION_MISSING = "publication-missing";
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String OUT_OF_MEMORY = "53200";
    private static final String SYSTEM = "58";
    private static final String INTERNAL = "XX";

    private final String publication;
    /** Whether the attempt before, made by this process, is in the ledger and does not count. */
    private boolean uncounted;
    /** Whether the attempt before, made by this process, ended by an internal error of the server. */
    private boolean internal;

    /** The count of attempts at the present position, in the ledger: one that gets further is the first at its new position. */
    interface AttemptLedger {
        int made();

        void begin();

        void forgive();
    }

    PoisonDetector(String publication) {
        this.publication = publication;
    }

    /** @return why the slot is to be dropped before the next attempt, one fixed word; empty if that attempt may succeed */
    Optional<String> found(AttemptLedger ledger) {
        int counted = ledger.made() - (uncounted ? 1 : 0);
        return counted < MOST_ATTEMPTS ? Optional.empty() : Optional.of(internal ? UNDECODABLE : POISON);
    }

    /** An attempt is about to be prepared, and reads records meanwhile. It counts if the process ends by that, and else from {@link #begin} on. */
    void prepare(AttemptLedger ledger) {
        begin(ledger);
        uncounted = true;
    }

    /** An attempt is about to be made. */
    void begin(AttemptLedger ledger) {
        if (!uncounted || ledger.made() == 0) {
            ledger.begin();
        }
        uncounted = false;
        internal = false;
    }

    /** The attempt was ended on purpose. */
    void closed(AttemptLedger ledger) {
        uncounted = true;
        if (ledger.made() > 0) {
            ledger.forgive();
        }
        uncounted = false;
    }

    /**
     * The attempt failed.
     *
     * @param streamed whether the server had begun to stream
     * @return why the slot is to be dropped at once, one fixed word; empty if another attempt may succeed
     */
    Optional<String> failed(@Nullable Throwable failure, boolean streamed) {
        Optional<SQLException> error = find(failure, SQLException.class);
        String state = error.map(SQLException::getSQLState).orElse("");
        if (state.equals(UNDEFINED_OBJECT)
                && String.valueOf(error.get().getMessage()).contains(publication)) {
            // Before 18 the server decodes an old change by the publication of that time, and always fails if there was
            // none. The message is in the server's language; only the publication's name in it can be looked for.
            return Optional.of(PUBLICATION_MISSING);
        }
        internal = state.startsWith(INTERNAL);
        uncounted = !streamed || isOutage(failure, error);
        return Optional.empty();
    }

    private static boolean isOutage(@Nullable Throwable failure, Optional<SQLException> error) {
        if (error.isEmpty()) {
            return find(failure, IOException.class).isPresent()
                    || find(failure, LeaseLostException.class).isPresent();
        }
        String state = error.get().getSQLState();
        // Out of memory, or a file that cannot be read, may be the fault of what is decoded.
        return state == null
                || (!state.equals(OUT_OF_MEMORY)
                        && !state.startsWith(SYSTEM)
                        && new Failure(SqlStates.classify(state), state, "", Remedy.NONE).isOutage());
    }

    private static <T extends Throwable> Optional<T> find(@Nullable Throwable failure, Class<T> type) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return Optional.of(type.cast(cause));
            }
        }
        return Optional.empty();
    }
}
