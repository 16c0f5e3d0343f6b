package io.refreshd.doctor;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.ConnectorConfiguration;
import io.refreshd.capture.KafkaUnavailableException;
import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.TopicSurvey;
import io.refreshd.config.Configuration;
import io.refreshd.config.KafkaSettings;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.ViewMark;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;

/** What keeps refreshd from reading the topics of a Debezium connector: in its settings, in the topics, in the database. */
final class TopicRequirements {
    private static final String ONE_TOPIC =
            "let the connector write to one topic of one partition, and name it in kafka.topics";

    private TopicRequirements() {}

    /** Asks Kafka for the topics. */
    @FunctionalInterface
    interface Survey {
        TopicSurvey take(KafkaSettings kafka) throws InterruptedException, KafkaUnavailableException;
    }

    /** @param survey reads the last records, or none */
    static List<Obstacle> obstacles(Handle handle, CaptureSettings capture, KafkaSettings kafka, Survey survey)
            throws SQLException, KafkaUnavailableException {
        List<Obstacle> obstacles =
                new ArrayList<>(ConnectorConfiguration.read(kafka).obstacles(capture, kafka.topics()));
        obstacles.addAll(Prerequisites.checkTopics(handle.getConnection(), capture));
        try {
            TopicSurvey found = survey.take(kafka);
            obstacles.addAll(found.obstacles(kafka.acceptsLostChanges()));
            if (!found.ordered() && !found.isEmpty()) {
                obstacles.addAll(unordered(handle));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return obstacles;
    }

    /** A round has to know in which order rows changed, and up to where it has read. */
    private static List<Obstacle> unordered(Handle handle) {
        Set<ViewId> incremental = ViewMark.ledgerExists(handle)
                ? new TreeSet<>(IncrementalViewRows.load(handle).keySet())
                : Set.of();
        return incremental.isEmpty()
                ? List.of()
                : List.of(new Obstacle(
                        "the topics do not keep the order of the log, and these views are incremental: " + incremental,
                        Remedy.text(ONE_TOPIC + "; or convert the views back with refreshd convert --back")));
    }

    /** Why no view can be made incremental; empty if the topics may keep the order of the log. */
    static Optional<Obstacle> toIncremental(Configuration configuration) {
        return configuration
                .kafka()
                .filter(kafka -> !kafka.topics().isName())
                .map(kafka -> new Obstacle(
                        "kafka.topics names several topics, which do not keep the order of the log",
                        Remedy.text(ONE_TOPIC)));
    }
}
