package io.refreshd.demo;

import io.refreshd.model.Method;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.Optional;

/**
 * A line of the live table: one view.
 *
 * @param commitsSeen commits that affect the view and are, by its watermark, in it
 * @param commits commits that affect the view
 */
record LiveRow(
        ViewId view,
        Method method,
        ViewPhase phase,
        long rows,
        Duration staleness,
        long commitsSeen,
        long commits,
        long refreshes,
        Optional<Duration> lastDuration) {}
