package io.refreshd.catalog;

import io.refreshd.model.IncrementalStore;
import io.refreshd.model.Obstacle;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * An incremental view, as ledger and catalog describe it.
 *
 * @param store empty if a part of it is missing or was altered
 * @param parts oids of the view and of what is there of its store, its definition and its maps
 * @param version another one once a query or a relation in reach of the definition was altered; see {@link DefinitionVersion}
 * @param damage what is missing or was altered, so that nothing can be said of the rows; empty if all is as refreshd made it
 * @param obstacle why the rows may not be recomputed, damage included; empty if they may
 * @param shown the columns that readers see, which are the last ones of the store
 * @param maps which rows belong to which groups, in the order of their numbers; none if the query groups no rows
 */
public record IncrementalView(
        Optional<IncrementalStore> store,
        Set<Long> parts,
        String version,
        Optional<Obstacle> damage,
        Optional<Obstacle> obstacle,
        List<Relation.Column> shown,
        List<IncrementalMap> maps) {
    public IncrementalView {
        Objects.requireNonNull(store);
        parts = Set.copyOf(parts);
        Objects.requireNonNull(version);
        Objects.requireNonNull(damage);
        Objects.requireNonNull(obstacle);
        shown = List.copyOf(shown);
        maps = List.copyOf(maps);
    }
}
