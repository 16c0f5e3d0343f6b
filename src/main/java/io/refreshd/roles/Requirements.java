package io.refreshd.roles;

import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
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
                        "CREATE ROLE " + SqlNames.identifier(name)));
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
                && desired.kind() == 'm'
                && owner.map(name -> exists(transaction, name)).orElse(true)) {
            key(desired, columns(transaction, desired, owner)).ifPresent(missing::add);
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
                        return List.of(obstacle(desired, "there is no schema " + schema, "CREATE SCHEMA " + in));
                    }
                    if (!row.getBoolean("may_create")) {
                        missing.add(obstacle(
                                desired,
                                "role " + role + " may not create views in schema " + schema,
                                "GRANT CREATE, USAGE ON SCHEMA " + in + " TO " + SqlNames.identifier(role)));
                    }
                    if (!row.getBoolean("may_assign_owner")) {
                        missing.add(obstacle(
                                desired,
                                "role " + role + " may not give a view to its owner " + owner,
                                "GRANT " + SqlNames.identifier(owner) + " TO " + SqlNames.identifier(role)));
                    }
                    if (!row.getBoolean("owner_may_create")) {
                        missing.add(obstacle(
                                desired,
                                "role " + owner + " may not own a view in schema " + schema,
                                "GRANT CREATE ON SCHEMA " + in + " TO " + SqlNames.identifier(owner)));
                    }
                    return missing;
                })
                .one();
    }

    /** The columns of the query, as its owner sees them, since the query runs as the owner. No row is read. */
    private static Set<String> columns(Handle transaction, DesiredView desired, Optional<String> owner)
            throws SQLException {
        if (owner.isEmpty()) {
            return columns(transaction, desired);
        }
        Savepoint before = transaction.getConnection().setSavepoint();
        try {
            transaction.execute("SET LOCAL ROLE " + SqlNames.identifier(owner.get()));
            return columns(transaction, desired);
        } finally {
            // The rollback also restores the role. Releasing the savepoint matters too: what is created later must
            // have the transaction's own id as xmin, not that of a subtransaction, since ViewBuilder compares the two.
            transaction.getConnection().rollback(before);
            transaction.getConnection().releaseSavepoint(before);
        }
    }

    private static Set<String> columns(Handle transaction, DesiredView desired) throws SQLException {
        String query = desired.template().definition().query().with(ViewBuilder.literal(transaction, desired.role()));
        try (Statement statement = RolesReader.statement(transaction.getConnection());
                ResultSet none = statement.executeQuery("SELECT * FROM (" + query + "\n) AS refreshd_query LIMIT 0")) {
            Set<String> columns = new HashSet<>();
            ResultSetMetaData row = none.getMetaData();
            for (int i = 1; i <= row.getColumnCount(); i++) {
                columns.add(row.getColumnName(i));
            }
            return columns;
        }
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
                        "name columns of the query in role-views.templates["
                                + desired.template().name() + "].unique-key"));
    }

    private static Obstacle obstacle(DesiredView desired, String what, String remedy) {
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
