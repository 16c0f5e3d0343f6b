package io.refreshd.refresh;

import io.refreshd.incremental.KeyedSql;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.StoreLayout.GroupMap;
import io.refreshd.incremental.TotalsSql;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The totals of a view's groups in a {@link Round}: the statements that bring them up to date, and those of the view from them.
 *
 * <p>Invariant: the totals are corrected before the map is, since the old rows of the map tell what went; except for groups that are computed
 * again, which is done from the map's new rows. The view follows last.
 */
final class TotalsOfRound {
    private final Optional<GroupMap> map;
    private Set<List<String>> rows = Set.of();
    private Set<List<String>> groups = Set.of();

    TotalsOfRound(StoreLayout view) {
        this.map = view.maps().stream().filter(one -> one.totals().isPresent()).findFirst();
    }

    boolean exist() {
        return map.isPresent();
    }

    /** @param rows keys of the map's rows that may have changed @param groups all groups to which they belonged or belong */
    void found(Set<List<String>> rows, Set<List<String>> groups) {
        this.rows = Set.copyOf(rows);
        this.groups = Set.copyOf(groups);
    }

    /** Whether any totals may have changed. */
    boolean concernRows() {
        return exist() && !groups.isEmpty();
    }

    /** Whether the totals of all these groups are up to date. */
    boolean know(Collection<List<String>> keys) {
        return exist() && groups.containsAll(keys);
    }

    /** The statement that corrects the totals; its fourth column holds the keys of the groups that must be computed again. */
    KeyedSql difference() {
        return new TotalsSql(map.orElseThrow()).difference(rows, groups);
    }

    /** The statement that computes the totals of some groups again. */
    KeyedSql differenceOf(Set<List<String>> again) {
        return new RoundSql(map.orElseThrow().totals().orElseThrow().store()).difference(again);
    }

    /** The query for what the view shows of the groups. */
    String shown() {
        return new TotalsSql(map.orElseThrow()).shown();
    }
}
