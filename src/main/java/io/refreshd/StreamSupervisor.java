package io.refreshd;

import io.refreshd.capture.CaptureRun;
import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.Configuration;
import io.refreshd.doctor.StartupRequirements;
import io.refreshd.ledger.Lease;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt at streaming after the other, each from the ledger and the slot as they are found then. Runs on a thread of its
 * own; {@link Daemon} decides how long to wait between attempts.
 */
final class StreamSupervisor {
    private static final Logger log = LoggerFactory.getLogger(StreamSupervisor.class);

    /** The server waits for running transactions when it makes a slot; asked again, so that what it waits for can be told. */
    private static final Duration SLOT_PATIENCE = Duration.ofSeconds(5);

    /** A daemon that stands by looks this often whether its place has come free. */
    private static final Duration STANDBY_PAUSE = Duration.ofSeconds(1);

    /** On its way, and waiting for nobody. */
    static final String PREPARING = "preparing";

    /** For what ends at once, as most transactions do; and for what takes hours. */
    private static final long SHORTEST_UNSEEN_PAUSE = 20;

    private static final long LONGEST_UNSEEN_PAUSE = 1_000;

    private static final String QUERY_CANCELED = "57014";

    private final Configuration configuration;
    private final CaptureSettings settings;
    private final Database database;
    private final Core.Surroundings around;
    private final Progress progress;
    private final DeadEnd deadEnd;
    /** Why the slot that is there is to be given up, or was by housekeeping. */
    private final AtomicReference<@Nullable String> surrender = new AtomicReference<>();

    /** While it makes the slot. */
    private volatile @Nullable Connection creating;

    /** Where the attempts show how far they have come. */
    interface Progress {
        void at(StreamPhase phase, String detail);

        /** The state that an attempt built; empty: the one before is no longer good. */
        void core(Optional<Core> core);

        void run(CaptureRun run);
    }

    StreamSupervisor(Configuration configuration, Database database, Core.Surroundings around, Progress progress) {
        this.configuration = configuration;
        this.database = database;
        this.around = around;
        this.progress = progress;
        this.settings = StartupRequirements.settings(configuration);
        this.deadEnd = new DeadEnd(settings.publication());
    }

    /**
     * Streams until the stream ends.
     *
     * @param present what the attempt before has built, if any; thrown away if the database is another one now
     */
    void attempt(Optional<Core> present) throws Exception {
        CaptureRun run;
        Core core;
        try (Handle handle = database.direct()) {
            progress.at(StreamPhase.CONNECTING, PREPARING);
            ServerIdentity server = ServerIdentity.read(handle);
            if (server.inRecovery()) {
                throw new SQLException("the server is in recovery: refreshd needs the primary");
            }
            check(handle);
            migrate(handle);
            core = core(handle, server, present);
            // A refresh that starts before the slot is made would have to be done again after it.
            core.loop().post(new Event.Held());
            try {
                // First the publication, then the slot: before 18 the server fails on changes older than the
                // publication.
                core.watch().look(handle);
                String surrendered = surrender.get();
                begin(handle, server, core, Optional.ofNullable(surrendered));
                // Not what was asked for meanwhile.
                surrender.compareAndSet(surrendered, null);
            } finally {
                core.loop().post(new Event.Released());
            }
            run = new CaptureRun(settings, core.pipeline());
        }
        try (run) {
            progress.run(run);
            run.start();
            CompletableFuture<Void> ended = run.ended();
            ended.get();
        } catch (ExecutionException e) {
            deadEnd.failed(e.getCause(), core.frontier().recorded()).ifPresent(surrender::set);
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private void check(Handle handle) throws SQLException, PrerequisitesMissingException {
        List<Obstacle> obstacles = StartupRequirements.obstacles(handle, configuration);
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }

    private void migrate(Handle handle) throws SQLException, PrerequisitesMissingException {
        try {
            LedgerSchema.migrate(handle);
        } catch (LedgerTooNewException e) {
            throw new PrerequisitesMissingException(
                    List.of(new Obstacle(String.valueOf(e.getMessage()), "use the newer refreshd")));
        }
    }

    private Core core(Handle handle, ServerIdentity server, Optional<Core> present)
            throws SQLException, InterruptedException {
        Optional<StreamPosition> left = StreamRow.read(handle);
        if (present.isPresent()) {
            boolean same = present.get().lease().isHeld()
                    && left.isPresent()
                    && left.get().systemIdentifier() == server.systemIdentifier()
                    && left.get().timeline() == server.timeline()
                    // A database that knows less than we remember was set back.
                    && left.get()
                                    .acknowledged()
                                    .compareTo(present.get().frontier().recorded())
                            >= 0;
            if (same) {
                return present.get();
            }
            progress.core(Optional.empty());
            present.get().close();
        }
        Lease lease = lease(handle);
        try {
            Core core = Core.open(configuration, database, handle, lease, around);
            progress.core(Optional.of(core));
            return core;
        } catch (RuntimeException e) {
            // Nobody else would close it, and this daemon would stand by for itself.
            lease.close();
            throw e;
        }
    }

    /** Blocks while another daemon serves this database. */
    private Lease lease(Handle handle) throws SQLException, InterruptedException {
        String holder = ProcessHandle.current().pid() + "@" + hostName();
        Optional<Lease> lease = Lease.tryTake(database.direct(), holder);
        while (lease.isEmpty()) {
            progress.at(StreamPhase.STANDBY, "another refreshd serves this database: " + Lease.holder(handle));
            TimeUnit.NANOSECONDS.sleep(STANDBY_PAUSE.toNanos());
            lease = Lease.tryTake(database.direct(), holder);
        }
        progress.at(StreamPhase.CONNECTING, PREPARING);
        return lease.get();
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown host";
        }
    }

    /** The next attempt gives up the slot, if it is still there, and the log it keeps, and begins with a new one. */
    void surrender() {
        surrender.set("slot-surrendered");
    }

    /** Finds out whether the stream goes on where it was left, and begins a new stretch of it where it does not. */
    private void begin(Handle handle, ServerIdentity server, Core core, Optional<String> surrendered)
            throws SQLException, InterruptedException {
        Optional<StreamPosition> left = StreamRow.read(handle);
        Optional<SlotState> slot = Slot.inspect(handle.getConnection(), settings.slot());
        if (slot.isPresent() && slot.get().isBeingMade()) {
            // Where it will begin tells whether there is a gap, and nobody knows that yet.
            throw new SQLException("replication slot " + settings.slot() + " is being made by somebody else");
        }
        boolean usable = slot.isPresent()
                && surrendered.isEmpty()
                && slot.get().obstacle(settings.server().database()).isEmpty();
        Optional<String> found = Continuity.gap(
                left,
                settings.slot(),
                new Continuity.FoundServer(server.systemIdentifier(), server.timeline()),
                slot.map(state -> new Continuity.FoundSlot(state.confirmed().orElse(Lsn.ZERO), usable)));
        Optional<String> gap = surrendered.or(() -> found);
        if (gap.isEmpty()) {
            core.pipeline()
                    .begin(StreamRow.epoch(handle), left.orElseThrow().acknowledged(), Pipeline.snapshot(handle));
            return;
        }
        // First the doubt, durably, then the slot: the other way round a crash in between would hide the gap.
        doubtEverything(core, gap.get());
        if (slot.isPresent() && !usable) {
            Slot.drop(handle.getConnection(), settings.slot());
        }
        Lsn position = usable ? slot.get().confirmed().orElseThrow() : createSlot(handle, core);
        awaitEndOfUnseen(handle, core);
        // The doubt again: refreshes may have run meanwhile, and one that began before the slot did lacks what was
        // committed in between. A crash here hides nothing, since the slot is ahead of the ledger until the stretch
        // begins.
        doubtEverything(core, gap.get());
        if (left.isPresent()) {
            dropFormerSlot(handle, left.get().slot());
        }
        StreamPosition from =
                new StreamPosition(settings.slot(), server.systemIdentifier(), server.timeline(), position);
        Lease.write(handle, core.lease().token(), transaction -> StreamRow.begin(transaction, from));
        core.pipeline().begin(StreamRow.epoch(handle), position, Pipeline.snapshot(handle));
        if (left.isPresent()) {
            around.listener().accept(new Notice.GapFound(gap.get()));
        }
    }

    /** Under another name from now on: nobody reads from the one before any more, and it would fill the disk. */
    private void dropFormerSlot(Handle handle, String former) throws SQLException {
        Optional<SlotState> slot =
                former.equals(settings.slot()) ? Optional.empty() : Slot.inspect(handle.getConnection(), former);
        if (slot.isPresent()
                && slot.get().activePid().isEmpty()
                && slot.get().database().equals(Optional.of(settings.server().database()))) {
            log.atInfo().addKeyValue("slot", former).log("The slot has another name now; the one before is dropped");
            Slot.drop(handle.getConnection(), former);
        }
    }

    private void doubtEverything(Core core, String reason) throws InterruptedException {
        Optional<Action.Mark> mark = core.loop().ask(new Event.Invalidated(reason));
        if (mark.isPresent()) {
            var now = around.clock().get().wall();
            core.pipeline()
                    .makeDurable(mark.get(), mark.get().views().stream().collect(Collectors.toMap(v -> v, v -> now)));
        }
    }

    /** The driver does not heed an interrupt while it waits for the server; and it waits for others' transactions here. */
    void cancel() {
        Connection waiting = creating;
        if (waiting != null) {
            try {
                waiting.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException e) {
                log.atDebug().setCause(e).log("The making of the slot could not be cancelled");
            }
        }
    }

    private Lsn createSlot(Handle handle, Core core) throws SQLException, InterruptedException {
        creating = handle.getConnection();
        try {
            return createdSlot(handle, core);
        } finally {
            creating = null;
        }
    }

    private Lsn createdSlot(Handle handle, Core core) throws SQLException, InterruptedException {
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            try {
                return Slot.create(handle.getConnection(), settings.slot(), SLOT_PATIENCE);
            } catch (SQLException e) {
                if (!QUERY_CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
                waits(core, waitedFor(handle));
            }
        }
    }

    /**
     * What committed in front of the slot and is not visible yet will come by no stream, and a refresh that begins now lacks it;
     * with a synchronous standby away it stays so for hours. Nobody can tell it from what still runs, so all of it is awaited.
     */
    private void awaitEndOfUnseen(Handle handle, Core core) throws SQLException, InterruptedException {
        Set<Long> unseen = Slot.unended(handle.getConnection());
        long pause = SHORTEST_UNSEEN_PAUSE;
        for (long since = System.nanoTime(); !unseen.isEmpty(); ) {
            TimeUnit.MILLISECONDS.sleep(pause);
            pause = Math.min(2 * pause, LONGEST_UNSEEN_PAUSE);
            unseen.retainAll(Slot.unended(handle.getConnection()));
            if (System.nanoTime() - since > SLOT_PATIENCE.toNanos()) {
                waits(
                        core,
                        "the slot is made; " + unseen.size() + " transactions that ran then are not seen to have ended"
                                + " (is a synchronous standby away?)");
            }
            giveUpTooLong(handle);
        }
    }

    /** Nobody reads from the slot while this waits, and it must not fill the disk either. */
    private void giveUpTooLong(Handle handle) throws SQLException {
        OptionalLong limit = configuration.capture().maxRetained();
        long retained = Slot.inspect(handle.getConnection(), settings.slot())
                .map(SlotState::retainedBytes)
                .orElse(0L);
        if (limit.isPresent() && retained > limit.getAsLong()) {
            Slot.drop(handle.getConnection(), settings.slot());
            throw new SQLException(
                    "the server kept too much log for the slot while transactions that ran when it was made"
                            + " had not ended: it was given up and is made again");
        }
    }

    /** It may take hours: the views get at once what can be had, and the rest when the wait is over. */
    private void waits(Core core, String detail) {
        core.loop().post(new Event.Released());
        progress.at(StreamPhase.CONNECTING, detail);
    }

    private static String waitedFor(Handle handle) throws SQLException {
        return Slot.blockers(handle.getConnection()).stream()
                .findFirst()
                .map(blocker ->
                        "the server makes the replication slot when running transactions have ended; the oldest is "
                                + blocker.who()
                                // The age of another role's transaction is told to members of pg_read_all_stats only.
                                + (blocker.age().isZero()
                                        ? ""
                                        : ", open for " + blocker.age().toSeconds() + " s")
                                + ": " + blocker.remedy())
                .orElse("the server makes the replication slot when running transactions have ended");
    }
}
