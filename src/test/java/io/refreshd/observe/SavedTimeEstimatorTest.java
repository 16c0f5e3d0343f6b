package io.refreshd.observe;

import static io.refreshd.observe.Samples.VIEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.refreshd.model.ViewId;
import io.refreshd.report.Notice.Avoided;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sample view has a quiet period of 250 ms, and its last refresh took 1.5 s. */
class SavedTimeEstimatorTest {
    private static final double TOLERANCE = 1e-9;

    private final SavedTimeEstimator savings = new SavedTimeEstimator();

    private double avoided(Avoided reason, Duration at) {
        return savings.avoided(VIEW, reason, at.toNanos());
    }

    @Test
    void savesNothingKnownBeforeARefreshHasShownWhatOneTakes() {
        assertThat(avoided(Avoided.LOOKUP, Duration.ZERO)).isZero();
        assertThat(avoided(Avoided.COLUMN, Duration.ZERO)).isZero();
    }

    @Test
    void learnsFromTheLedgerAndThenFromTheViewsOwnRefreshes() {
        savings.sync(List.of(Samples.fresh(VIEW)));
        assertThat(avoided(Avoided.LOOKUP, Duration.ZERO)).isEqualTo(1.5, within(TOLERANCE));
        savings.refreshed(VIEW, Duration.ofMillis(2_500));
        assertThat(avoided(Avoided.LOOKUP, Duration.ZERO)).isEqualTo(1.8, within(TOLERANCE));
    }

    @Test
    void aChangeAvoidedByColumnWouldHaveSharedTheRefreshThatWaitsOrRuns() {
        savings.sync(List.of(Samples.fresh(VIEW)));
        assertThat(avoided(Avoided.COLUMN, Duration.ofSeconds(10))).isEqualTo(1.5, within(TOLERANCE));
        assertThat(avoided(Avoided.DISCRIMINATOR, Duration.ofMillis(11_749))).isZero();
        assertThat(avoided(Avoided.DISCRIMINATOR, Duration.ofMillis(11_750))).isEqualTo(1.5, within(TOLERANCE));
    }

    @Test
    void eachLookUpStandsForARefreshAndACoalescedChangeForNone() {
        savings.refreshed(VIEW, Duration.ofSeconds(2));
        assertThat(avoided(Avoided.LOOKUP, Duration.ZERO) + avoided(Avoided.LOOKUP, Duration.ZERO))
                .isEqualTo(4, within(TOLERANCE));
        assertThat(avoided(Avoided.COALESCED, Duration.ZERO)).isZero();
    }

    @Test
    void forgetsADroppedView() {
        savings.refreshed(VIEW, Duration.ofSeconds(2));
        savings.sync(List.of(Samples.fresh(new ViewId("public", "other"))));
        assertThat(avoided(Avoided.LOOKUP, Duration.ZERO)).isZero();
    }
}
