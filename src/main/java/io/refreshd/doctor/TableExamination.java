package io.refreshd.doctor;

import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Publication;
import io.refreshd.capture.PublicationState;
import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.ReplicaIdentity;
import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The base tables: what would happen if they were published. */
final class TableExamination implements Examination {
    private static final String BLIND = "Its changes would pass unseen; views on it are refreshed by the clock only.";

    @Override
    public List<Finding> of(Patient patient) throws SQLException {
        List<Finding> findings = new ArrayList<>();
        Optional<PublicationState> publication = Publication.inspect(
                patient.handle().getConnection(), patient.capture().publication());
        Set<TableId> unpublished = patient.graph().tables().values().stream()
                .filter(table -> table.notPublishable().isEmpty())
                .map(BaseTable::id)
                .filter(table ->
                        publication.map(state -> !state.captures(table)).orElse(true))
                .collect(Collectors.toSet());
        for (Obstacle obstacle : Prerequisites.notMine(patient.handle().getConnection(), unpublished)) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "not-owner",
                    "tables",
                    obstacle.what(),
                    BLIND,
                    obstacle.mend() + "; or have its owner run: "
                            + String.join(
                                    "; ",
                                    Publication.plan(patient.capture().publication(), unpublished, publication))));
        }
        for (BaseTable table : patient.graph().tables().values()) {
            table.notPublishable()
                    .ifPresent(why -> findings.add(new Finding(
                            Severity.WARNING,
                            "replica-identity",
                            table.id().toString(),
                            why.what(),
                            "refreshd does not publish it. " + BLIND,
                            why.mend())));
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
}
