package io.refreshd.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The summary that the demo prints at its end.
 *
 * @param avoided refreshes that were not needed, since the change did not alter the view
 * @param views the compared views; empty if they were not compared
 */
record Summary(long commits, long refreshes, long avoided, long failures, List<View> views) {

    /** @param worst the worst staleness that was sampled */
    record View(Comparison comparison, Duration worst) {}

    Summary {
        views = List.copyOf(views);
    }

    /** Whether every view was compared with its definition and equalled it. */
    boolean allEqual() {
        return !views.isEmpty()
                && views.stream().allMatch(view -> view.comparison().equal());
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("%d commits, %d refreshes, %d avoided, %d failed".formatted(commits, refreshes, avoided, failures));
        for (View view : views) {
            lines.add("  " + line(view));
        }
        if (views.isEmpty()) {
            lines.add("The views were not compared with their definitions.");
        } else if (allEqual()) {
            lines.add("Every view equals its definition.");
        } else {
            lines.add(views.stream().filter(view -> !view.comparison().equal()).count() + " of " + views.size()
                    + " views differ from their definition.");
        }
        return lines;
    }

    private static String line(View view) {
        Comparison found = view.comparison();
        String verdict = found.equal()
                ? "equals its definition"
                : "DIFFERS: %d rows only in the view, %d only in the definition"
                        .formatted(found.onlyInView(), found.onlyInDefinition());
        return "%s: %d rows, worst staleness %s, %s"
                .formatted(found.view(), found.rows(), LiveTable.seconds(view.worst()), verdict);
    }
}
