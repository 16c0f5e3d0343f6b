package io.refreshd.reconcile;

import io.refreshd.capture.NameEncoding;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.UnsendableNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/** The materialized views that the connection's role may not refresh, each with the grant that would allow it. Reads only. */
final class RefreshPrivileges {
    /** PostgreSQL 17 has the privilege MAINTAIN: a role may refresh without owning. */
    private static final int MAINTAIN_SINCE = 17;

    private RefreshPrivileges() {}

    /** By oid, over all schemas. One query, since it is asked every catalog poll interval. */
    static Map<Long, Obstacle> missing(Handle handle) throws SQLException {
        NameEncoding.note(handle.getConnection());
        boolean maintain = handle.getConnection().getMetaData().getDatabaseMajorVersion() >= MAINTAIN_SINCE;
        String may = maintain
                ? "pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')"
                : "pg_catalog.pg_has_role(c.relowner, 'USAGE')";
        Map<Long, Obstacle> missing = new HashMap<>();
        handle.createQuery("SELECT c.oid::int8, n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) AS owner,"
                        + " current_user AS role, " + may + " AS may,"
                        + " pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS reach"
                        + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE c.relkind = 'm' AND NOT (" + may
                        + " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')) AND "
                        + UnsendableNames.sendable("n.nspname") + " AND " + UnsendableNames.sendable("c.relname"))
                .map((row, context) -> {
                    ViewId view = new ViewId(row.getString("nspname"), row.getString("relname"));
                    String role = row.getString("role");
                    List<String> remedy = new ArrayList<>();
                    if (!row.getBoolean("reach")) {
                        remedy.add("GRANT USAGE ON SCHEMA " + SqlNames.identifier(view.schema()) + " TO "
                                + SqlNames.identifier(role));
                    }
                    if (!row.getBoolean("may")) {
                        // Not OWNER TO: the owner's privileges and row policies decide what the view holds.
                        remedy.add((maintain
                                        ? "GRANT MAINTAIN ON " + SqlNames.qualified(view)
                                        : "GRANT " + SqlNames.identifier(row.getString("owner")))
                                + " TO " + SqlNames.identifier(role));
                    }
                    return Map.entry(
                            row.getLong("oid"),
                            new Obstacle(
                                    "role " + role + " may not refresh " + view + ", which belongs to "
                                            + row.getString("owner"),
                                    Remedy.sql(remedy)));
                })
                .forEach(entry -> missing.put(entry.getKey(), entry.getValue()));
        return missing;
    }
}
