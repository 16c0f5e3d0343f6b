package io.refreshd.model;

import java.util.Objects;

/**
 * Message that the rows of a view changed, which subscribers get.
 *
 * @param json the message: an object on one line, with names, positions and numbers, and without values of rows
 * @param sent whether it was sent by {@code NOTIFY}; if not, the server's queue had no room
 */
public record ViewChange(ViewId view, String json, boolean sent) {
    public ViewChange {
        Objects.requireNonNull(view);
        Objects.requireNonNull(json);
    }
}
