package io.refreshd.client;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a listener learns of a change of its view. Anybody who may connect to the database can send such a message, so it is a reason to
 * read the view, and no more.
 *
 * @param watermark position of the WAL up to which the view held every commit; empty if that is not known
 * @param rows rows that were added, removed or replaced; empty if that is not known
 */
public record ViewChange(Optional<String> watermark, OptionalLong rows) {
    /** The view may have changed: messages may have been lost. */
    static final ViewChange UNKNOWN = new ViewChange(Optional.empty(), OptionalLong.empty());

    /** This change and a later one as one. */
    ViewChange and(ViewChange later) {
        return new ViewChange(
                later.watermark,
                rows.isPresent() && later.rows.isPresent()
                        ? OptionalLong.of(rows.getAsLong() + later.rows.getAsLong())
                        : OptionalLong.empty());
    }
}
