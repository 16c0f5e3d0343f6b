package io.refreshd.stream;

import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.ChangeSource;
import io.refreshd.capture.DebeziumChangeSource;
import io.refreshd.capture.KafkaUnavailableException;
import io.refreshd.capture.PgoutputChangeSource;
import io.refreshd.capture.TopicGap;
import io.refreshd.config.CaptureSettings.Source;
import io.refreshd.config.Configuration;
import io.refreshd.config.KafkaSettings;
import io.refreshd.database.ConnectionPools;
import io.refreshd.doctor.StartupRequirements;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.TopicOffsets;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.schedule.Event;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt at streaming: connects, checks what has to be there, takes or keeps the session, brings the slot to where capture can
 * begin, and captures until the capture ends.
 *
 * <p>Thread: {@link #run} is called by the supervisor; the rest by any thread.
 */
final class StreamAttempt {
    private static final Logger log = LoggerFactory.getLogger(StreamAttempt.class);

    /** The detail of an attempt that is under way and waits for nobody. */
    static final String PREPARING = "preparing";

    private final Configuration configuration;
    private final CaptureSettings settings;
    private final ConnectionPools connections;
    private final Surroundings around;
    private final StreamEvents events;
    private final PoisonDetector poison;
    private final StartTurn turn;
    private final LeaseQueue leases;
    /** Why the slot that is there is to be dropped, or was dropped already. */
    private final AtomicReference<@Nullable String> dropSlot = new AtomicReference<>();

    private volatile @Nullable LiveBootstrapServer bootstrapping;

    StreamAttempt(Configuration configuration, ConnectionPools connections, Surroundings around, StreamEvents events) {
        this.configuration = configuration;
        this.connections = connections;
        this.around = around;
        this.settings = StartupRequirements.settings(configuration);
        this.poison = new PoisonDetector(settings.publication());
        this.turn = new StartTurn(around.permits(), events);
        this.events = turn;
        this.leases = new LeaseQueue(connections, turn);
    }

    /**
     * Streams until the stream ends.
     *
     * @param present the session of the attempt before, if any; closed if the database is another one now
     * @throws Exception why the stream ended
     */
    void run(Optional<DatabaseSession> present) throws Exception {
        DatabaseSession session;
        ChangeSource capture;
        try (Handle handle = connections.ofWholeCatalog()) {
            turn.take();
            ServerIdentity identity = ServerIdentity.read(handle);
            if (identity.inRecovery()) {
                throw new SQLException("the server is in recovery: refreshd needs the primary");
            }
            if (configuration.kafka().isPresent()) {
                TopicBootstrapServer.begin(handle, settings.slot());
            }
            check(handle);
            session = session(handle, identity, present);
            giveUpPoisoned(session);
            capture = configuration.kafka().isPresent()
                    ? prepareTopics(handle, identity, session)
                    : prepare(handle, identity, session);
        }
        poison.begin(attempts(session));
        try (capture) {
            events.capture(capture);
            capture.start();
            capture.ended().get();
            closed(session);
        } catch (InterruptedException e) {
            closed(session);
            throw e;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            (cause instanceof TopicGap gap ? Optional.of(gap.reason()) : poison.failed(cause, capture.hasStreamed()))
                    .ifPresent(dropSlot::set);
            if (cause instanceof Error error) {
                around.listener().accept(new Notice.ErrorCaught("capture", error));
            }
            throw cause instanceof Exception exception ? exception : e;
        }
    }

    /** The last records of the topics are read meanwhile. So what ends with the process counts as an attempt. */
    private ChangeSource prepareTopics(Handle handle, ServerIdentity identity, DatabaseSession session)
            throws Exception {
        poison.prepare(attempts(session));
        try {
            return prepare(handle, identity, session);
        } catch (Exception e) {
            closed(session);
            throw e;
        }
    }

    private static PoisonDetector.AttemptLedger attempts(DatabaseSession session) {
        return new LeasedAttempts(session.ledger());
    }

    /** Whatever lies at the position where the attempts ended is not read any more; the views are refreshed instead. */
    private void giveUpPoisoned(DatabaseSession session) {
        poison.found(attempts(session)).ifPresent(reason -> {
            log.atError()
                    .addKeyValue("slot", settings.slot())
                    .addKeyValue("reason", reason)
                    .addKeyValue("attempts", PoisonDetector.MOST_ATTEMPTS)
                    .log("The log cannot be read past one position: the slot is given up");
            dropSlot.compareAndSet(null, reason);
        });
    }

    /** The interrupt by which the daemon ends its supervisor must not break the write. */
    private void closed(DatabaseSession session) {
        boolean interrupted = Thread.interrupted();
        try {
            poison.closed(attempts(session));
        } catch (RuntimeException e) {
            log.atDebug().setCause(e).log("An attempt that was ended on purpose stays counted");
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The next attempt drops the slot, if it is still there, with the log it keeps, and creates another one. */
    void dropSlot() {
        dropSlot.set("slot-dropped");
    }

    /** This database has begun, or will not for now. */
    void letOthersBegin() {
        turn.giveBack();
    }

    /** Ends a wait for the creation of the slot. */
    void cancel() {
        LiveBootstrapServer server = bootstrapping;
        if (server != null) {
            server.cancel();
        }
    }

    private void check(Handle handle) throws SQLException, PrerequisitesMissingException, KafkaUnavailableException {
        List<Obstacle> obstacles = StartupRequirements.obstacles(handle, configuration);
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
        try {
            LedgerSchema.migrate(handle);
        } catch (LedgerTooNewException e) {
            throw new PrerequisitesMissingException(
                    List.of(new Obstacle(String.valueOf(e.getMessage()), Remedy.text("use the newer refreshd"))));
        }
    }

    private DatabaseSession session(Handle handle, ServerIdentity identity, Optional<DatabaseSession> present)
            throws SQLException, InterruptedException {
        if (present.isPresent()) {
            if (isSame(present.get(), identity, StreamRow.read(handle))) {
                return present.get();
            }
            events.session(Optional.empty());
            present.get().close();
        }
        Lease lease = leases.take(handle);
        try {
            turn.take();
            DatabaseSession session = DatabaseSession.open(configuration, connections, handle, lease, around);
            events.session(Optional.of(session));
            return session;
        } catch (RuntimeException | InterruptedException e) {
            // Nobody else would close the lease, and this daemon would stand by for itself.
            lease.close();
            throw e;
        }
    }

    /** Whether the session is of this database, on this timeline, and the ledger has not been set back behind it. */
    private static boolean isSame(DatabaseSession session, ServerIdentity identity, Optional<StreamPosition> recorded) {
        return session.lease().isHeld()
                && recorded.isPresent()
                && recorded.get().systemIdentifier() == identity.systemIdentifier()
                && recorded.get().timeline() == identity.timeline()
                && recorded.get().acknowledged().compareTo(session.watermark().durable()) >= 0;
    }

    /**
     * Reconciles the catalog, then bootstraps the slot. The publication has to be there before the slot: before 18 the server fails
     * on changes older than the publication.
     */
    private ChangeSource prepare(Handle handle, ServerIdentity identity, DatabaseSession session) throws Exception {
        // A refresh that starts before the slot is there would have to be done again after it.
        session.loop().post(new Event.Held());
        LiveBootstrapServer server = new LiveBootstrapServer(handle, session, settings.slot());
        bootstrapping = server;
        try {
            session.reconciler().reconcile(handle);
            String drop = dropSlot.get();
            ChangeSource source = configuration.kafka().isPresent()
                    ? topics(server, handle, identity, session, Optional.ofNullable(drop))
                    : slot(server, identity, session, Optional.ofNullable(drop));
            // What was asked for meanwhile stays.
            dropSlot.compareAndSet(drop, null);
            return source;
        } finally {
            bootstrapping = null;
            session.loop().post(new Event.Released());
        }
    }

    private ChangeSource slot(
            BootstrapServer server, ServerIdentity identity, DatabaseSession session, Optional<String> drop)
            throws SQLException, InterruptedException {
        bootstrap(server, settings.slot(), identity, session, drop);
        return configuration.capture().source() == Source.DEBEZIUM
                ? new DebeziumChangeSource(settings, session.ingest())
                : new PgoutputChangeSource(settings, session.ingest());
    }

    private ChangeSource topics(
            LiveBootstrapServer live,
            Handle handle,
            ServerIdentity identity,
            DatabaseSession session,
            Optional<String> gap)
            throws Exception {
        KafkaSettings kafka = configuration.kafka().orElseThrow();
        TopicBootstrapServer server = TopicBootstrapServer.of(live, handle, session, settings, kafka, gap);
        Lsn position = bootstrap(server, TopicOffsets.inPlaceOf(settings.slot()), identity, session, server.gap());
        return server.source(kafka, position);
    }

    /** @return the position from which on everything is read */
    private Lsn bootstrap(
            BootstrapServer server,
            String slot,
            ServerIdentity identity,
            DatabaseSession session,
            Optional<String> drop)
            throws SQLException, InterruptedException {
        SlotBootstrap.Result result = new SlotBootstrap(
                        server,
                        new SlotBootstrap.Settings(
                                slot,
                                settings.server().database(),
                                identity,
                                drop,
                                configuration.capture().maxRetained()),
                        new SlotBootstrap.Waiting(
                                () -> around.clock().get().nanos(), Thread::sleep, detail -> waits(session, detail)))
                .run();
        session.ingest().begin(result.ready().epoch(), result.ready().position(), server.snapshot());
        // A first start is no gap: nothing was promised before it.
        result.gap()
                .filter(gap -> gap.recorded().isPresent())
                .ifPresent(gap -> around.listener().accept(new Notice.GapFound(gap.reason())));
        return result.ready().position();
    }

    /** The wait may take hours. The views are refreshed now with what can be had, and once more when it is over. */
    private void waits(DatabaseSession session, String detail) {
        session.loop().post(new Event.Released());
        events.phase(StreamPhase.CONNECTING, detail);
    }
}
