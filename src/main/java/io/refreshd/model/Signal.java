package io.refreshd.model;

import java.util.Objects;

/**
 * A logical message with refreshd's prefix, read back from the log. It stands behind everything that committed before it
 * was written, which is what makes it a heartbeat and a fence.
 *
 * @param kind the word after the prefix, for example {@code heartbeat}
 * @param body the content as text
 */
public record Signal(String kind, String body) {
    /** Messages of other programs share the log; only those that start with this are ours. */
    public static final String PREFIX = "refreshd:";

    public static final String HEARTBEAT = "heartbeat";

    /** Somebody waits until a view holds everything that has committed; the body is the view's oid. */
    public static final String FENCE = "fence";

    /** A look-up waits until everything has been routed that committed before this was written. */
    public static final String PROBE = "probe";

    /** There is something in {@code refreshd.request}. */
    public static final String REQUEST = "request";

    public Signal {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(body);
    }
}
