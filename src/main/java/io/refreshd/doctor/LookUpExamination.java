package io.refreshd.doctor;

import io.refreshd.catalog.Lookup;
import io.refreshd.catalog.Reader;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether rows are not looked up in views only because the role may not read: one finding for all, since one may be a thousand. */
final class LookUpExamination implements Examination {
    @Override
    public List<Finding> of(ExaminedDatabase database) {
        SortedMap<ViewId, Obstacle> closed = new TreeMap<>();
        for (TableId table : database.graph().tables().keySet()) {
            for (Reader reader : database.graph().readersOf(table)) {
                Lookup lookup =
                        database.graph().changeFilter(table, reader.view()).lookup();
                Optional<Obstacle> why = lookup.forbidden() ? lookup.why() : Optional.empty();
                why.ifPresent(obstacle -> closed.put(reader.view(), obstacle));
            }
        }
        if (closed.isEmpty()) {
            return List.of();
        }
        return List.of(new Finding(
                Severity.INFO,
                "not-looked-up",
                closed.size() == 1 ? closed.firstKey().toString() : closed.size() + " views",
                closed.values().iterator().next().what(),
                "Each change of a column that such a view reads refreshes it, also if it alters nothing in it.",
                closed.values().stream()
                        .flatMap(obstacle -> Stream.of(obstacle.remedy().split("; ")))
                        .distinct()
                        .collect(Collectors.joining("; "))));
    }
}
