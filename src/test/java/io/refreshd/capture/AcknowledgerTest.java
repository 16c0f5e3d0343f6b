package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import io.refreshd.model.Snapshot;
import io.refreshd.model.Xid;
import io.refreshd.model.Xids;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class AcknowledgerTest {
    private final Acknowledger<Lsn> acknowledger = new Acknowledger<>();

    private static Xids xids(long... values) {
        return Xids.of(LongStream.of(values));
    }

    @Test
    void acknowledgesWhatIsVisibleAtOnce() {
        assertThat(acknowledger.offer(new Lsn(10), xids(5), Snapshot.parse("6:6:")))
                .contains(new Lsn(10));
        assertThat(acknowledger.waitingFor()).isEmpty();
    }

    @Test
    void holdsWhatIsNotVisibleAndEverythingBehindIt() {
        assertThat(acknowledger.offer(new Lsn(10), xids(5, 7), Snapshot.parse("7:8:7")))
                .isEmpty();
        assertThat(acknowledger.offer(new Lsn(20), xids(), Snapshot.parse("7:8:7")))
                .isEmpty();
        assertThat(acknowledger.offer(new Lsn(30), xids(8), Snapshot.parse("7:8:7")))
                .isEmpty();
        assertThat(acknowledger.waitingFor()).contains(new Xid(7));
        assertThat(acknowledger.advance(Snapshot.parse("8:9:8")))
                .as("7 is visible now, 8 is not")
                .contains(new Lsn(20));
        assertThat(acknowledger.waitingFor()).contains(new Xid(8));
        assertThat(acknowledger.advance(Snapshot.parse("9:9:"))).contains(new Lsn(30));
        assertThat(acknowledger.advance(Snapshot.parse("9:9:"))).isEmpty();
    }

    @Test
    void boundsItsRoomDuringALongOutageAndLosesNothing() {
        for (int i = 1; i <= 100_000; i++) {
            assertThat(acknowledger.offer(new Lsn(i), i % 50_000 == 1 ? xids(i) : xids(), Snapshot.parse("1:1:")))
                    .isEmpty();
        }
        assertThat(acknowledger.advance(Snapshot.parse("50001:60000:50001")))
                .as("the second one hides in what was merged")
                .hasValueSatisfying(reached -> assertThat(reached).isLessThan(new Lsn(50_001)));
        assertThat(acknowledger.waitingFor()).contains(new Xid(50_001));
        assertThat(acknowledger.advance(Snapshot.parse("60000:60000:"))).contains(new Lsn(100_000));
    }
}
