package io.refreshd.demo;

import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.Optional;

/**
 * One line of the live table.
 *
 * @param commitsSeen commits that concern the view and, by its watermark, are in it
 * @param commits commits that concern the view
 */
record LiveRow(
        ViewId view,
        ViewPhase phase,
        long rows,
        Duration staleness,
        long commitsSeen,
        long commits,
        long refreshes,
        Optional<Duration> lastDuration) {}
