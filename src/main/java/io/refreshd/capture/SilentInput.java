package io.refreshd.capture;

import io.refreshd.database.DriverInternals;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/** Waits for a server that has nothing to send. */
interface SilentInput {
    Duration SHORTEST = Duration.ofMillis(10);

    /** So much later the reader may hear that it is to stop. After a short silence it waits shorter. */
    Duration LONGEST = Duration.ofMillis(500);

    int PART = 4;

    /** Returns when the server has sent something, or after a part of the silence so far. */
    void await(Duration silence) throws SQLException;

    static SilentInput of(Connection connection) {
        return silence -> DriverInternals.awaitInput(connection, part(silence));
    }

    static Duration part(Duration silence) {
        return Collections.max(List.of(SHORTEST, Collections.min(List.of(LONGEST, silence.dividedBy(PART)))));
    }
}
