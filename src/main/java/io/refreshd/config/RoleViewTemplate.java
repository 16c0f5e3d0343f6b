package io.refreshd.config;

import io.refreshd.client.RoleViewName;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How the views of roles are made.
 *
 * @param dropRemoved whether a view goes when its role has gone
 */
public record RoleViewTemplate(
        RoleViewName name, Definition definition, Roles roles, Access access, boolean dropRemoved) {
    public RoleViewTemplate {
        Objects.requireNonNull(name);
        Objects.requireNonNull(definition);
        Objects.requireNonNull(roles);
        Objects.requireNonNull(access);
    }

    public String schema() {
        return name.schema().orElseThrow();
    }

    /**
     * What a view is.
     *
     * @param materialized otherwise a plain view, for which key and indexes mean nothing
     * @param uniqueKey columns, as the catalog spells them
     * @param indexes what stands in the parentheses of {@code CREATE INDEX}
     */
    public record Definition(boolean materialized, SqlTemplate query, List<String> uniqueKey, List<String> indexes) {
        public Definition {
            Objects.requireNonNull(query);
            uniqueKey = List.copyOf(uniqueKey);
            indexes = List.copyOf(indexes);
        }
    }

    /** Where the roles come from. */
    public sealed interface Roles {
        record Listed(List<String> roles) implements Roles {
            public Listed {
                roles = List.copyOf(roles);
            }
        }

        /** @param sql the first column of what it returns */
        record Queried(String sql) implements Roles {}
    }

    /**
     * Who may read a view, and whose it is.
     *
     * @param grantTo role of the database, with or without {@code {role}} in its name
     */
    public record Access(Optional<String> grantTo, Optional<String> owner) {
        public Optional<String> grantTo(String role) {
            return grantTo.map(name -> name.replace(RoleViewName.ROLE, role));
        }
    }
}
