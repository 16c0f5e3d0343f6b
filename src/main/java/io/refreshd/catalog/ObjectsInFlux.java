package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.DatabaseObject;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.List;

/**
 * Finds the objects that a running transaction is altering: types, functions and the like. The transaction may have committed in the log
 * without being visible yet, so that a view which depends on them can claim nothing until it has ended.
 */
final class ObjectsInFlux {
    private final ContentIndex content;

    ObjectsInFlux(ContentIndex content) {
        this.content = content;
    }

    List<Obstacle> of(ViewSources sources) {
        return content.properties(content.references(sources), DatabaseObject::inFlux).stream()
                .map(object -> new Obstacle(
                        "depends on " + object + ", which a running transaction is altering",
                        Remedy.text("end the transaction: COMMIT or ROLLBACK")))
                .toList();
    }
}
