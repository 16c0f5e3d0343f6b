package io.refreshd.doctor;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.RowSecurity;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Checks what view definitions depend on besides rows: row-level security policies and the search path. */
final class DefinitionCheck implements Check {
    /**
     * The relations that each view reads, directly or through plain views. {@code pg_depend} lists them as what the view's
     * rewrite rule depends on.
     */
    private static final String TREE = """
            WITH RECURSIVE tree (root, relation) AS (
                SELECT v, v FROM unnest(CAST(:oids AS oid[])) AS v
                UNION
                SELECT t.root, d.refobjid
                FROM tree t
                JOIN pg_catalog.pg_class c ON c.oid = t.relation AND (c.relkind = 'v' OR c.oid = t.root)
                JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                     AND d.refclassid = 'pg_catalog.pg_class'::regclass
            )
            """;

    @Override
    public List<Finding> run(ExaminedDatabase database) {
        List<Finding> findings = new ArrayList<>(policies(database));
        findings.addAll(searchPath(database));
        return findings;
    }

    private static List<Finding> policies(ExaminedDatabase database) {
        return database.catalog().relations().stream()
                .filter(relation -> relation.traits().rowSecurity() != RowSecurity.OFF)
                .map(relation -> new Finding(
                        Severity.INFO,
                        "row-security",
                        relation.schema() + "." + relation.name(),
                        "row-level security is on",
                        "A view stores the rows that the policies show to the view's owner, and shows them to everybody who may"
                                + " read the view. A changed policy alters the view only at its next refresh.",
                        Remedy.sql("SELECT * FROM pg_catalog.pg_policies WHERE (schemaname, tablename) = ('"
                                        + relation.schema().replace("'", "''") + "', '"
                                        + relation.name().replace("'", "''") + "')")
                                .and("shows them")))
                .toList();
    }

    /**
     * Functions whose body is text and depends on the session's search path. From PostgreSQL 17 on a refresh ignores the
     * session's and uses {@code pg_catalog, pg_temp}.
     */
    private static List<Finding> searchPath(ExaminedDatabase database) {
        return database.handle()
                .createQuery(TREE + """
                        SELECT DISTINCT n.nspname || '.' || c.relname AS view, fn.nspname, p.proname,
                               p.oid::regprocedure::text AS signature
                        FROM tree t
                        JOIN pg_catalog.pg_class c ON c.oid = t.root
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        JOIN pg_catalog.pg_rewrite r ON r.ev_class = t.relation
                        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                             AND d.refclassid = 'pg_catalog.pg_proc'::regclass
                        JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
                        JOIN pg_catalog.pg_namespace fn ON fn.oid = p.pronamespace
                        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                        WHERE p.oid >= :user AND l.lanname NOT IN ('c', 'internal') AND p.prosqlbody IS NULL
                          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%')
                        ORDER BY 1, 4
                        """)
                .bind(
                        "oids",
                        "{"
                                + String.join(
                                        ",",
                                        java.util.Arrays.stream(ViewOids.of(database))
                                                .map(String::valueOf)
                                                .toList())
                                + "}")
                .bind("user", Catalog.FIRST_USER_OID)
                .map((row, context) -> searchPath(database, row))
                .list();
    }

    private static Finding searchPath(ExaminedDatabase database, ResultSet row) throws SQLException {
        return new Finding(
                        database.version() >= 17 ? Severity.WARNING : Severity.INFO,
                        "search-path",
                        row.getString("view"),
                        "calls " + row.getString("signature")
                                + ", which resolves the names in its body by the session's search_path",
                        "From PostgreSQL 17 on a refresh runs with search_path = pg_catalog, pg_temp. Names in the body without"
                                + " a schema are not found then, and the refresh fails.",
                        Remedy.sql("ALTER FUNCTION " + row.getString("signature") + " SET search_path = "
                                + SqlNames.identifier(row.getString("nspname")) + ", pg_temp"))
                .because("calls functions that resolve the names in their bodies by the session's search_path");
    }
}
