package io.refreshd.model;

import java.time.Instant;

/** The times at which a view is refreshed in any case, changed or not. Pure. */
public interface RefreshSchedule {
    /** The first of these times that is later. */
    Instant next(Instant after);
}
