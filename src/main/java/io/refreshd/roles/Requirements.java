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
 * What has to be so before a view can be made. Asked first: making the view of a huge table only to fail at its index or its
 * grant would be dear, and would be tried again. Within the caller's transaction, in which nothing else can be done where it
 * throws; reads only.
 */
final class Requirements {
    private static final String RIGHTS = """
            SELECT current_user::text AS role, n.oid IS NOT NULL AS schema_there,
                   coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE')
                            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) AS may_create,
                   o.oid IS NULL OR pg_catalog.pg_has_role(o.oid, :giving) AS may_give,
                   o.oid IS NULL OR me.rolsuper OR coalesce(pg_catalog.has_schema_privilege(o.oid, n.oid, 'CREATE'), false)
                     AS owner_may_create
              FROM pg_catalog.pg_roles me
              LEFT JOIN pg_catalog.pg_namespace n ON n.nspname::text = :schema
              LEFT JOIN pg_catalog.pg_roles o ON o.rolname::text = :owner
             WHERE me.rolname = current_user
            """;

    /** Membership does not suffice from then on: it may have been granted without the right to become the role. */
    private static final int SET_OPTION = 16;

    private Requirements() {}

    /** Of one view, also whether its readers are there; the first that is not met. */
    static Optional<Obstacle> missing(Handle transaction, WantedView wanted) throws SQLException {
        Optional<Obstacle> role = missingRole(transaction, wanted);
        return role.isPresent()
                ? role
                : missingForAll(transaction, wanted).stream().findFirst();
    }

    /**
     * That a role of the database is missing. A role called public must not pass, since PostgreSQL takes the name for
     * everybody, quoted or not.
     */
    static Optional<Obstacle> missingRole(Handle transaction, WantedView wanted) {
        return Stream.of(
                        wanted.template().access().grantTo(wanted.role()),
                        wanted.template().access().owner())
                .flatMap(Optional::stream)
                .filter(name -> !exists(transaction, name))
                .findFirst()
                .map(name -> new Obstacle(
                        "view " + wanted.id() + " waits: the database has no role " + Words.quoted(name),
                        "CREATE ROLE " + SqlNames.identifier(name)));
    }

    /**
     * What is missing for every view of the template alike.
     *
     * @throws SQLException what the server says about the query
     */
    static List<Obstacle> missingForAll(Handle transaction, WantedView wanted) throws SQLException {
        List<Obstacle> missing = new ArrayList<>(rights(transaction, wanted));
        Optional<String> owner = wanted.template().access().owner();
        if (missing.isEmpty()
                && wanted.kind() == 'm'
                && owner.map(name -> exists(transaction, name)).orElse(true)) {
            key(wanted, columns(transaction, wanted, owner)).ifPresent(missing::add);
        }
        return missing;
    }

    private static List<Obstacle> rights(Handle transaction, WantedView wanted) throws SQLException {
        int version = transaction.getConnection().getMetaData().getDatabaseMajorVersion();
        String schema = wanted.id().schema();
        String owner = wanted.template().access().owner().orElse("");
        String in = SqlNames.identifier(schema);
        return transaction
                .createQuery(RIGHTS)
                .bind("giving", version >= SET_OPTION ? "SET" : "MEMBER")
                .bind("schema", schema)
                .bind("owner", owner)
                .map((row, context) -> {
                    String role = row.getString("role");
                    List<Obstacle> missing = new ArrayList<>();
                    if (!row.getBoolean("schema_there")) {
                        return List.of(obstacle(wanted, "there is no schema " + schema, "CREATE SCHEMA " + in));
                    }
                    if (!row.getBoolean("may_create")) {
                        missing.add(obstacle(
                                wanted,
                                "role " + role + " may not create views in schema " + schema,
                                "GRANT CREATE, USAGE ON SCHEMA " + in + " TO " + SqlNames.identifier(role)));
                    }
                    if (!row.getBoolean("may_give")) {
                        missing.add(obstacle(
                                wanted,
                                "role " + role + " may not give a view to its owner " + owner,
                                "GRANT " + SqlNames.identifier(owner) + " TO " + SqlNames.identifier(role)));
                    }
                    if (!row.getBoolean("owner_may_create")) {
                        missing.add(obstacle(
                                wanted,
                                "role " + owner + " may not own a view in schema " + schema,
                                "GRANT CREATE ON SCHEMA " + in + " TO " + SqlNames.identifier(owner)));
                    }
                    return missing;
                })
                .one();
    }

    /** Of what the query returns to the owner, who is the one that runs it; no row is asked for. */
    private static Set<String> columns(Handle transaction, WantedView wanted, Optional<String> owner)
            throws SQLException {
        if (owner.isEmpty()) {
            return columns(transaction, wanted);
        }
        Savepoint before = transaction.getConnection().setSavepoint();
        try {
            transaction.execute("SET LOCAL ROLE " + SqlNames.identifier(owner.get()));
            return columns(transaction, wanted);
        } finally {
            // The role of before as well. And what is made afterwards is made by the transaction itself, and not by one
            // within it.
            transaction.getConnection().rollback(before);
            transaction.getConnection().releaseSavepoint(before);
        }
    }

    private static Set<String> columns(Handle transaction, WantedView wanted) throws SQLException {
        String query = wanted.template().definition().query().with(ViewBuilder.literal(transaction, wanted.role()));
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

    private static Optional<Obstacle> key(WantedView wanted, Set<String> columns) {
        List<String> unknown = wanted.template().definition().uniqueKey().stream()
                .filter(column -> !columns.contains(column))
                .toList();
        return unknown.isEmpty()
                ? Optional.empty()
                : Optional.of(obstacle(
                        wanted,
                        "its query has no column " + String.join(", ", unknown) + "; it has "
                                + columns.stream().sorted().collect(Collectors.joining(", ")),
                        "name columns of the query in role-views.templates["
                                + wanted.template().name() + "].unique-key"));
    }

    private static Obstacle obstacle(WantedView wanted, String what, String remedy) {
        return new Obstacle("no view of " + wanted.template().name() + " can be made: " + what, remedy);
    }

    private static boolean exists(Handle transaction, String role) {
        return transaction
                .createQuery("SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname::text = :role)")
                .bind("role", role)
                .mapTo(Boolean.class)
                .one();
    }
}
