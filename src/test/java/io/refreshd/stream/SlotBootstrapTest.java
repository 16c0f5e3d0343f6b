package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.capture.SlotState;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each step of the bootstrap, and the order of all of them, on a server made of fields. */
class SlotBootstrapTest {
    private static final ServerIdentity IDENTITY = new ServerIdentity(7, 1, false);
    private static final StreamPosition RECORDED = new StreamPosition("refreshd", 7, 1, new Lsn(100));
    private static final Gap GAP = new Gap("slot-missing", Optional.of(RECORDED));

    private final Server server = new Server();
    private final List<String> told = new ArrayList<>();
    private long nanos;

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @Test
    void aSlotThatContinuesIsResumed() throws Exception {
        server.recorded = Optional.of(RECORDED);
        server.slot("refreshd", 100);
        assertThat(bootstrap().next(new Inspecting())).isEqualTo(new Resuming(RECORDED));
        assertThat(bootstrap().next(new Resuming(RECORDED))).isEqualTo(new Ready(1, new Lsn(100)));
        assertThat(bootstrap().run().gap()).isEmpty();
        assertThat(server.calls).as("nothing is written").isEmpty();
    }

    @Test
    void aSlotAheadOfTheLedgerIsKeptAndIsAGap() throws Exception {
        server.recorded = Optional.of(RECORDED);
        server.slot("refreshd", 200);
        assertThat(bootstrap().next(new Inspecting()))
                .isEqualTo(new Invalidating(
                        new Gap("slot-ahead", Optional.of(RECORDED)), Optional.of(new Lsn(200)), false));
    }

    @Test
    void aSlotThatIsToBeDroppedIsNotUsed() throws Exception {
        server.recorded = Optional.of(RECORDED);
        server.slot("refreshd", 100);
        assertThat(bootstrap("slot-dropped").next(new Inspecting()))
                .isEqualTo(new Invalidating(new Gap("slot-dropped", Optional.of(RECORDED)), Optional.empty(), true));
    }

    @Test
    void aSlotThatIsBeingMadeByAnotherIsAwaitedByTheNextAttempt() {
        server.slots.put("refreshd", state("refreshd", Optional.empty(), OptionalInt.of(1)));
        assertThatThrownBy(() -> bootstrap().next(new Inspecting())).hasMessageContaining("being made");
        assertThat(server.calls).isEmpty();
    }

    /** A crash between the two must find the views dirty: the slot that told of the gap is gone then. */
    @Test
    void viewsAreInvalidatedBeforeTheSlotIsDropped() throws Exception {
        server.slot("refreshd", 100);
        BootstrapState next = bootstrap().next(new Invalidating(GAP, Optional.empty(), true));
        assertThat(next).isEqualTo(new Creating(GAP));
        assertThat(server.calls).containsExactly("invalidate slot-missing", "drop refreshd");
    }

    @Test
    void aUsableSlotIsNeitherDroppedNorCreated() throws Exception {
        server.slot("refreshd", 200);
        server.unended.add(Set.of(5L));
        BootstrapState next = bootstrap().next(new Invalidating(GAP, Optional.of(new Lsn(200)), false));
        assertThat(next).isEqualTo(new AwaitingUnseen(GAP, new Lsn(200), Set.of(5L), 0, 1));
        assertThat(server.calls).containsExactly("invalidate slot-missing");
    }

    @Test
    void whatTheCreationWaitsForIsToldAndTheCreationTriedAgain() throws Exception {
        server.created.add(Optional.empty());
        server.created.add(Optional.of(new Lsn(300)));
        Creating creating = new Creating(GAP);
        assertThat(bootstrap().next(creating)).isEqualTo(creating);
        assertThat(told).containsExactly("the oldest is 42");
        assertThat(bootstrap().next(creating)).isEqualTo(new AwaitingUnseen(GAP, new Lsn(300), Set.of(), 0, 1));
    }

    @Test
    void anInterruptEndsTheCreation() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> bootstrap().next(new Creating(GAP))).isInstanceOf(InterruptedException.class);
        assertThat(server.calls).isEmpty();
    }

    /** What begins after the slot does comes by the stream, so only the first answer counts. */
    @Test
    void onlyTransactionsOfTheTimeOfTheSlotAreAwaited() throws Exception {
        server.slot("refreshd", 300);
        server.unended.add(Set.of(6L, 8L));
        server.unended.add(Set.of(8L));
        BootstrapState first = bootstrap().next(new AwaitingUnseen(GAP, new Lsn(300), Set.of(5L, 6L), 0, 1));
        assertThat(first).isEqualTo(new AwaitingUnseen(GAP, new Lsn(300), Set.of(6L), 0, 2));
        BootstrapState second = bootstrap().next(first);
        assertThat(second).isEqualTo(new AwaitingUnseen(GAP, new Lsn(300), Set.of(), 0, 3));
        assertThat(bootstrap().next(second)).isEqualTo(new Recording(GAP, new Lsn(300)));
        assertThat(told).isEmpty();
    }

    @Test
    void aLongWaitIsToldAndItsPauseIsBounded() throws Exception {
        server.slot("refreshd", 300);
        server.unended.add(Set.of(5L));
        nanos = Duration.ofSeconds(6).toNanos();
        BootstrapState next = bootstrap().next(new AwaitingUnseen(GAP, new Lsn(300), Set.of(5L), 0, 1_000));
        assertThat(next).isEqualTo(new AwaitingUnseen(GAP, new Lsn(300), Set.of(5L), 0, 1_001));
        assertThat(nanos)
                .as("pauses are bounded")
                .isEqualTo(Duration.ofSeconds(7).toNanos());
        assertThat(told).singleElement().asString().contains("1 transactions").contains("standby");
    }

    @Test
    void theSlotIsDroppedRatherThanTheDiskFilledWhileTransactionsAreAwaited() {
        server.slots.put("refreshd", state("refreshd", Optional.of(new Lsn(300)), OptionalInt.empty(), 2_000));
        server.unended.add(Set.of(5L));
        assertThatThrownBy(() -> bootstrap().next(new AwaitingUnseen(GAP, new Lsn(300), Set.of(5L), 0, 1)))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("too much log");
        assertThat(server.calls).containsExactly("drop refreshd");
    }

    /** Refreshes that began before the slot did lack what was committed in between. */
    @Test
    void viewsAreInvalidatedOnceMoreBeforeTheEpochBegins() throws Exception {
        server.slot("refreshd", 300);
        assertThat(bootstrap().next(new Recording(GAP, new Lsn(300)))).isEqualTo(new Ready(2, new Lsn(300)));
        assertThat(server.calls).containsExactly("invalidate slot-missing", "begin refreshd 0/12C");
    }

    @Test
    void theSlotOfAFormerNameIsDroppedUnlessSomebodyReadsFromIt() throws Exception {
        Gap renamed = new Gap("slot-renamed", Optional.of(new StreamPosition("former", 7, 1, new Lsn(100))));
        server.slot("former", 100);
        bootstrap().next(new Recording(renamed, new Lsn(300)));
        assertThat(server.calls).containsExactly("invalidate slot-renamed", "drop former", "begin refreshd 0/12C");
        server.calls.clear();
        server.slots.put("former", state("former", Optional.of(new Lsn(100)), OptionalInt.of(9)));
        bootstrap().next(new Recording(renamed, new Lsn(300)));
        assertThat(server.calls).doesNotContain("drop former");
    }

    @Test
    void aFirstStartRunsThroughAllStates() throws Exception {
        server.created.add(Optional.of(new Lsn(300)));
        SlotBootstrap.Result result = bootstrap().run();
        assertThat(result.ready()).isEqualTo(new Ready(2, new Lsn(300)));
        assertThat(result.gap()).contains(new Gap("first-start", Optional.empty()));
        assertThat(server.calls)
                .containsExactly("invalidate first-start", "create", "invalidate first-start", "begin refreshd 0/12C");
    }

    private SlotBootstrap bootstrap(String... drop) {
        return new SlotBootstrap(
                server,
                new SlotBootstrap.Settings(
                        "refreshd", "app", IDENTITY, Arrays.stream(drop).findFirst(), OptionalLong.of(1_000)),
                new SlotBootstrap.Waiting(() -> nanos, time -> nanos += time.toNanos(), told::add));
    }

    private static SlotState state(String name, Optional<Lsn> confirmed, OptionalInt pid) {
        return state(name, confirmed, pid, 0);
    }

    private static SlotState state(String name, Optional<Lsn> confirmed, OptionalInt pid, long retained) {
        return new SlotState(
                name,
                "pgoutput",
                Optional.of("app"),
                pid,
                confirmed,
                confirmed,
                Optional.of("reserved"),
                OptionalLong.empty(),
                retained,
                false,
                Optional.empty());
    }

    /** Writes down what is done to it. Its last answer of a kind is given again and again. */
    private static final class Server implements BootstrapServer {
        final List<String> calls = new ArrayList<>();
        final Map<String, SlotState> slots = new HashMap<>();
        final Deque<Optional<Lsn>> created = new ArrayDeque<>();
        final Deque<Set<Long>> unended = new ArrayDeque<>();
        Optional<StreamPosition> recorded = Optional.empty();
        private long epoch = 1;

        void slot(String name, long confirmed) {
            slots.put(name, state(name, Optional.of(new Lsn(confirmed)), OptionalInt.empty()));
        }

        @Override
        public Optional<StreamPosition> recorded() {
            return recorded;
        }

        @Override
        public Optional<SlotState> slot(String name) {
            return Optional.ofNullable(slots.get(name));
        }

        @Override
        public Optional<Lsn> createSlot() {
            calls.add("create");
            return created.isEmpty() ? Optional.empty() : created.removeFirst();
        }

        @Override
        public void dropSlot(String name) {
            calls.add("drop " + name);
            slots.remove(name);
        }

        @Override
        public String blockers() {
            return "the oldest is 42";
        }

        @Override
        public Set<Long> unended() {
            return unended.isEmpty() ? Set.of() : unended.removeFirst();
        }

        @Override
        public void invalidate(String reason) {
            calls.add("invalidate " + reason);
        }

        @Override
        public void beginEpoch(StreamPosition position) {
            calls.add("begin " + position.slot() + " " + position.acknowledged());
            epoch++;
        }

        @Override
        public long epoch() {
            return epoch;
        }

        @Override
        public Snapshot snapshot() {
            return Snapshot.parse("1:1:");
        }
    }
}
