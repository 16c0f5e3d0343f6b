package io.refreshd.schedule;

import io.refreshd.model.RefreshTask;
import java.time.Instant;

/**
 * A refresh that has been started and whose outcome has not come yet.
 *
 * @param changes what the refresh is to bring; later changes are not added to them
 * @param startedAt monotonic time of the start
 * @param since wall time of the start, for people
 * @param expected expected duration, in nanoseconds
 * @param requested whether an operator asked for it
 * @param shared whether it is part of a round of several views
 * @param joined whether it takes no place, since the round has taken one for another view
 */
record RunningRefresh(
        RefreshTask task,
        PendingChanges changes,
        long startedAt,
        Instant since,
        long expected,
        boolean requested,
        boolean shared,
        boolean joined) {
    /** Whether nothing was pending for the view: it takes part in the round of another one. */
    boolean accompanies() {
        return shared && task.basis().stack().accompanies();
    }
}
