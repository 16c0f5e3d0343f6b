package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.ViewId;

/**
 * A view that ought to be there.
 *
 * @param definition text of the template's {@link Blueprint}; differs once the view has to be made anew
 */
record WantedView(ViewId id, RoleViewTemplate template, String role, String definition) {

    /** As in the catalog: m for a materialized view, v for a view. */
    char kind() {
        return template.definition().materialized() ? 'm' : 'v';
    }
}
