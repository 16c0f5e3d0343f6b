package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
    private static final Summary.View EQUAL =
            new Summary.View(new Comparison(DemoSchema.ROLE_A, 10, 0, 0), Duration.ofMillis(900));
    private static final Summary.View DIFFERENT =
            new Summary.View(new Comparison(DemoSchema.ROLE_B, 10, 2, 3), Duration.ofSeconds(30));

    @Test
    void saysThatAllAreEqual() {
        Summary summary = new Summary(5, 4, 3, 0, List.of(EQUAL));
        assertThat(summary.allEqual()).isTrue();
        assertThat(summary.lines())
                .containsExactly(
                        "5 commits, 4 refreshes, 3 avoided, 0 failed",
                        "  public.materializeduserrole_a: 10 rows, worst staleness 0.9s, equals its definition",
                        "Every view equals its definition.");
    }

    @Test
    void namesTheViewThatDiffersAndByHowMuch() {
        Summary summary = new Summary(5, 4, 3, 1, List.of(EQUAL, DIFFERENT));
        assertThat(summary.allEqual()).isFalse();
        assertThat(summary.lines())
                .contains(
                        "  public.materializeduserrole_b: 10 rows, worst staleness 30.0s,"
                                + " DIFFERS: 2 rows only in the view, 3 only in the definition",
                        "1 of 2 views differ from their definition.");
    }

    @Test
    void doesNotCallEqualWhatWasNotCompared() {
        assertThat(new Summary(0, 0, 0, 0, List.of()).allEqual()).isFalse();
    }
}
