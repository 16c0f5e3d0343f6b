package io.refreshd.doctor;

import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.ReplicaIdentity;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Checks that the tables that views and roles depend on can be published, by this role and without harm. */
final class TableCheck implements Check {
    private static final String UNTRACKED =
            "The log does not show its changes; views on it are refreshed by the clock only (untracked-max-staleness).";
    private static final String LATE =
            "The log does not show that a role was added or removed; refreshd notices when it reads all roles again, every"
                    + " few seconds.";

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        RequiredTables required = RequiredTables.of(database.handle(), database.configuration(), database.graph());
        List<Finding> findings = new ArrayList<>(notOwned(database, required));
        Map<TableId, List<String>> identities = ReplicaIdentityRepair.of(
                database.handle(),
                required.tables().values().stream()
                        .filter(table -> table.notPublishable().isPresent())
                        .toList());
        for (BaseTable table : required.tables().values()) {
            table.notPublishable()
                    .ifPresent(why -> findings.add(new Finding(
                                    Severity.WARNING,
                                    "replica-identity",
                                    table.id().toString(),
                                    why.what(),
                                    "refreshd does not publish it. " + consequence(required, table.id()),
                                    why.remedy())
                            .because("no replica identity that could be published: the application's own UPDATE and"
                                    + " DELETE would fail")
                            .withFirst(identities.getOrDefault(table.id(), List.of()))));
        }
        for (BaseTable table : database.graph().tables().values()) {
            if (table.notPublishable().isEmpty() && table.identity() != ReplicaIdentity.FULL && table.mayBeFull()) {
                findings.add(new Finding(
                        Severity.INFO,
                        "no-old-rows",
                        table.id().toString(),
                        "the log holds only the key of an old row",
                        "refreshd cannot see that an UPDATE changed no column that a view reads, so every UPDATE counts."
                                + " REPLICA IDENTITY FULL shows it, at the price of more log.",
                        Remedy.sql("ALTER TABLE " + SqlNames.qualified(table.id()) + " REPLICA IDENTITY FULL")));
            }
        }
        return findings;
    }

    /** The tables that the role may not add to the publication, since it does not own both. */
    private static List<Finding> notOwned(ExaminedDatabase database, RequiredTables required) throws SQLException {
        String name = database.capture().publication();
        Connection connection = database.handle().getConnection();
        Optional<PublicationState> publication = Publication.inspect(connection, name);
        Set<TableId> unpublished = new TreeSet<>(required.publishable());
        publication.ifPresent(state -> unpublished.removeIf(state::captures));

        Set<TableId> then = new HashSet<>(unpublished);
        publication.ifPresent(state -> then.addAll(state.tables().keySet()));
        String asSuperuser = "or, as a superuser: " + String.join("; ", Publication.plan(name, then, publication));

        List<Finding> findings = new ArrayList<>();
        if (database.configuration().kafka().isPresent()) {
            for (TableId table : unpublished) {
                findings.add(new Finding(
                        Severity.WARNING,
                        "not-published",
                        table.toString(),
                        "the connector's publication " + name + " lacks a table that views read",
                        consequence(required, table),
                        Remedy.sql("ALTER PUBLICATION " + SqlNames.identifier(name) + " ADD TABLE "
                                + SqlNames.qualified(table))));
            }
            return findings;
        }
        for (TableId table : unpublished) {
            for (Obstacle obstacle : obstacles(connection, name, table)) {
                findings.add(new Finding(
                                Severity.WARNING,
                                "not-owner",
                                table.toString(),
                                obstacle.what(),
                                consequence(required, table),
                                // One statement publishes all of the tables, and is long.
                                findings.isEmpty() ? obstacle.remedy().and(asSuperuser) : obstacle.remedy())
                        .because("refreshd may not publish tables that it does not own"));
            }
        }
        return findings;
    }

    private static List<Obstacle> obstacles(Connection connection, String publication, TableId table)
            throws SQLException {
        List<Obstacle> obstacles = new ArrayList<>(Prerequisites.notMine(connection, Set.of(table)));
        Prerequisites.notMine(connection, publication).ifPresent(obstacles::add);
        return obstacles;
    }

    private static String consequence(RequiredTables required, TableId table) {
        return required.ofRoles().contains(table) ? LATE : UNTRACKED;
    }
}
