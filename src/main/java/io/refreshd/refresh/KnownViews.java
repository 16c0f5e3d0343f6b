package io.refreshd.refresh;

import io.refreshd.incremental.StoreLayout;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshTask;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;

/**
 * What rounds have found about incremental views, by oid: layouts, costs, missing indexes.
 *
 * <p>Thread: any.
 */
final class KnownViews {
    private final Map<Long, ViewRounds> views = new ConcurrentHashMap<>();

    private ViewRounds of(RefreshTask task) {
        return views.computeIfAbsent(task.oid(), oid -> new ViewRounds());
    }

    void forgetLayouts(Collection<RefreshTask> tasks) {
        tasks.forEach(task -> of(task).forgetLayout());
    }

    /** The index without which each changed key of the view costs the reading of a whole table; empty if there is none. */
    Optional<Obstacle> missingIndex(long view) {
        ViewRounds known = views.get(view);
        return known == null ? Optional.empty() : known.missingIndex();
    }

    /**
     * The views of a round, in the order of the oids of their tables. Layouts that are not known are read.
     *
     * @param gone gets the tasks whose view is no incremental view any more
     */
    List<RoundMember> members(Handle handle, List<RefreshTask> tasks, Consumer<RefreshTask> gone) {
        List<Long> unknown = tasks.stream()
                .filter(task -> of(task).layout().isEmpty())
                .map(RefreshTask::oid)
                .toList();
        Map<Long, StoreLayout> read = unknown.isEmpty() ? Map.of() : StoreLayout.read(handle, unknown);
        List<RoundMember> members = new ArrayList<>();
        for (RefreshTask task : tasks) {
            ViewRounds known = of(task);
            Optional.ofNullable(read.get(task.oid())).ifPresent(known::found);
            known.layout()
                    .ifPresentOrElse(
                            layout -> members.add(new RoundMember(handle, task, layout, known)),
                            () -> gone.accept(task));
        }
        members.sort(Comparator.comparing(member -> member.layout().storeOid()));
        return members;
    }
}
