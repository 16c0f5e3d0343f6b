package io.refreshd.incremental;

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
    private static final String RIGHTS = """
            SELECT current_user::text AS role, owner.rolname::text AS owner,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
                   pg_catalog.pg_has_role(c.relowner, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                                                           THEN 'SET' ELSE 'MEMBER' END) AS assignable,
                   pg_catalog.current_setting('server_version_num')::int >= 160000 AS options,
                   pg_catalog.has_schema_privilege(c.relnamespace, 'CREATE')
                     AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS may_create,
                   me.rolsuper OR pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS owner_may_create,
                   coalesce((SELECT s.nspowner = me.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = :store),
                            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')) AS store_possible,
                   EXISTS (SELECT FROM pg_catalog.pg_namespace s WHERE s.nspname = :store) AS store_there,
                   pg_catalog.current_database()::text AS database,
                   (SELECT pg_catalog.string_agg(DISTINCT b.spcname::text, ', ')
                      FROM pg_catalog.pg_class r JOIN pg_catalog.pg_tablespace b ON b.oid = r.reltablespace
                     WHERE (r.oid = c.oid OR r.oid IN (SELECT x.indexrelid FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid))
                       AND NOT pg_catalog.has_tablespace_privilege(b.oid, 'CREATE')) AS tablespaces,
                   (SELECT pg_catalog.string_agg(DISTINCT l.provider, ', ') FROM pg_catalog.pg_seclabel l
                     WHERE l.classoid = 'pg_catalog.pg_class'::regclass AND l.objoid = c.oid) AS labels,
                   (SELECT e.extname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension
              FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_roles owner ON owner.oid = c.relowner
              JOIN pg_catalog.pg_roles me ON me.rolname = current_user
             WHERE c.oid = (:oid)::oid
            """;

    private Requirements() {}

    /** @param oid of the view that is to be converted, in either direction */
    static List<Obstacle> missing(Handle handle, ViewId view, long oid) throws SQLException {
        List<Obstacle> found = new ArrayList<>();
        String role = handle.createQuery("SELECT current_user::text")
                .mapTo(String.class)
                .one();
        handle.createQuery(RIGHTS)
                .bind("oid", oid)
                .bind("store", StoreNames.SCHEMA)
                .map((row, context) -> {
                    Rights rights = new Rights(
                            view,
                            SqlNames.identifier(row.getString("role")),
                            SqlNames.identifier(row.getString("owner")),
                            found);
                    rights.ownership(row.getBoolean("owned"), row.getBoolean("assignable"), row.getBoolean("options"));
                    rights.schema(row.getBoolean("may_create"), row.getBoolean("owner_may_create"));
                    rights.store(
                            row.getBoolean("store_possible"), row.getBoolean("store_there"), row.getString("database"));
                    rights.attached("tablespaces", Optional.ofNullable(row.getString("tablespaces")));
                    rights.attached("labels", Optional.ofNullable(row.getString("labels")));
                    rights.attached("extension", Optional.ofNullable(row.getString("extension")));
                    return "";
                })
                .list();
        found.addAll(Dependents.of(handle, oid).obstacles(view, role));
        return found;
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

    /** Collects what is missing, in words. */
    private record Rights(ViewId view, String role, String owner, List<Obstacle> found) {
        void ownership(boolean owned, boolean assignable, boolean options) {
            if (!owned || !assignable) {
                found.add(new Obstacle(
                        "role " + role + " is not " + (owned ? "allowed to become " : "a member of ") + owner
                                + ", who owns " + view,
                        Remedy.sql(
                                "GRANT " + owner + " TO " + role + (options ? " WITH INHERIT TRUE, SET TRUE" : ""))));
            }
        }

        void schema(boolean mayCreate, boolean ownerMayCreate) {
            String schema = SqlNames.identifier(view.schema());
            if (!mayCreate) {
                found.add(new Obstacle(
                        "role " + role + " may not create a view in schema " + schema,
                        Remedy.sql("GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + role)));
            }
            if (!ownerMayCreate) {
                found.add(new Obstacle(
                        "role " + owner + " may not own a new view in schema " + schema,
                        Remedy.sql("GRANT CREATE ON SCHEMA " + schema + " TO " + owner)));
            }
        }

        void store(boolean possible, boolean there, String database) {
            if (!possible) {
                found.add(
                        there
                                ? new Obstacle(
                                        "schema " + StoreNames.SCHEMA + " does not belong to role " + role,
                                        Remedy.sql("ALTER SCHEMA " + StoreNames.SCHEMA + " OWNER TO " + role))
                                : new Obstacle(
                                        "role " + role + " may not create the schema " + StoreNames.SCHEMA,
                                        Remedy.sql("CREATE SCHEMA " + StoreNames.SCHEMA + " AUTHORIZATION " + role)
                                                .and("in database " + SqlNames.identifier(database))));
            }
        }

        void attached(String kind, Optional<String> names) {
            names.ifPresent(name -> found.add(
                    switch (kind) {
                        case "tablespaces" ->
                            new Obstacle(
                                    "role " + role + " may not use the tablespace of " + view + " or its indexes ("
                                            + name + ")",
                                    name.contains(", ")
                                            ? Remedy.text("grant CREATE on these tablespaces to " + role)
                                            : Remedy.sql("GRANT CREATE ON TABLESPACE " + SqlNames.identifier(name)
                                                    + " TO " + role));
                        case "labels" ->
                            new Obstacle(
                                    view + " carries a security label (" + name + "), which could not be kept",
                                    Remedy.NONE);
                        default -> new Obstacle(view + " belongs to the extension " + name, Remedy.NONE);
                    }));
        }
    }
}
