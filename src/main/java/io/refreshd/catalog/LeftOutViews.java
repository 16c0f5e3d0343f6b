package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The materialized views of a database, split into those that are included and those that are left out. The query tree of a left-out
 * view is not read: anybody may write one, of any size, and the trees that are read share one bound.
 */
final class LeftOutViews {
    private final List<Long> included = new ArrayList<>();
    private final Set<Long> leftOut = new HashSet<>();

    private LeftOutViews() {}

    /** @param unsent oids of views that are left out as well */
    static LeftOutViews of(Connection connection, Predicate<ViewId> included, Set<Long> unsent) throws SQLException {
        LeftOutViews views = new LeftOutViews();
        try (PreparedStatement statement = connection.prepareStatement(ReachedSql.MATERIALIZED_VIEWS);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                long oid = row.getLong(1);
                if (!unsent.contains(oid) && included.test(new ViewId(row.getString(2), row.getString(3)))) {
                    views.included.add(oid);
                } else {
                    views.leftOut.add(oid);
                }
            }
        }
        return views;
    }

    /** Oids of the included views. */
    List<Long> included() {
        return included;
    }

    /** The relations without the views that are left out. */
    List<Long> without(Collection<Long> relations) {
        return relations.stream().filter(oid -> !leftOut.contains(oid)).toList();
    }

    /** For each left-out view among the relations: what it reads, by {@code pg_depend} alone. */
    List<Rule> rules(Collection<Long> relations, Map<Long, List<Rule.Read>> reads) {
        return relations.stream()
                .filter(leftOut::contains)
                .map(oid -> new Rule(
                        oid,
                        "",
                        Set.of(Rule.Trait.WHOLE_ROW, Rule.Trait.UNEXAMINED),
                        reads.getOrDefault(oid, List.of()),
                        new TreeSet<>()))
                .toList();
    }
}
