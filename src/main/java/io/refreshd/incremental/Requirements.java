package io.refreshd.incremental;

import io.refreshd.exchange.Dependents;
import io.refreshd.exchange.ReplacementRights;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What a conversion needs beside a query that can be incremental: privileges, and nothing that could not be kept. Reads only. */
final class Requirements {
    private static final String STORE = """
            SELECT current_user::text AS role,
                   coalesce((SELECT s.nspowner = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
                               FROM pg_catalog.pg_namespace s WHERE s.nspname = :store),
                            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')) AS possible,
                   EXISTS (SELECT FROM pg_catalog.pg_namespace s WHERE s.nspname = :store) AS there,
                   pg_catalog.current_database()::text AS database
            """;

    private Requirements() {}

    /** @param oid of the view that is to be converted, in either direction */
    static List<Obstacle> missing(Handle handle, ViewId view, long oid) throws SQLException {
        List<Obstacle> found = new ArrayList<>(ReplacementRights.missing(handle, view, oid));
        store(handle).ifPresent(found::add);
        found.addAll(Dependents.of(handle, oid, Dependents.Change.OF_KIND).obstacles(handle, view));
        return found;
    }

    /** Why the schema for the rows cannot be used, or created. */
    static Optional<Obstacle> store(Handle handle) {
        return handle.createQuery(STORE)
                .bind("store", StoreNames.SCHEMA)
                .map((row, context) -> {
                    String role = SqlNames.identifier(row.getString("role"));
                    if (row.getBoolean("possible")) {
                        return Optional.<Obstacle>empty();
                    }
                    return Optional.of(
                            row.getBoolean("there")
                                    ? new Obstacle(
                                            "schema " + StoreNames.SCHEMA + " does not belong to role " + role,
                                            Remedy.sql("ALTER SCHEMA " + StoreNames.SCHEMA + " OWNER TO " + role))
                                    : new Obstacle(
                                            "role " + role + " may not create the schema " + StoreNames.SCHEMA,
                                            Remedy.sql("CREATE SCHEMA " + StoreNames.SCHEMA + " AUTHORIZATION " + role)
                                                    .and("in database "
                                                            + SqlNames.identifier(row.getString("database")))));
                })
                .one();
    }

    /** The template that a role view was made from; empty if the view is none. */
    static Optional<Obstacle> template(Handle handle, ViewId view, long oid) {
        boolean ledger = handle.createQuery("SELECT pg_catalog.to_regclass('refreshd.role_view') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
        if (!ledger) {
            return Optional.empty();
        }
        return handle.createQuery("SELECT r.template FROM refreshd.role_view r WHERE r.view_oid = (:oid)::oid")
                .bind("oid", oid)
                .mapTo(String.class)
                .findOne()
                .map(template -> new Obstacle(
                        view + " was made from the template " + template
                                + " of role-views, which says of which kind it is",
                        Remedy.text("write kind: incremental or kind: materialized-view in role-views.templates["
                                + template + "]; refreshd plan shows what would be done, refreshd apply does it")));
    }
}
