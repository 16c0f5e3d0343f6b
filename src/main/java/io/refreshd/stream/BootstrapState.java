package io.refreshd.stream;

import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import java.util.Optional;
import java.util.Set;

/** A state of {@link SlotBootstrap}. Each state holds what its step needs, and nothing else. */
sealed interface BootstrapState {

    /** A gap in the stream. @param recorded the position that the ledger held; empty at a first start */
    record Gap(String reason, Optional<StreamPosition> recorded) {}

    /** Ledger and slot are to be compared. */
    record Inspecting() implements BootstrapState {}

    /** The slot continues where the ledger left off. */
    record Resuming(StreamPosition recorded) implements BootstrapState {}

    /**
     * There is a gap, and every view is to be invalidated.
     *
     * @param usable the position of the slot that is there, if it can be used
     * @param drop whether an unusable slot is there, which has to be dropped
     */
    record Invalidating(Gap gap, Optional<Lsn> usable, boolean drop) implements BootstrapState {}

    /** The slot is to be created, which waits for running transactions. */
    record Creating(Gap gap) implements BootstrapState {}

    /**
     * The slot is there. Transactions that had not ended then are awaited.
     *
     * @param unseen ids of the transactions whose end is not seen yet
     * @param since nanoseconds of the monotonic clock
     * @param attempt number of the next look at these transactions, from 1
     */
    record AwaitingUnseen(Gap gap, Lsn position, Set<Long> unseen, long since, int attempt) implements BootstrapState {}

    /** All that lies before the slot is visible. The new epoch is to be recorded. */
    record Recording(Gap gap, Lsn position) implements BootstrapState {}

    /** Ingest may begin. */
    record Ready(long epoch, Lsn position) implements BootstrapState {}
}
