package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import java.util.ArrayList;
import java.util.List;

/** The views: whether they can be refreshed by their method, and whether the log shows what they read. */
final class ViewExamination implements Examination {
    @Override
    public List<Finding> of(ExaminedDatabase database) {
        List<Finding> findings = new ArrayList<>();
        if (database.graph().views().isEmpty()) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "no-views",
                    "views.include",
                    "no materialized view matches",
                    "There is nothing to keep fresh yet; a view that is made later and matches is noticed.",
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
                            "It is suspended until that is mended; the other views go on.",
                            obstacle.remedy())));
            for (Obstacle spot : view.untrackedSources()) {
                findings.add(new Finding(
                        Severity.WARNING,
                        "untracked-source",
                        view.id().toString(),
                        spot.what(),
                        "Nothing can be claimed about how fresh it is; it is refreshed by the clock (max-staleness).",
                        spot.remedy()));
            }
        }
        return findings;
    }
}
