package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.DatabaseObject;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds functions whose body is a string, so that the server does not know what they call. refreshd takes them to depend on everything
 * of a user whose name stands in the body. A name that the body puts together when it runs stays unknown.
 */
final class OpaqueFunctions {
    private final ContentIndex content;

    OpaqueFunctions(ContentIndex content) {
        this.content = content;
    }

    /** What cannot be known of the view, each with its remedy. */
    List<Obstacle> of(Relation view, ViewSources sources) {
        List<Obstacle> remarks = new ArrayList<>();
        for (String name : content.properties(content.references(sources), DatabaseObject::opaque)) {
            remarks.add(new Obstacle(
                    "depends on " + name
                            + ", whose body is a string: the view is refreshed when something changes whose name"
                            + " stands in the body; what the body calls or reads otherwise is not known",
                    Remedy.text("write the body in the form BEGIN ATOMIC … END, or set max-staleness for "
                            + SqlNames.qualified(view.viewId()) + ": it is then refreshed at least that often")));
        }
        return remarks;
    }
}
