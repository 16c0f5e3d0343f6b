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
 * @param stack what the view stands on, and what stands on it
 */
public record RoundBasis(
        String definition, String everything, FullRecompute fullRecompute, List<ClockBound> clock, Stack stack) {
    /** The basis of a view that is refreshed by REFRESH. */
    public static final RoundBasis NONE = new RoundBasis("", "", FullRecompute.ALLOW);

    public RoundBasis {
        clock = List.copyOf(clock);
        Objects.requireNonNull(definition);
        Objects.requireNonNull(everything);
        Objects.requireNonNull(fullRecompute);
        Objects.requireNonNull(stack);
    }

    /** The basis of a view that follows no clock, and neither stands on another incremental view nor is read by one. */
    public RoundBasis(String definition, String everything, FullRecompute fullRecompute) {
        this(definition, everything, fullRecompute, List.of(), Stack.NONE);
    }

    /**
     * The incremental views around this one.
     *
     * @param upstream those that it reads
     * @param readers those that read it
     * @param accompanies whether nothing is pending for it: it takes part since the round may change rows of a view that it reads
     */
    public record Stack(List<UpstreamRows> upstream, List<UpstreamRows.Reader> readers, boolean accompanies) {
        public static final Stack NONE = new Stack(List.of(), List.of(), false);

        public Stack {
            upstream = List.copyOf(upstream);
            readers = List.copyOf(readers);
        }
    }
}
