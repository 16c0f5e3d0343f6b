package io.refreshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Lsn;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MilestonesTest {
    private final Milestones milestones = new Milestones();

    @Test
    void tellsTheNewestThatIsNotBeyond() {
        milestones.add(new Lsn(10), Instant.ofEpochSecond(1));
        milestones.add(new Lsn(20), Instant.ofEpochSecond(2));
        assertThat(milestones.at(new Lsn(9))).isEmpty();
        assertThat(milestones.at(new Lsn(10))).contains(Instant.ofEpochSecond(1));
        assertThat(milestones.at(new Lsn(19))).contains(Instant.ofEpochSecond(1));
        assertThat(milestones.at(new Lsn(25))).contains(Instant.ofEpochSecond(2));
    }

    /** A view may stand still for days while the log goes on. */
    @Test
    void ofWhatIsLongPastItTellsNoTimeThatIsTooLate() {
        int all = 20 * Milestones.MOST;
        for (int i = 0; i < all; i++) {
            milestones.add(new Lsn(i), Instant.ofEpochSecond(i));
        }
        for (int i = 0; i < all; i++) {
            assertThat(milestones.at(new Lsn(i)).orElseThrow()).isBeforeOrEqualTo(Instant.ofEpochSecond(i));
        }
        int recent = all - Milestones.MOST / 2;
        for (int i = recent; i < all; i++) {
            assertThat(milestones.at(new Lsn(i))).contains(Instant.ofEpochSecond(i));
        }
        assertThat(milestones.size()).isLessThanOrEqualTo(Milestones.MOST);
    }
}
