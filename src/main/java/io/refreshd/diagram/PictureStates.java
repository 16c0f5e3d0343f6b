package io.refreshd.diagram;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * What a picture shows of tables and views besides their names.
 *
 * @param views phase and words of each view; views that are missing have no symbol
 * @param notCaptured tables whose changes are not in the log
 * @param link where a view leads to; empty: nowhere
 */
public record PictureStates(Map<ViewId, State> views, Set<TableId> notCaptured, Function<ViewId, String> link) {

    /** @param words the phase for people, and how late the view is */
    public record State(ViewPhase phase, String words) {}

    /** The graver a phase, the higher its rank. */
    static int rank(ViewPhase phase) {
        return switch (phase) {
            case SUSPENDED -> 8;
            case BLOCKED -> 7;
            case BACKING_OFF -> 6;
            case PAUSED -> 5;
            case WAITING -> 4;
            case UNTRACKED -> 3;
            case DIRTY -> 2;
            case REFRESHING -> 1;
            case FRESH -> 0;
        };
    }
}
