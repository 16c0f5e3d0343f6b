package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate.Kind;
import java.util.Optional;

/**
 * A relation in the catalog that has the name of a role view.
 *
 * @param kind empty if it is no view, and blocks the name
 * @param marked whether its comment says that refreshd created it
 */
record ExistingRelation(long oid, Optional<Kind> kind, boolean marked) {}
