package io.refreshd.incremental;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Summary of the planner's plan for a query. Pure.
 *
 * @param scans the tables that are read as a whole
 * @param conditions by which rows are joined, as the server writes them
 */
public record PlanLook(List<Scan> scans, List<String> conditions) {
    /** Below this cost a table is read as a whole because it is small. A thousand pages have that cost. */
    private static final double CHEAP = 1000;

    /**
     * A table that is read as a whole.
     *
     * @param alias the name that conditions use for it
     * @param filter which of its rows are kept; empty if all are
     */
    public record Scan(TableId table, String alias, double cost, String filter) {
        public Scan {
            Objects.requireNonNull(table);
            Objects.requireNonNull(alias);
            Objects.requireNonNull(filter);
        }
    }

    public PlanLook {
        scans = List.copyOf(scans);
        conditions = List.copyOf(conditions);
    }

    /** The index that is missing, by the plan of a query for one key of the view: the dearest table that is read as a whole. */
    public Optional<Obstacle> missingIndex(ViewId view) {
        return scans.stream()
                .filter(scan -> scan.cost() >= CHEAP)
                .max(Comparator.comparingDouble(Scan::cost))
                .map(scan -> new Obstacle(
                        "for each changed key of " + view + " all rows of " + scan.table()
                                + " are read: no index leads to those of the key",
                        remedy(scan)));
    }

    private Remedy remedy(Scan scan) {
        Set<String> joined = new TreeSet<>();
        conditions.forEach(condition -> addColumns(scan, condition, joined));
        if (joined.isEmpty()) {
            addColumns(scan, scan.filter(), joined);
        }
        // Which of several columns would do is not known from the conditions alone.
        return joined.size() == 1
                ? Remedy.sql("CREATE INDEX ON " + SqlNames.qualified(scan.table()) + " ("
                        + joined.iterator().next() + ")")
                : Remedy.NONE;
    }

    private static void addColumns(Scan scan, String condition, Set<String> columns) {
        Matcher found = Pattern.compile("(?<![\\w.])" + Pattern.quote(quoted(scan.alias()))
                        + "\\.(\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*)")
                .matcher(condition);
        while (found.find()) {
            columns.add(found.group(1));
        }
    }

    /** As the server writes a name in a condition. */
    private static String quoted(String name) {
        return name.matches("[a-z_][a-z0-9_$]*") ? name : SqlNames.identifier(name);
    }
}
