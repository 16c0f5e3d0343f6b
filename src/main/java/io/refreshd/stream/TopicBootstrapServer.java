package io.refreshd.stream;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.ChangeSource;
import io.refreshd.capture.ConnectorConfiguration;
import io.refreshd.capture.Heartbeat;
import io.refreshd.capture.KafkaChangeSource;
import io.refreshd.capture.KafkaUnavailableException;
import io.refreshd.capture.SlotState;
import io.refreshd.capture.TopicStart;
import io.refreshd.capture.TopicSurvey;
import io.refreshd.config.KafkaSettings;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.TopicOffsets;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TopicOffset;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * {@link BootstrapServer} for topics. To {@link SlotBootstrap} they look like a slot: where the recorded offsets are still in the topics,
 * it continues; otherwise it is missing, and is made at the ends of the topics.
 *
 * <p>Invariant: the ends are asked for before the position, so that everything that commits after the position is behind them. What
 * committed before is in the views once it is visible and they were refreshed.
 *
 * <p>Invariant: the connector's own slot is never made or dropped, and its name is not recorded as that of refreshd's.
 */
final class TopicBootstrapServer implements BootstrapServer {
    private final LiveBootstrapServer live;
    private final Handle handle;
    private final DatabaseSession session;
    private final CaptureSettings capture;
    private final TopicSurvey survey;
    private final List<TopicOffset> recorded;
    private final Optional<String> gap;
    private List<TopicOffset> ends = List.of();

    private TopicBootstrapServer(
            LiveBootstrapServer live,
            Handle handle,
            DatabaseSession session,
            CaptureSettings capture,
            TopicSurvey survey,
            List<TopicOffset> recorded,
            Optional<String> gap) {
        this.live = live;
        this.handle = handle;
        this.session = session;
        this.capture = capture;
        this.survey = survey;
        this.recorded = recorded;
        this.gap = gap;
    }

    /**
     * @param gap why nothing continues, whatever the topics hold; empty: they decide. With a gap no record is read: one that no heap holds may
     *     be the cause
     */
    static TopicBootstrapServer of(
            LiveBootstrapServer live,
            Handle handle,
            DatabaseSession session,
            CaptureSettings capture,
            KafkaSettings kafka,
            Optional<String> gap)
            throws SQLException, IOException, InterruptedException, KafkaUnavailableException,
                    PrerequisitesMissingException {
        TopicSurvey survey = gap.isPresent() ? TopicSurvey.take(kafka) : TopicSurvey.withLastRecords(kafka);
        List<Obstacle> obstacles = survey.obstacles(kafka.acceptsLostChanges());
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
        if (survey.isEmpty()) {
            throw new IOException("there is no event in topic " + kafka.topics().text()
                    + " yet; the connector writes one within seconds, unless it is stopped");
        }
        List<TopicOffset> recorded = TopicOffsets.read(handle);
        return new TopicBootstrapServer(
                live, handle, session, capture, survey, recorded, gap.or(() -> survey.gap(recorded)));
    }

    /**
     * Begins an attempt. Writes an event, since the connector makes its topic with the first one, and topics are judged by the last one; an
     * idle database has none. Forgets the offsets if the connector's slot is gone: whatever commits until the connector makes another slot
     * reaches no topic, also if this process ends before that. A write without the lease: it costs a refresh of each view at worst.
     */
    static void begin(Handle handle, String slot) throws SQLException {
        Heartbeat.emitInTransaction(handle.getConnection());
        boolean gone = handle.createQuery(
                        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = :slot)"
                                + " AND to_regclass('refreshd.topic_offset') IS NOT NULL")
                .bind("slot", slot)
                .mapTo(Boolean.class)
                .one();
        if (gone) {
            TopicOffsets.forget(handle);
        }
    }

    /** Why the topics do not continue where the ledger left off, one fixed word; before a first start {@link GapDetector} says so. */
    Optional<String> gap() {
        return recorded().isPresent() ? gap : Optional.empty();
    }

    @Override
    public Optional<StreamPosition> recorded() {
        return live.recorded();
    }

    @Override
    public Optional<SlotState> slot(String name) throws SQLException {
        if (isFormer(name)) {
            return live.slot(name);
        }
        if (gap.isPresent()) {
            return Optional.empty();
        }
        Optional<Lsn> acknowledged = recorded().map(StreamPosition::acknowledged);
        return acknowledged.map(position -> new SlotState(
                name,
                "pgoutput",
                Optional.of(capture.server().database()),
                OptionalInt.empty(),
                Optional.of(position),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                0,
                false,
                Optional.empty()));
    }

    @Override
    public Optional<Lsn> createSlot() {
        List<TopicOffset> found = survey.atTheEnds(Lsn.ZERO);
        Lsn position = Lsn.parse(handle.createQuery("SELECT pg_catalog.pg_current_wal_insert_lsn()::text")
                .mapTo(String.class)
                .one());
        ends = found.stream()
                .map(end -> new TopicOffset(end.topic(), end.partition(), end.topicId(), end.next(), position))
                .toList();
        return Optional.of(position);
    }

    @Override
    public void dropSlot(String name) throws SQLException {
        if (isFormer(name)) {
            live.dropSlot(name);
        }
    }

    /** Whether it is the name of the slot that refreshd had before it read topics. */
    private boolean isFormer(String name) {
        return !name.equals(TopicOffsets.inPlaceOf(capture.slot())) && !name.equals(capture.slot());
    }

    @Override
    public String blockers() throws SQLException {
        return live.blockers();
    }

    @Override
    public Set<Long> unended() throws SQLException {
        return live.unended();
    }

    @Override
    public void invalidate(String reason) throws InterruptedException {
        live.invalidate(reason);
    }

    @Override
    public void beginEpoch(StreamPosition position) {
        session.ledger().write(handle, transaction -> {
            StreamRow.begin(transaction, position);
            TopicOffsets.replace(transaction, ends, 0);
        });
    }

    @Override
    public long epoch() {
        return live.epoch();
    }

    @Override
    public Snapshot snapshot() {
        return live.snapshot();
    }

    /** The source that reads on. @param position of the stream that was made ready */
    ChangeSource source(KafkaSettings kafka, Lsn position) {
        TopicStart start = new TopicStart(
                ConnectorConfiguration.read(kafka).prefix(),
                ends.isEmpty() ? survey.from(recorded) : ends,
                survey.ordered(),
                position,
                TopicOffsets.decoded(handle),
                kafka.acceptsLostChanges());
        return new KafkaChangeSource(
                capture,
                kafka,
                start,
                session.ingest(),
                (offsets, decoded) ->
                        session.ledger().write(transaction -> TopicOffsets.replace(transaction, offsets, decoded)));
    }
}
