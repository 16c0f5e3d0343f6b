package io.refreshd.doctor;

import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.ReplicaIdentity;
import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The tables whose changes count: what would happen if they were published. */
final class TableExamination implements Examination {
    private static final String UNTRACKED =
            "Its changes would pass unseen; views on it are refreshed by the clock only.";
    private static final String LATE =
            "The log does not tell of a new role, or of one that is gone: that is noticed late, by a"
                    + " look at all roles every few seconds.";

    @Override
    public List<Finding> of(ExaminedDatabase database) throws SQLException {
        Wanted wanted = Wanted.of(database.handle(), database.configuration(), database.graph());
        List<Finding> findings = new ArrayList<>(notMine(database, wanted));
        for (BaseTable table : wanted.tables().values()) {
            table.notPublishable()
                    .ifPresent(why -> findings.add(new Finding(
                            Severity.WARNING,
                            "replica-identity",
                            table.id().toString(),
                            why.what(),
                            "refreshd does not publish it. " + consequence(wanted, table.id()),
                            why.remedy())));
        }
        for (BaseTable table : database.graph().tables().values()) {
            if (table.notPublishable().isEmpty() && table.identity() != ReplicaIdentity.FULL && table.mayBeFull()) {
                findings.add(new Finding(
                        Severity.INFO,
                        "no-old-rows",
                        table.id().toString(),
                        "the log holds only the key of an old row",
                        "That an update touched no column a view reads cannot be seen, so it refreshes the view. FULL shows"
                                + " it, at the price of more log.",
                        "ALTER TABLE " + SqlNames.qualified(table.id()) + " REPLICA IDENTITY FULL"));
            }
        }
        return findings;
    }

    /** What run may not add to the publication. */
    private static List<Finding> notMine(ExaminedDatabase database, Wanted wanted) throws SQLException {
        String name = database.capture().publication();
        Connection connection = database.handle().getConnection();
        Optional<PublicationState> publication = Publication.inspect(connection, name);
        Set<TableId> unpublished = new TreeSet<>(wanted.publishable());
        publication.ifPresent(state -> unpublished.removeIf(state::captures));

        List<Finding> findings = new ArrayList<>();
        for (TableId table : unpublished) {
            Set<TableId> then = new HashSet<>(unpublished);
            publication.ifPresent(state -> then.addAll(state.tables().keySet()));
            String statements = String.join("; ", Publication.plan(name, then, publication));
            for (Obstacle obstacle : obstacles(connection, name, table)) {
                findings.add(new Finding(
                        Severity.WARNING,
                        "not-owner",
                        table.toString(),
                        obstacle.what(),
                        consequence(wanted, table),
                        obstacle.remedy() + " -- or, as a superuser: " + statements));
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

    private static String consequence(Wanted wanted, TableId table) {
        return wanted.ofRoles().contains(table) ? LATE : UNTRACKED;
    }
}
