package io.refreshd.model;

import java.util.List;
import java.util.Objects;

/**
 * The conditions under which the task of an incremental view is valid.
 *
 * @param definition the version of the view's definition by which changed rows were routed; under another one their keys say nothing
 * @param everything why all rows are recomputed, in words for people; empty if the rows of the task's look-ups are
 * @param fullRecompute whether all rows may be recomputed; an operator's word is given already
 * @param clock the bounds in time that the round follows, so that rows are recomputed that have passed one since the last round
 */
public record RoundBasis(String definition, String everything, FullRecompute fullRecompute, List<ClockBound> clock) {
    /** The basis of a view that is refreshed by REFRESH. */
    public static final RoundBasis NONE = new RoundBasis("", "", FullRecompute.ALLOW);

    /** The basis of a round of all rows, because not all that changed are known. */
    public static final RoundBasis UNKNOWN_ROWS =
            new RoundBasis("", "not every change has a key by which it can be carried through", FullRecompute.ALLOW);

    public RoundBasis(String definition, String everything, FullRecompute fullRecompute) {
        this(definition, everything, fullRecompute, List.of());
    }

    public RoundBasis {
        clock = List.copyOf(clock);
        Objects.requireNonNull(definition);
        Objects.requireNonNull(everything);
        Objects.requireNonNull(fullRecompute);
    }
}
