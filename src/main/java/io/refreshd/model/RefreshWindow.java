package io.refreshd.model;

import java.time.Instant;
import java.time.ZoneId;

/** The times at which refreshes of a view may start. Pure. */
public interface RefreshWindow {
    /** What holds at this time, and until when. */
    Period at(Instant time);

    /** The time zone in which people think of the window. */
    ZoneId zone();

    /**
     * A time without a change of the window.
     *
     * @param until when it opens or closes; later than the time that was asked about
     */
    record Period(boolean open, Instant until) {}
}
