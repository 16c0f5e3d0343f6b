package io.refreshd.redefine;

import io.refreshd.exchange.Dependents;
import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;

/**
 * What a redefinition has done, or would do.
 *
 * @param rows about how many rows the view has now; negative if that is not known
 * @param incremental whether the view is incremental
 * @param obstacles what prevents it; then the rest is empty
 * @param same whether the view has that query already, so that there is nothing to do
 * @param done whether it was done; the caller commits
 * @param standing what stands on the view; empty if that was not examined
 * @param script the statements in order, and remarks as comments
 */
public record RedefinitionResult(
        ViewId view,
        double rows,
        boolean incremental,
        List<Obstacle> obstacles,
        boolean same,
        boolean done,
        ColumnChanges columns,
        Optional<Dependents> dependents,
        List<String> script) {

    RedefinitionResult(RedefinedView old, ColumnChanges columns, Dependents dependents) {
        this(
                old.view(),
                old.rows(),
                old.incremental().isPresent(),
                List.of(),
                false,
                false,
                columns,
                Optional.of(dependents),
                List.of());
    }

    /** @param obstacles what prevents it */
    public static RedefinitionResult refused(ViewId view, List<Obstacle> obstacles) {
        return new RedefinitionResult(
                view, -1, false, obstacles, false, false, ColumnChanges.none(), Optional.empty(), List.of());
    }

    static RedefinitionResult same(ViewId view) {
        return new RedefinitionResult(
                view, -1, false, List.of(), true, false, ColumnChanges.none(), Optional.empty(), List.of());
    }

    RedefinitionResult with(List<String> statements, boolean carriedOut) {
        return new RedefinitionResult(
                view, rows, incremental, obstacles, same, carriedOut, columns, dependents, statements);
    }

    /** The plain views that are given their queries again. */
    public List<ViewId> kept() {
        return dependents.map(Dependents::kept).orElse(List.of()).stream()
                .map(Dependents.View::id)
                .toList();
    }

    /** The views that are made again. */
    public List<Dependents.View> remade() {
        return dependents.map(Dependents::remade).orElse(List.of());
    }
}
