package io.refreshd.doctor;

import io.refreshd.catalog.MaterializedView;
import io.refreshd.model.Obstacle;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Checks for views that are neither looked up nor audited, since that would run code of others as refreshd. One finding for all. */
final class TrustCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) {
        Map<Long, Obstacle> untrusted = database.catalog().untrusted();
        List<MaterializedView> views = database.graph().views().values().stream()
                .filter(view -> untrusted.containsKey(view.oid()))
                .toList();
        if (views.isEmpty()) {
            return List.of();
        }
        MaterializedView first = views.getFirst();
        Obstacle obstacle = Objects.requireNonNull(untrusted.get(first.oid()));
        return List.of(new Finding(
                Severity.INFO,
                "untrusted-code",
                views.size() == 1 ? first.id().toString() : views.size() + " views",
                obstacle.what(),
                "A refresh runs such code as the view's owner; a look-up or an audit would run it as refreshd. So every change of a column"
                        + " that such a view reads refreshes it. refreshd graph names the code for each view.",
                obstacle.remedy()));
    }
}
