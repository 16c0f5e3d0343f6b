package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.model.ViewId;

/**
 * A role view that the configuration asks for.
 *
 * @param definition text of the template's {@link TemplateDefinition}; a view whose text in the ledger differs has to be rebuilt
 */
record DesiredView(ViewId id, RoleViewTemplate template, String role, String definition) {

    Kind kind() {
        return template.definition().kind();
    }

    /** The kind of the view while it is built: an incremental view is made of a materialized view. */
    Kind built() {
        return kind() == Kind.INCREMENTAL ? Kind.MATERIALIZED_VIEW : kind();
    }
}
