package io.refreshd;

import io.refreshd.capture.CaptureRun;
import io.refreshd.capture.CaptureSettings;
import io.refreshd.capture.Prerequisites;
import io.refreshd.capture.Server;
import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.model.Lsn;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.report.Notice;
import io.refreshd.report.StreamPhase;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.Event;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * One attempt at streaming after the other, each from the ledger and the slot as they are found then. Runs on a thread of its
 * own; {@link Daemon} decides how long to wait between attempts.
 */
final class StreamSupervisor {
    /** The server waits for running transactions when it makes a slot; asked again, so that what it waits for can be told. */
    private static final Duration SLOT_PATIENCE = Duration.ofSeconds(5);

    private static final String QUERY_CANCELED = "57014";

    private final Configuration configuration;
    private final CaptureSettings settings;
    private final Database database;
    private final Consumer<Notice> listener;
    private final Supplier<Moment> clock;
    private final Consumer<Throwable> onFatal;
    private final Progress progress;

    /** Where the attempts show how far they have come. */
    interface Progress {
        void at(StreamPhase phase, String detail);

        /** The state that an attempt built; replaces the one before. */
        void core(Core core);

        void run(CaptureRun run);
    }

    StreamSupervisor(
            Configuration configuration,
            Database database,
            Consumer<Notice> listener,
            Supplier<Moment> clock,
            Consumer<Throwable> onFatal,
            Progress progress) {
        this.configuration = configuration;
        this.database = database;
        this.listener = listener;
        this.clock = clock;
        this.onFatal = onFatal;
        this.progress = progress;
        this.settings = new CaptureSettings(
                Server.of(
                        configuration.database().url(),
                        configuration.database().user(),
                        configuration.database().password().reveal()),
                configuration.capture().slot(),
                configuration.capture().publication(),
                configuration.capture().heartbeatInterval());
    }

    /**
     * Streams until the stream ends.
     *
     * @param present what the attempt before has built, if any; thrown away if the database is another one now
     */
    void attempt(Optional<Core> present) throws Exception {
        CaptureRun run;
        try (Handle handle = database.direct()) {
            progress.at(StreamPhase.CONNECTING, "preparing");
            ServerIdentity server = ServerIdentity.read(handle);
            if (server.inRecovery()) {
                throw new SQLException("the server is in recovery: refreshd needs the primary");
            }
            check(handle);
            migrate(handle);
            Core core = core(handle, server, present);
            core.watch().look(handle);
            begin(handle, server, core);
            run = new CaptureRun(settings, core.pipeline());
        }
        try (run) {
            progress.run(run);
            run.start();
            CompletableFuture<Void> ended = run.ended();
            ended.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private void check(Handle handle) throws SQLException, DaemonStartException {
        List<Obstacle> obstacles = Prerequisites.check(handle.getConnection(), settings);
        if (!obstacles.isEmpty()) {
            throw new DaemonStartException(obstacles);
        }
    }

    private void migrate(Handle handle) throws SQLException, DaemonStartException {
        try {
            List<String> pending = LedgerSchema.pending(handle);
            try {
                LedgerSchema.migrate(handle);
            } catch (org.jdbi.v3.core.JdbiException e) {
                if (e.getCause() instanceof SQLException error && "42501".equals(error.getSQLState())) {
                    throw new DaemonStartException(List.of(new Obstacle(
                            "the role " + configuration.database().user() + " may not create the ledger: "
                                    + error.getMessage(),
                            String.join("\n", pending))));
                }
                throw e;
            }
        } catch (LedgerTooNewException e) {
            throw new DaemonStartException(List.of(new Obstacle(e.getMessage(), "use the newer refreshd")));
        }
    }

    private Core core(Handle handle, ServerIdentity server, Optional<Core> present) {
        Optional<StreamPosition> left = StreamRow.read(handle);
        if (present.isPresent()) {
            boolean same = left.isPresent()
                    && left.get().systemIdentifier() == server.systemIdentifier()
                    && left.get().timeline() == server.timeline()
                    // A database that knows less than we remember was set back.
                    && left.get()
                                    .acknowledged()
                                    .compareTo(present.get().pipeline().recorded())
                            >= 0;
            if (same) {
                return present.get();
            }
            present.get().close();
        }
        Core core = Core.open(configuration, database, handle, listener, clock, onFatal);
        progress.core(core);
        return core;
    }

    /** Finds out whether the stream goes on where it was left, and begins a new stretch of it where it does not. */
    private void begin(Handle handle, ServerIdentity server, Core core) throws SQLException, InterruptedException {
        Optional<StreamPosition> left = StreamRow.read(handle);
        Optional<SlotState> slot = Slot.inspect(handle.getConnection(), settings.slot());
        boolean usable = slot.isPresent()
                && slot.get().obstacle(settings.server().database()).isEmpty();
        Optional<String> gap = Continuity.gap(
                left,
                settings.slot(),
                new Continuity.FoundServer(server.systemIdentifier(), server.timeline()),
                slot.map(found -> new Continuity.FoundSlot(found.confirmed().orElse(Lsn.ZERO), usable)));
        if (gap.isEmpty()) {
            core.pipeline()
                    .begin(StreamRow.stretch(handle), left.orElseThrow().acknowledged(), Pipeline.snapshot(handle));
            return;
        }
        if (slot.isPresent() && !usable) {
            Slot.drop(handle.getConnection(), settings.slot());
        }
        Lsn position = usable ? slot.get().confirmed().orElseThrow() : createSlot(handle);
        // The doubt only now: refreshes run meanwhile, and one that began before the slot did lacks what was committed in
        // between. A crash here hides nothing, since the slot is ahead of the ledger until the stretch begins.
        doubtEverything(core, gap.get());
        long stretch = StreamRow.begin(
                handle, new StreamPosition(settings.slot(), server.systemIdentifier(), server.timeline(), position));
        core.pipeline().begin(stretch, position, Pipeline.snapshot(handle));
        if (left.isPresent()) {
            listener.accept(new Notice.GapFound(gap.get()));
        }
    }

    private void doubtEverything(Core core, String reason) throws InterruptedException {
        var views = core.loop().status().stream().map(status -> status.view()).collect(Collectors.toSet());
        if (views.isEmpty()) {
            return;
        }
        Optional<Action.Mark> mark = core.loop().ask(new Event.InDoubt(views, reason));
        if (mark.isPresent()) {
            var now = clock.get().wall();
            core.pipeline()
                    .makeDurable(mark.get(), mark.get().views().stream().collect(Collectors.toMap(v -> v, v -> now)));
        }
    }

    private Lsn createSlot(Handle handle) throws SQLException {
        while (true) {
            try {
                return Slot.create(handle.getConnection(), settings.slot(), SLOT_PATIENCE);
            } catch (SQLException e) {
                if (!QUERY_CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
                progress.at(StreamPhase.CONNECTING, waitedFor(handle));
            }
        }
    }

    private static String waitedFor(Handle handle) throws SQLException {
        return Slot.blockers(handle.getConnection()).stream()
                .findFirst()
                .map(blocker ->
                        "the server makes the replication slot when running transactions have ended; the oldest is "
                                + blocker.who() + ", open for " + blocker.age().toSeconds() + " s: " + blocker.mend())
                .orElse("the server makes the replication slot when running transactions have ended");
    }
}
