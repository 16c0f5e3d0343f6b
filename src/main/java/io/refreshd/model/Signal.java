package io.refreshd.model;

import java.util.Objects;

/**
 * A logical message ({@code pg_logical_emit_message}) of refreshd, read back from the log.
 *
 * <p>Invariant: in the log a signal stands behind everything that committed before it was written. Whoever reads the signal has read
 * all of that.
 *
 * @param kind what follows the prefix, for example {@code heartbeat}
 * @param body the content as text
 */
public record Signal(String kind, String body) {
    /** The prefix of refreshd's messages; the log holds messages of other programs too. */
    public static final String PREFIX = "refreshd:";

    /** Written at regular intervals, so that the position moves on while nothing changes. */
    public static final String HEARTBEAT = "heartbeat";

    /** A client waits until a view holds everything that committed before this; the body is the view's oid. */
    public static final String FENCE = "fence";

    /** A lookup waits until everything is routed that committed before this. */
    public static final String PROBE = "probe";

    /** A row was added to {@code refreshd.request}. */
    public static final String REQUEST = "request";

    public Signal {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(body);
    }
}
