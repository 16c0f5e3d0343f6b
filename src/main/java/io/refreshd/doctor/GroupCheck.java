package io.refreshd.doctor;

import io.refreshd.catalog.RefreshGroups;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Checks that the views which the configuration names together can be refreshed together, and that there are such views. */
final class GroupCheck implements Check {
    private static final String CODE = "together";

    @Override
    public List<Finding> run(ExaminedDatabase database) {
        List<Finding> findings = new ArrayList<>();
        for (RefreshGroups.Group group : RefreshGroups.of(
                        database.graph(), database.configuration().views().together())
                .groups()) {
            group.conflict()
                    .ifPresent(conflict -> findings.add(new Finding(
                            Severity.ERROR,
                            CODE,
                            names(group.members()),
                            conflict.what(),
                            "The views of the group are suspended until this is fixed; the other views go on.",
                            conflict.remedy())));
            for (ViewId missing : group.missing()) {
                findings.add(new Finding(
                        Severity.WARNING,
                        CODE,
                        missing.toString(),
                        "views.together names it, but there is no such materialized view",
                        "The other views of its group are refreshed without it; once it is created it joins them.",
                        Remedy.text("create it, or take it out of views.together")));
            }
        }
        return findings;
    }

    private static String names(List<ViewId> views) {
        return views.stream().map(ViewId::toString).collect(Collectors.joining(", "));
    }
}
