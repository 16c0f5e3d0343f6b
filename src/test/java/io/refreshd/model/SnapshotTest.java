package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SnapshotTest {
    @Test
    void seesTransactionsThatHaveEnded() {
        Snapshot snapshot = Snapshot.parse("10:20:12,15");
        assertThat(snapshot.sees(new Xid(9))).isTrue();
        assertThat(snapshot.sees(new Xid(12))).isFalse();
        assertThat(snapshot.sees(new Xid(13))).isTrue();
        assertThat(snapshot.sees(new Xid(15))).isFalse();
        assertThat(snapshot.sees(new Xid(20))).isFalse();
    }

    /** The snapshot of a server whose synchronous standby is absent, while it already streams transaction 807. */
    @Test
    void doesNotSeeATransactionThatIsOnlyInTheLog() {
        assertThat(Snapshot.parse("807:807:").sees(new Xid(807))).isFalse();
    }

    @Test
    void readsBackItsOwnText() {
        Snapshot snapshot = Snapshot.parse("10:20:15,12");
        assertThat(Snapshot.parse(snapshot.toString())).isEqualTo(snapshot);
        assertThat(snapshot).hasToString("10:20:12,15");
    }

    @Test
    void refusesTextThatIsNoSnapshot() {
        assertThatThrownBy(() -> Snapshot.parse("10:20")).hasMessageContaining("10:20");
        assertThatThrownBy(() -> Snapshot.parse("20:10:")).hasMessageContaining("xmin 20 after xmax 10");
    }
}
