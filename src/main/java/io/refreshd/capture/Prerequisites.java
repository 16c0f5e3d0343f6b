package io.refreshd.capture;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Checks what server, role, slot and publication must allow before anything can be captured. Reads only. */
public final class Prerequisites {
    private static final Obstacle STANDBY = new Obstacle(
            "the server is a standby: nothing can be refreshed there", Remedy.text("connect to the primary"));

    private Prerequisites() {}

    /** All obstacles, each with its remedy; empty if capturing may be tried. */
    public static List<Obstacle> check(Connection connection, CaptureSettings settings) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        Optional<SlotState> slot = Slot.inspect(connection, settings.slot());
        Optional<PublicationState> publication = Publication.inspect(connection, settings.publication());
        server(connection, settings.slot(), slot.isPresent(), obstacles);
        role(connection, obstacles);
        // A lost slot is no obstacle: the daemon creates another one by itself, and treats what was missed as a gap.
        slot.filter(state -> !state.lost())
                .flatMap(state -> state.obstacle(settings.server().database()))
                .ifPresent(obstacles::add);
        publication.ifPresent(state -> publication(settings.publication(), state, obstacles));
        return obstacles;
    }

    /** All obstacles to reading topics of a connector, which owns slot and publication. Empty if it may be tried. */
    public static List<Obstacle> checkTopics(Connection connection, CaptureSettings settings) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        if (isStandby(connection)) {
            obstacles.add(STANDBY);
        }
        Optional<SlotState> slot = Slot.inspect(connection, settings.slot());
        if (slot.isEmpty()) {
            obstacles.add(new Obstacle(
                    "the connector's replication slot " + settings.slot() + " is missing",
                    Remedy.text("start the connector, which makes it, or correct capture.slot")));
        }
        slot.filter(state -> !state.lost())
                .flatMap(state -> state.obstacle(settings.server().database()))
                .ifPresent(obstacles::add);
        Optional<PublicationState> publication = Publication.inspect(connection, settings.publication());
        if (publication.isEmpty()) {
            obstacles.add(new Obstacle(
                    "the connector's publication " + settings.publication() + " is missing",
                    Remedy.sql(Publication.plan(settings.publication(), Set.of(), Optional.empty()))
                            .and("and add the tables that views read, or correct capture.publication")));
        }
        publication.ifPresent(state -> publication(settings.publication(), state, obstacles));
        return obstacles;
    }

    private static boolean isStandby(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT pg_catalog.pg_is_in_recovery()");
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void server(Connection connection, String slot, boolean slotExists, List<Obstacle> obstacles)
            throws SQLException {
        String sql = """
                SELECT pg_catalog.current_setting('wal_level') AS wal_level,
                       EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'effective_wal_level') AS wal_level_rises,
                       -- Not shown to every role; then the server's own words tell.
                       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'output_plugin_libraries') AS plugins,
                       pg_catalog.pg_is_in_recovery() AS standby,
                       pg_catalog.current_setting('max_replication_slots')::int AS slots,
                       (SELECT count(*) FROM pg_catalog.pg_replication_slots) AS slots_used,
                       pg_catalog.current_setting('max_wal_senders')::int AS senders,
                       -- Without the walsender of this slot: a running daemon takes no sender away from the next one.
                       (SELECT count(*) FROM pg_catalog.pg_stat_replication r
                        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s
                                          WHERE s.slot_name = ? AND s.active_pid = r.pid)) AS senders_used
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, slot);
            ResultSet row = statement.executeQuery();
            row.next();
            DecodingSettings.obstacles(
                            row.getString("wal_level"), row.getBoolean("wal_level_rises"), row.getString("plugins"))
                    .forEach(obstacles::add);
            if (row.getBoolean("standby")) {
                obstacles.add(STANDBY);
            }
            room(row, "slots", "max_replication_slots", "replication slots", !slotExists, obstacles);
            room(row, "senders", "max_wal_senders", "WAL senders", true, obstacles);
        }
    }

    private static void room(
            ResultSet row, String column, String setting, String what, boolean needed, List<Obstacle> obstacles)
            throws SQLException {
        int most = row.getInt(column);
        long used = row.getLong(column + "_used");
        if (needed && used >= most) {
            obstacles.add(new Obstacle(
                    "all " + most + " " + what + " of the server are taken",
                    Remedy.sql("ALTER SYSTEM SET " + setting + " = " + (most + 5))
                            .and("and restart the server")));
        }
    }

    private static void role(Connection connection, List<Obstacle> obstacles) throws SQLException {
        // Managed services grant the attribute by membership in a role of theirs.
        String sql = """
                SELECT rolname,
                       rolreplication OR rolsuper OR EXISTS (
                         SELECT FROM pg_catalog.pg_roles g
                         WHERE g.rolname IN ('rds_replication', 'rds_superuser', 'rdsrepladmin', 'azure_pg_admin', 'cloudsqlsuperuser')
                           AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')) AS may
                FROM pg_catalog.pg_roles r WHERE rolname = current_user
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            if (row.next() && !row.getBoolean("may")) {
                String role = row.getString("rolname");
                obstacles.add(new Obstacle(
                        "role " + role + " may not read the log",
                        Remedy.sql("ALTER ROLE " + SqlNames.identifier(role) + " REPLICATION")
                                .and("on Amazon RDS instead: GRANT rds_replication TO " + SqlNames.identifier(role))));
            }
        }
    }

    private static void publication(String name, PublicationState state, List<Obstacle> obstacles) {
        if (!state.complete()) {
            obstacles.add(new Obstacle(
                    "publication " + name + " leaves out operations",
                    Remedy.sql("ALTER PUBLICATION " + SqlNames.identifier(name)
                            + " SET (publish = 'insert, update, delete, truncate')")));
        }
        if (state.viaRoot()) {
            obstacles.add(new Obstacle(
                    "publication " + name + " publishes changes of partitions as those of their root",
                    Remedy.sql("ALTER PUBLICATION " + SqlNames.identifier(name)
                            + " SET (publish_via_partition_root = false)")));
        }
    }

    /**
     * The obstacle that another role owns the publication, so that the current role cannot add tables to it; empty if it can, or
     * if there is no publication.
     */
    public static Optional<Obstacle> notMine(Connection connection, String publication) throws SQLException {
        String sql = """
                SELECT pg_catalog.pg_get_userbyid(pubowner) AS owner, current_user AS role
                FROM pg_catalog.pg_publication WHERE pubname = ? AND NOT pg_catalog.pg_has_role(pubowner, 'USAGE')
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, publication);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new Obstacle(
                                "publication " + publication + " belongs to " + row.getString("owner")
                                        + ", so that this role can add no table to it",
                                Remedy.sql("ALTER PUBLICATION " + SqlNames.identifier(publication) + " OWNER TO "
                                        + SqlNames.identifier(row.getString("role")))))
                        : Optional.empty();
            }
        }
    }

    /**
     * An obstacle for each table that another role owns, so that the current role cannot add it to the publication: that takes
     * the ownership of both.
     */
    public static List<Obstacle> notMine(Connection connection, Set<TableId> tables) throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>();
        String sql = """
                SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') AS mine,
                       pg_catalog.pg_get_userbyid(c.relowner) AS owner, current_user AS role
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ? AND c.relname = ?
                """;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (TableId table : new TreeSet<>(tables)) {
                statement.setString(1, table.schema());
                statement.setString(2, table.name());
                try (ResultSet row = statement.executeQuery()) {
                    if (row.next() && !row.getBoolean("mine")) {
                        obstacles.add(new Obstacle(
                                "table " + table + " belongs to " + row.getString("owner")
                                        + ", so that this role cannot publish it",
                                Remedy.sql("GRANT " + SqlNames.identifier(row.getString("owner")) + " TO "
                                        + SqlNames.identifier(row.getString("role")))));
                    }
                }
            }
        }
        return obstacles;
    }
}
