package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.ViewId;

/** A view that ought to be there. */
record WantedView(ViewId id, RoleViewTemplate template, String role) {

    /** Differs once the view has to be made anew. Holds for the template: the role of a view never changes. */
    String definition() {
        return Blueprint.of(template).text();
    }

    /** As in the catalog: m for a materialized view, v for a view. */
    char kind() {
        return template.definition().materialized() ? 'm' : 'v';
    }
}
