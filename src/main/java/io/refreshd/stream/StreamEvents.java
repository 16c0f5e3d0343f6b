package io.refreshd.stream;

import io.refreshd.capture.ChangeSource;
import io.refreshd.report.StreamPhase;
import java.util.Optional;

/** What the attempts at streaming tell the daemon. Called by the supervisor's thread; must not block. */
public interface StreamEvents {
    /** An attempt has come to this phase, or waits for what {@code detail} says. */
    void phase(StreamPhase phase, String detail);

    /** The session that an attempt built; empty: the session before is no longer valid. */
    void session(Optional<DatabaseSession> session);

    /** A capture is about to run. */
    void capture(ChangeSource run);
}
