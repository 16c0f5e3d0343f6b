package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import java.util.ArrayList;
import java.util.List;

/** Checks that each view can be refreshed by its method, and that the log shows every source it reads. */
final class ViewCheck implements Check {
    static final String SUSPENDED = "The view is suspended until this is fixed; the other views go on.";

    @Override
    public List<Finding> run(ExaminedDatabase database) {
        List<Finding> findings = new ArrayList<>();
        if (database.graph().views().isEmpty()) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "no-views",
                    "views.include",
                    "no materialized view matches",
                    "There is nothing to keep fresh yet. A matching view that is created later is picked up.",
                    "CREATE MATERIALIZED VIEW …, or other patterns in views.include"));
        }
        for (MaterializedView view : database.graph().views().values()) {
            Method method = database.configuration().views().methodOf(view.id());
            view.obstacleTo(method)
                    .ifPresent(obstacle -> findings.add(new Finding(
                            Severity.ERROR,
                            view.populated() ? "not-refreshable" : "never-populated",
                            view.id().toString(),
                            obstacle.what(),
                            SUSPENDED,
                            obstacle.remedy())));
            for (Obstacle source : view.untrackedSources()) {
                findings.add(new Finding(
                        Severity.WARNING,
                        "untracked-source",
                        view.id().toString(),
                        source.what(),
                        "The view has no watermark: how fresh it is cannot be proven. It is refreshed by the clock"
                                + " (max-staleness).",
                        source.remedy()));
            }
        }
        return findings;
    }
}
