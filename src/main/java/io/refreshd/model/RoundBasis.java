package io.refreshd.model;

import java.util.Objects;

/**
 * What a task for an incremental view rests on.
 *
 * @param definition the version of the view's definition by which changed rows were routed; under another one their keys say nothing
 * @param everything why all rows are recomputed, in words for people; empty if the task names rows
 */
public record RoundBasis(String definition, String everything) {
    /** The basis of a view that is refreshed by REFRESH. */
    public static final RoundBasis NONE = new RoundBasis("", "");

    public RoundBasis {
        Objects.requireNonNull(definition);
        Objects.requireNonNull(everything);
    }
}
