package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.capture.ChangeSource;
import io.refreshd.report.StreamPhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StartTurnTest implements StreamEvents {
    private final List<String> phases = new ArrayList<>();
    private int held;
    private final StartTurn turn = new StartTurn(
            () -> {
                held++;
                return () -> held--;
            },
            this);

    @Override
    public void phase(StreamPhase phase, String detail) {
        phases.add(phase.word() + ": " + detail);
    }

    @Override
    public void session(Optional<DatabaseSession> session) {
        throw new AssertionError();
    }

    @Override
    public void capture(ChangeSource run) {
        throw new AssertionError();
    }

    @Test
    void thePermitIsHeldOnceAndGivenBackOnce() throws Exception {
        turn.take();
        turn.take();
        assertThat(held).isEqualTo(1);
        turn.giveBack();
        turn.giveBack();
        assertThat(held).isZero();
        turn.take();
        assertThat(held).isEqualTo(1);
        assertThat(phases.getFirst()).isEqualTo("connecting: other databases of this process begin first");
    }

    /** The lease may be another daemon's for days, and a transaction may hold up the slot for hours. */
    @Test
    void whoeverWaitsForSomebodyHoldsUpNoOtherDatabase() throws Exception {
        turn.take();
        turn.phase(StreamPhase.CONNECTING, StreamAttempt.PREPARING);
        assertThat(held).isEqualTo(1);
        turn.phase(StreamPhase.STANDBY, "another refreshd serves this database");
        assertThat(held).isZero();
        turn.take();
        turn.phase(StreamPhase.CONNECTING, "the slot is made; 2 transactions have not ended");
        assertThat(held).isZero();
    }
}
