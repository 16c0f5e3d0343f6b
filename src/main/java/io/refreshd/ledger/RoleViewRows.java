package io.refreshd.ledger;

import io.refreshd.model.ViewId;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** Reads and writes {@code refreshd.role_view}: the role views that refreshd has made, and may therefore drop and replace. */
public final class RoleViewRows {
    private RoleViewRows() {}

    /**
     * A role view that refreshd has made.
     *
     * @param definition what the view was made from; compared with what the template gives now
     */
    public record Made(ViewId view, long oid, String template, String role, String definition) {}

    /** Returns an empty map if there is no ledger yet. */
    public static Map<ViewId, Made> load(Handle handle) {
        boolean exists = handle.createQuery("SELECT to_regclass('refreshd.role_view') IS NOT NULL")
                .mapTo(Boolean.class)
                .one();
        if (!exists) {
            return Map.of();
        }
        return handle
                .createQuery("SELECT view_schema, view_name, view_oid::int8, template, role, definition"
                        + " FROM refreshd.role_view")
                .map((row, context) -> new Made(
                        new ViewId(row.getString("view_schema"), row.getString("view_name")),
                        row.getLong("view_oid"),
                        row.getString("template"),
                        row.getString("role"),
                        row.getString("definition")))
                .stream()
                .collect(Collectors.toMap(Made::view, made -> made));
    }

    public static void put(Handle handle, Made made) {
        handle.createUpdate("""
                        INSERT INTO refreshd.role_view (view_schema, view_name, view_oid, template, role, definition)
                        VALUES (:schema, :name, (:oid)::oid, :template, :role, :definition)
                        ON CONFLICT (view_schema, view_name)
                        DO UPDATE SET view_oid = excluded.view_oid, template = excluded.template, role = excluded.role,
                                      definition = excluded.definition, made_at = excluded.made_at
                        """)
                .bind("schema", made.view().schema())
                .bind("name", made.view().name())
                .bind("oid", made.oid())
                .bind("template", made.template())
                .bind("role", made.role())
                .bind("definition", made.definition())
                .execute();
    }

    /** Another relation has taken the place of a role view. Does nothing if it is none. */
    public static void move(Handle handle, long before, long after) {
        handle.createUpdate("UPDATE refreshd.role_view SET view_oid = (:after)::oid WHERE view_oid = (:before)::oid")
                .bind("before", before)
                .bind("after", after)
                .execute();
    }

    public static void forget(Handle handle, ViewId view) {
        handle.createUpdate("DELETE FROM refreshd.role_view WHERE (view_schema, view_name) = (:schema, :name)")
                .bind("schema", view.schema())
                .bind("name", view.name())
                .execute();
    }
}
