package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.config.CalendarSettings;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.Remedy;
import io.refreshd.model.Spans;
import io.refreshd.model.Timing;
import java.util.ArrayList;
import java.util.List;

/** Says which windows and schedules contradict other settings of the same view, as several overrides together may have it. */
final class CalendarCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) {
        List<Finding> findings = new ArrayList<>();
        for (MaterializedView view : database.graph().views().values()) {
            Timing timing = database.configuration().views().timingOf(view.id());
            addWindow(findings, view, timing);
            boolean never = view.incremental().isPresent()
                    && database.configuration().views().fullRecomputeOf(view.id()) == FullRecompute.NEVER;
            if (never && timing.schedule().isPresent()) {
                findings.add(warning(
                        view,
                        "schedule has no effect, since full-recompute is never",
                        "By the clock all rows of an incremental view would be recomputed.",
                        "leave schedule out, or allow it with full-recompute: allow"));
            }
        }
        return findings;
    }

    private static void addWindow(List<Finding> findings, MaterializedView view, Timing timing) {
        CalendarSettings calendar = CalendarSettings.of(timing);
        if (calendar.windowIsClosedForLonger()) {
            findings.add(warning(
                    view,
                    "max-staleness of "
                            + Spans.inWords(calendar.maxStaleness().orElseThrow())
                            + " cannot be kept: the window is closed for " + Spans.inWords(calendar.longestClosed()),
                    "No refresh starts by itself while the window is closed.",
                    "make max-staleness longer, or the window wider"));
        }
        if (calendar.scheduleMissesWindow()) {
            findings.add(warning(
                    view,
                    "no time of its schedule falls into its window, "
                            + calendar.window().orElseThrow(),
                    "A scheduled refresh waits for the window, so that it never comes at its time.",
                    "choose times within the window"));
        }
        if (calendar.longestClosed().compareTo(timing.targetLag()) > 0) {
            findings.add(new Finding(
                    Severity.INFO,
                    "calendar",
                    view.id().toString(),
                    "may be staler than its target-lag: its window is closed for "
                            + Spans.inWords(calendar.longestClosed()),
                    "While the window is closed the view is waiting, and no alert counts it as late.",
                    Remedy.NONE));
        }
    }

    private static Finding warning(MaterializedView view, String what, String why, String remedy) {
        return new Finding(Severity.WARNING, "calendar", view.id().toString(), what, why, Remedy.text(remedy))
                .because(what);
    }
}
