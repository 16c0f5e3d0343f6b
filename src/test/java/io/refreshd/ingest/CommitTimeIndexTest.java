package io.refreshd.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class CommitTimeIndexTest {
    private final CommitTimeIndex times = new CommitTimeIndex();

    @Test
    void tellsTheNewestThatIsNotBeyond() {
        times.add(new Lsn(10), Instant.ofEpochSecond(1));
        times.add(new Lsn(20), Instant.ofEpochSecond(2));
        assertThat(times.at(new Lsn(9))).isEmpty();
        assertThat(times.at(new Lsn(10))).contains(Instant.ofEpochSecond(1));
        assertThat(times.at(new Lsn(19))).contains(Instant.ofEpochSecond(1));
        assertThat(times.at(new Lsn(25))).contains(Instant.ofEpochSecond(2));
    }

    /** A view may stand still for days while the log goes on. */
    @Test
    void ofWhatIsLongPastItTellsNoTimeThatIsTooLate() {
        int all = 20 * CommitTimeIndex.MOST;
        for (int i = 0; i < all; i++) {
            times.add(new Lsn(i), Instant.ofEpochSecond(i));
        }
        for (int i = 0; i < all; i++) {
            assertThat(times.at(new Lsn(i)).orElseThrow()).isBeforeOrEqualTo(Instant.ofEpochSecond(i));
        }
        int recent = all - CommitTimeIndex.MOST / 2;
        for (int i = recent; i < all; i++) {
            assertThat(times.at(new Lsn(i))).contains(Instant.ofEpochSecond(i));
        }
        assertThat(times.size()).isLessThanOrEqualTo(CommitTimeIndex.MOST);
    }
}
