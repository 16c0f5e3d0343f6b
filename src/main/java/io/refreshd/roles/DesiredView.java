package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.model.ViewId;

/**
 * A role view that the configuration asks for.
 *
 * @param definition text of the template's {@link TemplateDefinition}; a view whose text in the ledger differs has to be rebuilt
 */
record DesiredView(ViewId id, RoleViewTemplate template, String role, String definition) {

    /** The {@code relkind} of the catalog: m for a materialized view, v for a view. */
    char kind() {
        return template.definition().materialized() ? 'm' : 'v';
    }
}
