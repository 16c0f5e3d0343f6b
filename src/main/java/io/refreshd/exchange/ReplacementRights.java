package io.refreshd.exchange;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** The privileges that it takes to put another relation in the place of one, and what could not be kept of it. Reads only. */
public final class ReplacementRights {
    private static final String RIGHTS = """
            SELECT current_user::text AS role, owner.rolname::text AS owner,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
                   pg_catalog.pg_has_role(c.relowner, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                                                           THEN 'SET' ELSE 'MEMBER' END) AS assignable,
                   pg_catalog.current_setting('server_version_num')::int >= 160000 AS options,
                   pg_catalog.has_schema_privilege(c.relnamespace, 'CREATE')
                     AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS may_create,
                   me.rolsuper OR pg_catalog.has_schema_privilege(c.relowner, c.relnamespace, 'CREATE') AS owner_may_create,
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

    private final ViewId view;
    private final String role;
    private final String owner;
    private final List<Obstacle> found = new ArrayList<>();

    private ReplacementRights(ViewId view, String role, String owner) {
        this.view = view;
        this.role = role;
        this.owner = owner;
    }

    /** @param oid of the view that is to be replaced */
    public static List<Obstacle> missing(Handle handle, ViewId view, long oid) {
        return handle.createQuery(RIGHTS)
                .bind("oid", oid)
                .map((row, context) -> {
                    ReplacementRights rights = new ReplacementRights(
                            view,
                            SqlNames.identifier(row.getString("role")),
                            SqlNames.identifier(row.getString("owner")));
                    rights.ownership(row.getBoolean("owned"), row.getBoolean("assignable"), row.getBoolean("options"));
                    rights.schema(row.getBoolean("may_create"), row.getBoolean("owner_may_create"));
                    Optional.ofNullable(row.getString("tablespaces")).ifPresent(rights::tablespaces);
                    Optional.ofNullable(row.getString("labels")).ifPresent(rights::labels);
                    Optional.ofNullable(row.getString("extension")).ifPresent(rights::extension);
                    return rights.found;
                })
                .findOne()
                .orElse(List.of());
    }

    private void ownership(boolean owned, boolean assignable, boolean options) {
        if (!owned || !assignable) {
            found.add(new Obstacle(
                    "role " + role + " is not " + (owned ? "allowed to become " : "a member of ") + owner
                            + ", who owns " + view,
                    Remedy.sql("GRANT " + owner + " TO " + role + (options ? " WITH INHERIT TRUE, SET TRUE" : ""))));
        }
    }

    private void schema(boolean mayCreate, boolean ownerMayCreate) {
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

    private void tablespaces(String names) {
        found.add(new Obstacle(
                "role " + role + " may not use the tablespace of " + view + " or its indexes (" + names + ")",
                names.contains(", ")
                        ? Remedy.text("grant CREATE on these tablespaces to " + role)
                        : Remedy.sql("GRANT CREATE ON TABLESPACE " + SqlNames.identifier(names) + " TO " + role)));
    }

    private void labels(String providers) {
        found.add(new Obstacle(
                view + " carries a security label (" + providers + "), which could not be kept", Remedy.NONE));
    }

    private void extension(String name) {
        found.add(new Obstacle(view + " belongs to the extension " + name, Remedy.NONE));
    }
}
