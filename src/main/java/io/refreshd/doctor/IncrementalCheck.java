package io.refreshd.doctor;

import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.Relation;
import io.refreshd.catalog.RelationKind;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Says of each materialized view whether it could be incremental, and by which key, or what stands in the way. There are at most two
 * findings, however many views there are.
 */
final class IncrementalCheck implements Check {
    private static final String COULD = "could be kept by what changed, not by all that it holds";
    private static final String COULD_NOT = "cannot be kept by what changed; refreshd graph says why for each";

    @Override
    public List<Finding> run(ExaminedDatabase database) {
        RecomputeKeys keys = new RecomputeKeys(database.catalog());
        Map<ViewId, RefreshCost> costs = RefreshCost.read(database.handle());
        List<Finding> findings = new ArrayList<>();
        for (Relation relation : database.catalog().relations()) {
            ViewId view = new ViewId(relation.schema(), relation.name());
            if (relation.kind() == RelationKind.MATERIALIZED_VIEW
                    && database.configuration().views().includes(view)
                    && !database.catalog().incremental().containsKey(relation.oid())) {
                findings.add(finding(keys.of(relation.oid()), Optional.ofNullable(costs.get(view))));
            }
        }
        return findings;
    }

    private static Finding finding(IncrementalQuery query, Optional<RefreshCost> cost) {
        String view = query.view().toString();
        if (query.possible()) {
            return new Finding(
                            Severity.INFO,
                            "incremental",
                            view,
                            COULD + ", by " + String.join(", ", query.anchorKey()) + " of "
                                    + query.anchor().map(Object::toString).orElse("?"),
                            "A refresh costs what the view holds, however little changed. An incremental view costs what changed.",
                            Remedy.text(
                                    "refreshd convert " + view + " --apply, which replaces what its refreshes cost: "
                                            + cost.map(RefreshCost::inWords).orElse("not known yet")))
                    .because(COULD);
        }
        return new Finding(
                        Severity.INFO,
                        "not-incremental",
                        view,
                        "cannot be kept by what changed: "
                                + query.obstacles().stream().map(Obstacle::what).collect(Collectors.joining("; ")),
                        "Each refresh costs what the view holds, however little changed.",
                        query.obstacles().stream()
                                .map(Obstacle::remedy)
                                .filter(remedy -> !remedy.isEmpty())
                                .findFirst()
                                .orElse(Remedy.NONE))
                .because(COULD_NOT);
    }
}
