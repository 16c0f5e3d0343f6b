package io.refreshd.stream;

import io.refreshd.capture.SlotState;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Backoff;
import io.refreshd.model.Lsn;
import io.refreshd.stream.BootstrapState.AwaitingUnseen;
import io.refreshd.stream.BootstrapState.Creating;
import io.refreshd.stream.BootstrapState.Gap;
import io.refreshd.stream.BootstrapState.Inspecting;
import io.refreshd.stream.BootstrapState.Invalidating;
import io.refreshd.stream.BootstrapState.Ready;
import io.refreshd.stream.BootstrapState.Recording;
import io.refreshd.stream.BootstrapState.Resuming;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings ledger and slot to where capture can begin: a state machine, one step for each state.
 *
 * <p>Invariant: in a gap the views are marked dirty durably before the slot is created or dropped. The other way round, a crash in
 * between would hide the gap.
 *
 * <p>Invariant: the views are marked a second time after the slot is there and everything before it is visible. A refresh that began
 * before the slot did lacks what was committed in between. A crash before that hides nothing: the slot is ahead of the ledger until
 * the epoch is recorded, which is a gap.
 *
 * <p>Thread: the supervisor's.
 */
final class SlotBootstrap {
    private static final Logger log = LoggerFactory.getLogger(SlotBootstrap.class);

    /** After this wait the bootstrap reports what it waits for, and views may be refreshed meanwhile. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Most transactions end at once; others take hours. */
    private static final Backoff PAUSES = new Backoff(Duration.ofMillis(20), Duration.ofSeconds(1));

    private final BootstrapServer server;
    private final Settings settings;
    private final Waiting waiting;

    /**
     * What the bootstrap is to bring about.
     *
     * @param slot name of the slot
     * @param database that the slot belongs to
     * @param drop why the slot that is there is to be dropped; empty if it may be used
     * @param maxRetained bytes of log that the server may keep for the slot; empty: no bound
     */
    record Settings(
            String slot, String database, ServerIdentity identity, Optional<String> drop, OptionalLong maxRetained) {}

    /** How the bootstrap waits. @param reports hears what is waited for, whenever it takes longer than {@link #PATIENCE} */
    record Waiting(LongSupplier nanos, Pauser pauser, Consumer<String> reports) {}

    /** Sleeps. */
    interface Pauser {
        void pause(Duration time) throws InterruptedException;
    }

    SlotBootstrap(BootstrapServer server, Settings settings, Waiting waiting) {
        this.server = server;
        this.settings = settings;
        this.waiting = waiting;
    }

    /** Runs all steps. @return the last state, and the gap that was closed, if any */
    Result run() throws SQLException, InterruptedException {
        Optional<Gap> gap = Optional.empty();
        BootstrapState state = new Inspecting();
        while (!(state instanceof Ready ready)) {
            if (state instanceof Invalidating invalidating) {
                gap = Optional.of(invalidating.gap());
            }
            state = next(state);
        }
        return new Result(ready, gap);
    }

    record Result(Ready ready, Optional<Gap> gap) {}

    /** One step. */
    BootstrapState next(BootstrapState state) throws SQLException, InterruptedException {
        return switch (state) {
            case Inspecting s -> inspect();
            case Resuming s -> new Ready(server.epoch(), s.recorded().acknowledged());
            case Invalidating s -> invalidate(s);
            case Creating s -> create(s);
            case AwaitingUnseen s -> await(s);
            case Recording s -> record(s);
            case Ready s -> s;
        };
    }

    private BootstrapState inspect() throws SQLException {
        Optional<StreamPosition> recorded = server.recorded();
        Optional<SlotState> slot = server.slot(settings.slot());
        if (slot.isPresent() && slot.get().isBeingMade()) {
            // Where the slot will begin decides whether there is a gap, and nobody knows that yet.
            throw new SQLException("replication slot " + settings.slot() + " is being made by somebody else");
        }
        boolean usable = slot.isPresent()
                && settings.drop().isEmpty()
                && slot.get().obstacle(settings.database()).isEmpty();
        Optional<String> found = GapDetector.gap(
                recorded,
                settings.slot(),
                new GapDetector.FoundServer(
                        settings.identity().systemIdentifier(),
                        settings.identity().timeline()),
                slot.map(state -> new GapDetector.FoundSlot(state.confirmed().orElse(Lsn.ZERO), usable)));
        Optional<String> reason = settings.drop().or(() -> found);
        if (reason.isEmpty()) {
            return new Resuming(recorded.orElseThrow());
        }
        return new Invalidating(
                new Gap(reason.get(), recorded),
                usable ? slot.get().confirmed() : Optional.empty(),
                slot.isPresent() && !usable);
    }

    private BootstrapState invalidate(Invalidating state) throws SQLException, InterruptedException {
        server.invalidate(state.gap().reason());
        if (state.drop()) {
            server.dropSlot(settings.slot());
        }
        return state.usable().isPresent() ? awaiting(state.gap(), state.usable().get()) : new Creating(state.gap());
    }

    private BootstrapState create(Creating state) throws SQLException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        Optional<Lsn> position = server.createSlot();
        if (position.isEmpty()) {
            waiting.reports().accept(server.blockers());
            return state;
        }
        return awaiting(state.gap(), position.get());
    }

    private BootstrapState awaiting(Gap gap, Lsn position) throws SQLException {
        return new AwaitingUnseen(
                gap, position, server.unended(), waiting.nanos().getAsLong(), 1);
    }

    /**
     * Awaits what committed in front of the slot and is not visible yet: no stream will bring it, and a refresh that begins now lacks
     * it. While a synchronous standby is away it stays so for hours. Such a transaction looks like one that still runs, so
     * all of them are awaited.
     */
    private BootstrapState await(AwaitingUnseen state) throws SQLException, InterruptedException {
        if (state.unseen().isEmpty()) {
            return new Recording(state.gap(), state.position());
        }
        waiting.pauser().pause(PAUSES.ceiling(state.attempt()));
        Set<Long> unseen = new HashSet<>(state.unseen());
        unseen.retainAll(server.unended());
        if (waiting.nanos().getAsLong() - state.since() > PATIENCE.toNanos()) {
            waiting.reports()
                    .accept("the slot is made; " + unseen.size() + " transactions that ran then are not seen to have"
                            + " ended (is a synchronous standby away?)");
        }
        dropIfTooLarge();
        return new AwaitingUnseen(state.gap(), state.position(), unseen, state.since(), state.attempt() + 1);
    }

    /** Nobody reads from the slot while its end is awaited, and it must not fill the disk either. */
    private void dropIfTooLarge() throws SQLException {
        long retained =
                server.slot(settings.slot()).map(SlotState::retainedBytes).orElse(0L);
        OptionalLong limit = settings.maxRetained();
        if (limit.isPresent() && retained > limit.getAsLong()) {
            server.dropSlot(settings.slot());
            throw new SQLException("the server kept too much log for the slot while transactions that ran when it was"
                    + " made had not ended: it was given up and is made again");
        }
    }

    private BootstrapState record(Recording state) throws SQLException, InterruptedException {
        server.invalidate(state.gap().reason());
        Optional<StreamPosition> before = state.gap().recorded();
        if (before.isPresent()) {
            dropFormerSlot(before.get().slot());
        }
        server.beginEpoch(new StreamPosition(
                settings.slot(),
                settings.identity().systemIdentifier(),
                settings.identity().timeline(),
                state.position()));
        return new Ready(server.epoch(), state.position());
    }

    /** After the slot was renamed in the configuration nobody reads from the former one, and it would fill the disk. */
    private void dropFormerSlot(String former) throws SQLException {
        Optional<SlotState> slot = former.equals(settings.slot()) ? Optional.empty() : server.slot(former);
        if (slot.isPresent()
                && slot.get().activePid().isEmpty()
                && slot.get().database().equals(Optional.of(settings.database()))) {
            log.atInfo().addKeyValue("slot", former).log("The slot has another name now; the one before is dropped");
            server.dropSlot(former);
        }
    }
}
