package io.refreshd.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HandoverTest {
    private final Handover handover = new Handover();

    private static TransactionBundle bundle(long xid) {
        return new TransactionBundle(List.of(), Optional.of(xid), Optional.empty());
    }

    @Test
    void givesEachBundleOnceInOrder() {
        TransactionBundle first = bundle(1);
        TransactionBundle second = bundle(2);
        long one = handover.put(first);
        long two = handover.put(second);
        assertThat(handover.take(one)).isSameAs(first);
        assertThat(handover.take(two)).isSameAs(second);
        assertThatThrownBy(() -> handover.take(two)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void noticesThatAMessageWasLost() {
        handover.put(bundle(1));
        long two = handover.put(bundle(2));
        assertThatThrownBy(() -> handover.take(two)).hasMessage("Debezium delivered bundle 2 instead of 1");
    }
}
