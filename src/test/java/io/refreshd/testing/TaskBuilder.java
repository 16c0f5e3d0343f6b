package io.refreshd.testing;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.RoundBasis;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A task for a test: a refresh that waits for nothing, clears no mark and claims no position, unless it is said otherwise. */
public final class TaskBuilder {
    public static final RoundBasis ALL_ROWS =
            new RoundBasis("", "not every change has a key by which it can be carried through", FullRecompute.ALLOW);

    private final ViewId view;
    private final long oid;
    private final Method method;
    private Xids awaited = Xids.NONE;
    private long covers;
    private Optional<Lsn> routed = Optional.empty();
    private Set<ViewId> downstream = Set.of();
    private long downstreamMark;
    private Optional<Instant> oldestCommit = Optional.empty();
    private List<KeyLookup> lookups = List.of();
    private Optional<RoundBasis> basis = Optional.empty();

    public TaskBuilder(ViewId view, long oid, Method method) {
        this.view = view;
        this.oid = oid;
        this.method = method;
    }

    /** Begins with what another task says. */
    public static TaskBuilder like(RefreshTask task) {
        TaskBuilder builder = new TaskBuilder(task.view(), task.oid(), task.method())
                .awaited(task.awaited())
                .covers(task.covers())
                .downstream(task.downstream(), task.downstreamMark())
                .lookups(task.lookups())
                .basis(task.basis());
        builder.routed = task.routed();
        builder.oldestCommit = task.oldestCommit();
        return builder;
    }

    public TaskBuilder awaited(Xids xids) {
        awaited = xids;
        return this;
    }

    public TaskBuilder covers(long mark) {
        covers = mark;
        return this;
    }

    public TaskBuilder routed(Lsn position) {
        routed = Optional.of(position);
        return this;
    }

    public TaskBuilder downstream(Set<ViewId> readers, long mark) {
        downstream = readers;
        downstreamMark = mark;
        return this;
    }

    public TaskBuilder oldestCommit(Instant at) {
        oldestCommit = Optional.of(at);
        return this;
    }

    public TaskBuilder lookups(List<KeyLookup> rows) {
        lookups = rows;
        return this;
    }

    public TaskBuilder basis(RoundBasis conditions) {
        basis = Optional.of(conditions);
        return this;
    }

    /** The task; of an incremental view without look-ups, a round of all rows. */
    public RefreshTask build() {
        RoundBasis usual = method == Method.INCREMENTAL && lookups.isEmpty() ? ALL_ROWS : RoundBasis.NONE;
        return new RefreshTask(
                view,
                oid,
                method,
                awaited,
                covers,
                routed,
                downstream,
                downstreamMark,
                oldestCommit,
                lookups,
                basis.orElse(usual),
                Optional.empty());
    }
}
