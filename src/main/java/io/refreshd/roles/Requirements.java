package io.refreshd.roles;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * The requirements for creating a role view: database roles, privileges, key columns. They are checked first, since a view of a
 * huge table that fails at its index or its grant costs as much as one that succeeds, and would be retried.
 *
 * <p>Failure: reads only, within the transaction of the caller; after an exception that transaction has failed.
 */
final class Requirements {
    private static final String RIGHTS = """
            SELECT current_user::text AS role, n.oid IS NOT NULL AS schema_there,
                   coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE')
                            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) AS may_create,
                   o.oid IS NULL OR pg_catalog.pg_has_role(o.oid, :membership) AS may_assign_owner,
                   o.oid IS NULL OR me.rolsuper OR coalesce(pg_catalog.has_schema_privilege(o.oid, n.oid, 'CREATE'), false)
                     AS owner_may_create
              FROM pg_catalog.pg_roles me
              LEFT JOIN pg_catalog.pg_namespace n ON n.nspname::text = :schema
              LEFT JOIN pg_catalog.pg_roles o ON o.rolname::text = :owner
             WHERE me.rolname = current_user
            """;

    /** Relations that the query names itself: those that no view in it reads. */
    private static final String UNREADABLE = """
            WITH named AS (
              SELECT c.oid, n.nspname, c.relname, reader.rolname
                FROM pg_catalog.unnest(CAST(:relations AS int8[])) AS r (oid)
                JOIN pg_catalog.pg_class c ON c.oid = r.oid::oid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_roles reader ON reader.rolname::text = coalesce(CAST(:owner AS text), current_user::text)
               WHERE NOT EXISTS (
                 SELECT FROM pg_catalog.unnest(CAST(:relations AS int8[])) AS v (oid)
                   JOIN pg_catalog.pg_class plain ON plain.oid = v.oid::oid AND plain.relkind = 'v'
                   JOIN pg_catalog.pg_rewrite w ON w.ev_class = plain.oid
                   JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
                  WHERE v.oid::oid <> c.oid)
            )
            SELECT rolname AS reader, pg_catalog.format('%I.%I', nspname, relname) AS relation,
                   pg_catalog.format('GRANT SELECT ON %I.%I TO %I', nspname, relname, rolname) AS remedy
              FROM named
             WHERE NOT (pg_catalog.has_table_privilege(rolname, oid, 'SELECT')
                        OR pg_catalog.has_any_column_privilege(rolname, oid, 'SELECT'))
             ORDER BY 2
            """;

    /** From this version on membership alone does not suffice: it may be granted without the option SET, the right to become the role. */
    private static final int FIRST_WITH_SET_OPTION = 16;

    private Requirements() {}

    /** The first requirement of a view that is not met, including those of its own reader. */
    static Optional<Obstacle> missing(Handle transaction, DesiredView desired) throws SQLException {
        Optional<Obstacle> role = missingRole(transaction, desired);
        return role.isPresent()
                ? role
                : missingForAll(transaction, desired).stream().findFirst();
    }

    /**
     * The first database role of a view that does not exist. A role called {@code public} never exists: PostgreSQL takes that name
     * for all roles, even in quotes, so that a grant to it would open the view to everybody.
     */
    static Optional<Obstacle> missingRole(Handle transaction, DesiredView desired) {
        return Stream.of(
                        desired.template().access().grantTo(desired.role()),
                        desired.template().access().owner())
                .flatMap(Optional::stream)
                .filter(name -> !exists(transaction, name))
                .findFirst()
                .map(name -> new Obstacle(
                        "view " + desired.id() + " waits: the database has no role " + TerminalText.quoted(name),
                        Remedy.sql("CREATE ROLE " + SqlNames.identifier(name))));
    }

    /**
     * The unmet requirements that all views of a template have in common.
     *
     * @throws SQLException if the server rejects the query of the template
     */
    static List<Obstacle> missingForAll(Handle transaction, DesiredView desired) throws SQLException {
        List<Obstacle> missing = new ArrayList<>(rights(transaction, desired));
        Optional<String> owner = desired.template().access().owner();
        if (missing.isEmpty()
                && desired.kind().isKept()
                && owner.map(name -> exists(transaction, name)).orElse(true)) {
            ParsedQuery query = parsed(transaction, desired, owner);
            missing.addAll(unreadable(transaction, desired, query));
            key(desired, new HashSet<>(query.columns())).ifPresent(missing::add);
        }
        return missing;
    }

    private static List<Obstacle> rights(Handle transaction, DesiredView desired) throws SQLException {
        int version = transaction.getConnection().getMetaData().getDatabaseMajorVersion();
        String schema = desired.id().schema();
        String owner = desired.template().access().owner().orElse("");
        String in = SqlNames.identifier(schema);
        return transaction
                .createQuery(RIGHTS)
                .bind("membership", version >= FIRST_WITH_SET_OPTION ? "SET" : "MEMBER")
                .bind("schema", schema)
                .bind("owner", owner)
                .map((row, context) -> {
                    String role = row.getString("role");
                    List<Obstacle> missing = new ArrayList<>();
                    if (!row.getBoolean("schema_there")) {
                        return List.of(
                                obstacle(desired, "there is no schema " + schema, Remedy.sql("CREATE SCHEMA " + in)));
                    }
                    if (!row.getBoolean("may_create")) {
                        missing.add(obstacle(
                                desired,
                                "role " + role + " may not create views in schema " + schema,
                                Remedy.sql(
                                        "GRANT CREATE, USAGE ON SCHEMA " + in + " TO " + SqlNames.identifier(role))));
                    }
                    if (!row.getBoolean("may_assign_owner")) {
                        missing.add(obstacle(
                                desired,
                                "role " + role + " may not give a view to its owner " + owner,
                                Remedy.sql(
                                        "GRANT " + SqlNames.identifier(owner) + " TO " + SqlNames.identifier(role))));
                    }
                    if (!row.getBoolean("owner_may_create")) {
                        missing.add(obstacle(
                                desired,
                                "role " + owner + " may not own a view in schema " + schema,
                                Remedy.sql("GRANT CREATE ON SCHEMA " + in + " TO " + SqlNames.identifier(owner))));
                    }
                    return missing;
                })
                .one();
    }

    /** The query, parsed as its owner, who has to reach the names in it. Nothing of it runs, and no row is read. */
    private static ParsedQuery parsed(Handle transaction, DesiredView desired, Optional<String> owner)
            throws SQLException {
        String query = desired.template().definition().query().with(ViewBuilder.literal(transaction, desired.role()));
        // The savepoint that this sets is released too: what is created later must have the transaction's own id as
        // xmin, not
        // that of a subtransaction, since ViewBuilder compares the two.
        return RolesReader.asPlainSession(transaction.getConnection(), () -> {
            if (owner.isPresent()) {
                transaction.execute("SET LOCAL ROLE " + SqlNames.identifier(owner.get()));
            }
            return ParsedQuery.of(transaction.getConnection(), query);
        });
    }

    /** What the query names that the owner may not read. What is behind a plain view is read as the owner of that view. */
    private static List<Obstacle> unreadable(Handle transaction, DesiredView desired, ParsedQuery query) {
        return transaction
                .createQuery(UNREADABLE)
                .bind("owner", desired.template().access().owner().orElse(null))
                .bind("relations", query.relations().toArray(Long[]::new))
                .map((row, context) -> obstacle(
                        desired,
                        "permission denied: " + row.getString("reader") + " may not read " + row.getString("relation"),
                        Remedy.sql(row.getString("remedy"))))
                .list();
    }

    private static Optional<Obstacle> key(DesiredView desired, Set<String> columns) {
        List<String> unknown = desired.template().definition().uniqueKey().stream()
                .filter(column -> !columns.contains(column))
                .toList();
        return unknown.isEmpty()
                ? Optional.empty()
                : Optional.of(obstacle(
                        desired,
                        "its query has no column " + String.join(", ", unknown) + "; it has "
                                + columns.stream().sorted().collect(Collectors.joining(", ")),
                        Remedy.text("name columns of the query in role-views.templates["
                                + desired.template().name() + "].unique-key")));
    }

    private static Obstacle obstacle(DesiredView desired, String what, Remedy remedy) {
        return new Obstacle("no view of " + desired.template().name() + " can be made: " + what, remedy);
    }

    private static boolean exists(Handle transaction, String role) {
        return transaction
                .createQuery("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname::text = :role)")
                .bind("role", role)
                .mapTo(Boolean.class)
                .one();
    }
}
