package io.refreshd.doctor;

import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.model.Remedy;
import io.refreshd.model.Undetermined;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Checks for views whose definitions leave something open, or whose columns may hold a word such as 'today'. */
final class DeterminismCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        UndeterminedQueries queries = UndeterminedQueries.in(database.handle().getConnection(), database.catalog());
        Map<String, List<ViewId>> open = new TreeMap<>();
        List<ViewId> casting = new ArrayList<>();
        for (ViewId view : database.graph().views().keySet()) {
            Undetermined undetermined = queries.of(view);
            if (!undetermined.none()) {
                open.computeIfAbsent(undetermined.reason(), reason -> new ArrayList<>())
                        .add(view);
            }
            if (queries.castsTextOfColumns(view)) {
                casting.add(view);
            }
        }
        List<Finding> findings = new ArrayList<>();
        open.forEach((reason, views) -> findings.add(new Finding(
                Severity.INFO,
                "undetermined",
                names(views),
                reason,
                "Two refreshes over the same rows may store different values, so a difference in them proves nothing: the"
                        + " audit's verdict on it is \"undetermined\".",
                Remedy.text("order by a column that is unique"))));
        if (!casting.isEmpty()) {
            findings.add(new Finding(
                    Severity.INFO,
                    "clock-words",
                    names(casting),
                    "text of a column becomes a date or time when the query runs",
                    "Should a value ever be 'now', 'today', 'tomorrow' or 'yesterday', it means the time of the refresh, and"
                            + " the view changes without a change of any table.",
                    Remedy.text("store dates and times in columns of such a type")));
        }
        return findings;
    }

    private static String names(List<ViewId> views) {
        return views.stream().map(ViewId::toString).collect(Collectors.joining(", "));
    }
}
