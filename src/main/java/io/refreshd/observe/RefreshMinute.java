package io.refreshd.observe;

import io.refreshd.model.Method;
import io.refreshd.report.Notice;
import java.time.Duration;
import java.util.Optional;

/**
 * What happened to one view in one minute.
 *
 * @param minute minutes since 1970
 * @param refreshes refreshes that succeeded, rounds of incremental views among them
 * @param rounds rounds of an incremental view
 * @param full rounds that recomputed all rows
 * @param lag the greatest time from commit to visible; empty if no refresh was caused by a change
 * @param took the longest duration of a refresh
 * @param remark why all rows were recomputed or a refresh failed, the last of either
 */
record RefreshMinute(
        long minute,
        int refreshes,
        int failures,
        int rounds,
        int full,
        Optional<Duration> lag,
        Duration took,
        long keys,
        long rows,
        Optional<String> remark) {

    static RefreshMinute empty(long minute) {
        return new RefreshMinute(minute, 0, 0, 0, 0, Optional.empty(), Duration.ZERO, 0, 0, Optional.empty());
    }

    RefreshMinute with(Notice.RefreshDone done) {
        boolean incremental = done.method() == Method.INCREMENTAL;
        Optional<String> everything = done.recomputed().flatMap(what -> what.everything());
        return new RefreshMinute(
                minute,
                refreshes + 1,
                failures,
                rounds + (incremental ? 1 : 0),
                full + (everything.isPresent() ? 1 : 0),
                greater(lag, done.commitToVisible()),
                took.compareTo(done.duration()) < 0 ? done.duration() : took,
                keys + done.recomputed().map(what -> what.keys()).orElse(0L),
                rows + done.rowsChanged().orElse(0L),
                everything.map(why -> "everything recomputed: " + why).or(() -> remark));
    }

    RefreshMinute with(Notice.RefreshFailed failed) {
        return new RefreshMinute(
                minute,
                refreshes,
                failures + 1,
                rounds,
                full,
                lag,
                took,
                keys,
                rows,
                Optional.of(failed.failure().what()));
    }

    private static Optional<Duration> greater(Optional<Duration> one, Optional<Duration> other) {
        return one.isPresent() && (other.isEmpty() || one.get().compareTo(other.get()) >= 0) ? one : other;
    }
}
