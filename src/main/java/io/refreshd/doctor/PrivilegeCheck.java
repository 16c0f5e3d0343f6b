package io.refreshd.doctor;

import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.List;

/** Checks that the role may refresh each view: as its owner or, from PostgreSQL 17 on, with MAINTAIN. */
final class PrivilegeCheck implements Check {
    @Override
    public List<Finding> run(ExaminedDatabase database) {
        // Before 17 the server does not know the privilege, and its name would be an error.
        String maintain = database.version() >= 17 ? "OR has_table_privilege(c.oid, 'MAINTAIN')" : "";
        return database.handle()
                .createQuery("""
                        SELECT n.nspname || '.' || c.relname AS view, format('%I.%I', n.nspname, c.relname) AS name,
                               pg_get_userbyid(c.relowner) AS owner, current_user::text AS role,
                               has_schema_privilege(n.oid, 'USAGE') AS usage, may, n.nspname
                        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
                             LATERAL (SELECT pg_has_role(c.relowner, 'USAGE') <maintain> AS may) AS allowed
                        WHERE c.oid = ANY(CAST(:oids AS bigint[]))
                          AND NOT (has_schema_privilege(n.oid, 'USAGE') AND may)
                        """.replace("<maintain>", maintain))
                .bind("oids", ViewOids.of(database))
                .map((row, context) -> {
                    String role = SqlNames.identifier(row.getString("role"));
                    List<String> remedy = new ArrayList<>();
                    if (!row.getBoolean("usage")) {
                        remedy.add("GRANT USAGE ON SCHEMA " + SqlNames.identifier(row.getString("nspname")) + " TO "
                                + role);
                    }
                    if (!row.getBoolean("may")) {
                        String right = database.version() >= 17
                                ? "MAINTAIN ON " + row.getString("name")
                                : SqlNames.identifier(row.getString("owner"));
                        remedy.add("GRANT " + right + " TO " + role);
                    }
                    return new Finding(
                                    Severity.ERROR,
                                    "not-permitted",
                                    row.getString("view"),
                                    "role " + row.getString("role") + " may not refresh the view, which belongs to "
                                            + row.getString("owner"),
                                    ViewCheck.SUSPENDED,
                                    Remedy.sql(remedy))
                            .because("role " + row.getString("role") + " may not refresh these views")
                            .withFirst(remedy);
                })
                .list();
    }
}
