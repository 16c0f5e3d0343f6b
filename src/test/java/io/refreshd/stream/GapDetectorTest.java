package io.refreshd.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.ledger.StreamPosition;
import io.refreshd.model.Lsn;
import io.refreshd.stream.GapDetector.FoundServer;
import io.refreshd.stream.GapDetector.FoundSlot;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GapDetectorTest {
    private static final FoundServer SERVER = new FoundServer(7, 1);
    private static final Lsn LEFT = Lsn.parse("0/200");
    private static final Optional<StreamPosition> LEDGER = Optional.of(new StreamPosition("slot", 7, 1, LEFT));

    @Test
    void goesOnWhereTheLedgerIsNoBehindTheSlot() {
        assertThat(gap("0/200")).isEmpty();
        assertThat(gap("0/1FF"))
                .as("told to the ledger, not to the slot any more")
                .isEmpty();
    }

    @Test
    void aSlotAheadOfTheLedgerIsAnother() {
        assertThat(gap("0/201")).contains("slot-ahead");
    }

    @Test
    void nothingIsKnownAtTheFirstStart() {
        assertThat(GapDetector.gap(Optional.empty(), "slot", SERVER, slot("0/200", true)))
                .contains("first-start");
    }

    @Test
    void anotherServerComesBeforeWhateverItsSlotsSay() {
        assertThat(GapDetector.gap(LEDGER, "slot", new FoundServer(8, 1), slot("0/200", true)))
                .contains("other-system");
        assertThat(GapDetector.gap(LEDGER, "slot", new FoundServer(7, 2), slot("0/200", true)))
                .contains("timeline");
        assertThat(GapDetector.gap(LEDGER, "slot", new FoundServer(7, 2), Optional.empty()))
                .contains("timeline");
    }

    @Test
    void aSlotThatIsNotTheOneOrNotThere() {
        assertThat(GapDetector.gap(LEDGER, "other", SERVER, slot("0/200", true)))
                .contains("slot-renamed");
        assertThat(GapDetector.gap(LEDGER, "slot", SERVER, Optional.empty())).contains("slot-missing");
        assertThat(GapDetector.gap(LEDGER, "slot", SERVER, slot("0/200", false)))
                .contains("slot-lost");
    }

    private static Optional<String> gap(String confirmed) {
        return GapDetector.gap(LEDGER, "slot", SERVER, slot(confirmed, true));
    }

    private static Optional<FoundSlot> slot(String confirmed, boolean usable) {
        return Optional.of(new FoundSlot(Lsn.parse(confirmed), usable));
    }
}
