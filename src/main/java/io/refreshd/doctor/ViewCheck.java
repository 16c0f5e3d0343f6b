package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.catalog.RepairPlan;
import io.refreshd.model.Method;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

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
                    Remedy.text("create one, or set other patterns in views.include")));
        }
        Map<ViewId, List<RepairPlan.Statement>> repairs = RepairPlan.of(
                database.catalog(),
                database.configuration().views()::includes,
                database.configuration().views()::methodOf);
        Set<Obstacle> notPublishable = database.graph().tables().values().stream()
                .flatMap(table -> table.notPublishable().stream())
                .collect(Collectors.toSet());
        for (MaterializedView view : database.graph().views().values()) {
            Method method = view.method(database.configuration().views().methodOf(view.id()));
            view.obstacleTo(method)
                    .ifPresent(obstacle -> findings.add(new Finding(
                                    Severity.ERROR,
                                    view.populated() ? "not-refreshable" : "never-populated",
                                    view.id().toString(),
                                    obstacle.what(),
                                    SUSPENDED,
                                    obstacle.remedy())
                            .because(cause(view, method))
                            .with(repairs.getOrDefault(view.id(), List.of()))));
            for (Obstacle source : view.untrackedSources()) {
                if (view.obstacleTo(method).equals(Optional.of(source))) {
                    continue;
                }
                findings.add(untracked(view, source, notPublishable));
            }
        }
        return findings;
    }

    private static Finding untracked(MaterializedView view, Obstacle source, Set<Obstacle> notPublishable) {
        // A finding of its own names these tables, of which there may be a hundred partitions.
        boolean ofTable = notPublishable.contains(source);
        Finding finding = new Finding(
                Severity.WARNING,
                "untracked-source",
                view.id().toString(),
                source.what(),
                "The view has no watermark: how fresh it is cannot be proven. It is refreshed by the clock (max-staleness).",
                ofTable
                        ? Remedy.text("give the tables a replica identity, which is a finding of its own")
                        : source.remedy());
        return ofTable ? finding.because("reads tables without a replica identity that could be published") : finding;
    }

    private static String cause(MaterializedView view, Method method) {
        if (method == Method.INCREMENTAL) {
            return "an incremental view whose parts or rights were altered";
        }
        if (!view.populated()) {
            return "not populated, or without a unique index that REFRESH … CONCURRENTLY could use";
        }
        return method == Method.PLAIN || view.obstacleTo(Method.PLAIN).isPresent()
                ? "cannot be refreshed, since a materialized view that it reads is not populated"
                : "no unique index that REFRESH … CONCURRENTLY could use";
    }
}
