package io.refreshd.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.ledger.ViewMark;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JudgementTest {
    private static final Difference NONE = new Difference(5, 0, 0, List.of());
    private static final Difference SOME = new Difference(5, 1, 0, List.of("(7)"));
    private static final ViewMark CLEAN = new ViewMark(3, 3, 2, false, Optional.empty());

    @Test
    void noDifferenceIsEqualWhateverTheLedgerHolds() {
        assertThat(Judgement.of(NONE, Optional.empty(), Optional.empty())).isEqualTo(Verdict.EQUAL);
        assertThat(Judgement.of(NONE, Optional.of(new ViewMark(4, 3, 2, false, Optional.empty())), Optional.empty()))
                .isEqualTo(Verdict.EQUAL);
    }

    @Test
    void aDifferenceOfADirtyViewIsPending() {
        ViewMark dirty = new ViewMark(4, 3, 2, false, Optional.empty());
        assertThat(Judgement.of(SOME, Optional.of(dirty), Optional.empty())).isEqualTo(Verdict.PENDING);
    }

    @Test
    void aChangeThatWasReadFromTheLogLaterIsPending() {
        ViewMark marked = new ViewMark(4, 3, 2, false, Optional.empty());
        ViewMark refreshed = new ViewMark(4, 4, 3, false, Optional.empty());
        assertThat(Judgement.of(SOME, Optional.of(CLEAN), Optional.of(marked))).isEqualTo(Verdict.PENDING);
        assertThat(Judgement.of(SOME, Optional.of(CLEAN), Optional.of(refreshed)))
                .isEqualTo(Verdict.PENDING);
    }

    @Test
    void aDifferenceWithoutANewMarkAfterTheLogWasReadIsDrift() {
        assertThat(Judgement.of(SOME, Optional.of(CLEAN), Optional.of(CLEAN))).isEqualTo(Verdict.DRIFT);
    }

    @Test
    void withoutADaemonOrALedgerADifferenceIsUnexplained() {
        assertThat(Judgement.of(SOME, Optional.of(CLEAN), Optional.empty())).isEqualTo(Verdict.UNEXPLAINED);
        assertThat(Judgement.of(SOME, Optional.empty(), Optional.empty())).isEqualTo(Verdict.UNEXPLAINED);
    }

    @Test
    void aDifferenceOfAViewWithAnUntrackedSourceIsNoFault() {
        ViewMark untracked = new ViewMark(3, 3, 2, true, Optional.empty());
        assertThat(Judgement.of(SOME, Optional.of(untracked), Optional.of(untracked)))
                .isEqualTo(Verdict.UNTRACKED);
    }
}
