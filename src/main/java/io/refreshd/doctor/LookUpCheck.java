package io.refreshd.doctor;

import io.refreshd.catalog.Lookup;
import io.refreshd.catalog.Reader;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Checks for views in which changed rows cannot be looked up only because the role may not read them. All such views share one
 * finding, since there may be a thousand of them for the same reason.
 */
final class LookUpCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) {
        SortedMap<ViewId, Obstacle> unreadable = new TreeMap<>();
        for (TableId table : database.graph().tables().keySet()) {
            for (Reader reader : database.graph().readersOf(table)) {
                Lookup lookup =
                        database.graph().changeFilter(table, reader.view()).lookup();
                Optional<Obstacle> why = lookup.forbidden() ? lookup.why() : Optional.empty();
                why.ifPresent(obstacle -> unreadable.put(reader.view(), obstacle));
            }
        }
        if (unreadable.isEmpty()) {
            return List.of();
        }
        return List.of(new Finding(
                Severity.INFO,
                "not-looked-up",
                unreadable.size() == 1 ? unreadable.firstKey().toString() : unreadable.size() + " views",
                unreadable.values().iterator().next().what(),
                "Every change of a column that such a view reads refreshes it, even if the change does not alter the view.",
                unreadable.values().stream().map(Obstacle::remedy).reduce(Remedy.NONE, Remedy::then)));
    }
}
