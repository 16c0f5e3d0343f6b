package io.refreshd.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class XidsTest {
    private static Xids xids(long... values) {
        return Xids.of(LongStream.of(values));
    }

    @Test
    void holdsEachIdOnceInOrder() {
        assertThat(xids(9, 7, 9).stream()).containsExactly(new Xid(7), new Xid(9));
        assertThat(xids(9, 7, 9))
                .isEqualTo(xids(7, 9))
                .hasSameHashCodeAs(xids(7, 9))
                .isNotEqualTo(xids(7));
        assertThat(xids()).isEqualTo(Xids.NONE);
        assertThat(Xids.union(List.of(xids(5, 9), xids(), xids(7, 9)))).isEqualTo(xids(5, 7, 9));
        assertThat(Xids.union(List.of())).isEqualTo(Xids.NONE);
        assertThat(xids(5, 9).contains(new Xid(9))).isTrue();
        assertThat(xids(5, 9).contains(new Xid(7))).isFalse();
    }

    /** Compares the answers for a whole set with those for its single ids. */
    @Test
    void agreesWithTheSnapshotOnEachId() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            long xmin = 10 + random.nextInt(10);
            long xmax = xmin + random.nextInt(6);
            long running = xmin + random.nextInt(6);
            Snapshot snapshot = Snapshot.parse(xmin + ":" + xmax + ":" + (running < xmax ? running : ""));
            Xids some = Xids.of(random.longs(random.nextInt(4), 5, 30));
            List<Xid> unseen = some.stream().filter(xid -> !snapshot.sees(xid)).toList();
            assertThat(some.unseenBy(snapshot).stream())
                    .as("%s in %s", some, snapshot)
                    .containsExactlyElementsOf(unseen);
            assertThat(some.areSeenBy(snapshot)).as("%s in %s", some, snapshot).isEqualTo(unseen.isEmpty());
        }
    }
}
