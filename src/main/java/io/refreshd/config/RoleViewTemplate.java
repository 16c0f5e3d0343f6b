package io.refreshd.config;

import io.refreshd.client.RoleViewName;
import java.util.List;
import java.util.Optional;

/**
 * A template from which refreshd creates one view for each role.
 *
 * @param dropRemoved whether the view of a role that no longer exists is dropped
 */
public record RoleViewTemplate(
        RoleViewName name, Definition definition, Roles roles, Access access, boolean dropRemoved) {
    public String schema() {
        return name.schema().orElseThrow();
    }

    /** The kind of the views. */
    public enum Kind {
        MATERIALIZED_VIEW("materialized-view"),
        INCREMENTAL("incremental"),
        VIEW("view");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** As the configuration writes it. */
        public String text() {
            return text;
        }

        /** Whether the view holds rows, which have to be kept fresh. */
        public boolean isKept() {
            return this != VIEW;
        }
    }

    /**
     * The definition of a view.
     *
     * @param kind a plain view uses neither {@code uniqueKey} nor {@code indexes}
     * @param uniqueKey column names, as the catalog spells them; may be empty for an incremental view
     * @param indexes the text between the parentheses of {@code CREATE INDEX}, for each index
     */
    public record Definition(Kind kind, SqlTemplate query, List<String> uniqueKey, List<String> indexes) {
        public Definition {
            uniqueKey = List.copyOf(uniqueKey);
            indexes = List.copyOf(indexes);
        }
    }

    /** The source of the roles. */
    public sealed interface Roles {
        record Listed(List<String> roles) implements Roles {
            public Listed {
                roles = List.copyOf(roles);
            }
        }

        /** @param sql query whose first column is the roles */
        record Queried(String sql) implements Roles {}
    }

    /**
     * The database role that may read a view, and the one that owns it.
     *
     * @param grantTo name of a database role, with or without {@code {role}} in it; empty: nothing is granted
     * @param owner empty: the role that refreshd connects as
     */
    public record Access(Optional<String> grantTo, Optional<String> owner) {
        public Optional<String> grantTo(String role) {
            return grantTo.map(name -> name.replace(RoleViewName.ROLE, role));
        }
    }
}
