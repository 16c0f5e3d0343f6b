package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WayChooserTest {
    private final WayChooser chooser = new WayChooser();

    private static Way.Keys keys(int number) {
        return new Way.Keys(
                IntStream.range(0, number)
                        .mapToObj(i -> List.of(String.valueOf(i)))
                        .collect(Collectors.toSet()),
                number);
    }

    private void everythingTook(long millis) {
        chooser.took(new Way.Everything(""), Duration.ofMillis(millis));
    }

    private void keysTook(int number, long millis) {
        chooser.took(keys(number), Duration.ofMillis(millis));
    }

    @Test
    void asLongAsNothingIsKnownKeysAreRecomputed() {
        assertThat(chooser.everythingInstead(10_000)).isEmpty();
        assertThat(chooser.everythingInstead(WayChooser.MOST_KEYS + 1L)).isPresent();
    }

    @Test
    void theCheaperWayByItsHistory() {
        keysTook(1000, 100);
        keysTook(16_000, 1600);
        everythingTook(1000);
        assertThat(chooser.everythingInstead(1000)).isEmpty();
        assertThat(chooser.everythingInstead(8000)).isEmpty();
        assertThat(chooser.everythingInstead(15_000))
                .hasValueSatisfying(
                        reason -> assertThat(reason).contains("15000 keys").contains("everything about 1 s"));
    }

    /** Beside busy writers a key takes several times as long, and so would everything. */
    @Test
    void whatTheWholeTookIsComparedWithWhatKeysTookThen() {
        keysTook(1000, 100);
        everythingTook(1000);
        for (int i = 0; i < 10; i++) {
            keysTook(1000, 400);
            keysTook(5000, 2000);
        }
        assertThat(chooser.everythingInstead(5000)).isEmpty();
        assertThat(chooser.everythingInstead(15_000)).isPresent();
    }

    @Test
    void aWholeThatWasMeasuredBeforeAnyKeysCountsOnlyIfItIsFarCheaper() {
        everythingTook(1000);
        keysTook(1000, 3000);
        assertThat(chooser.everythingInstead(1000)).isEmpty();
        keysTook(1000, 9000);
        assertThat(chooser.everythingInstead(1000)).isPresent();
    }

    /** One key takes some milliseconds however little it does, which says nothing of many keys. */
    @Test
    void aSingleKeyDoesNotMakeManyLookExpensive() {
        everythingTook(1000);
        keysTook(1, 5);
        assertThat(chooser.expected(1000)).isBetween(0.05, 0.2);
        assertThat(chooser.everythingInstead(1000)).isEmpty();
    }

    @Test
    void thePlannerSaysWhatSoManyKeysTakeUntilTheyAreMeasured() {
        everythingTook(1000);
        assertThat(chooser.isKnown(100)).isFalse();
        chooser.planned(120, 100, 100);
        assertThat(chooser.isKnown(100)).isTrue();
        assertThat(chooser.everythingInstead(100)).isPresent();
        chooser.planned(1, 100, 100);
        assertThat(chooser.expected(100)).isCloseTo(0.01, within(1e-9));
        keysTook(100, 50);
        assertThat(chooser.expected(100)).isCloseTo(0.05, within(1e-9));
    }

    /** What is assumed of ten times as many keys as were measured is no reason not to ask the planner. */
    @Test
    void thePlannerIsAskedBeforeWhatIsAssumedDecides() {
        everythingTook(200);
        keysTook(1000, 30);
        assertThat(chooser.everythingInstead(10_000)).isPresent();
        assertThat(chooser.everythingAtOnce(10_000)).isEmpty();
        chooser.planned(10, 10_000, 100);
        assertThat(chooser.everythingInstead(10_000)).isEmpty();
        chooser.planned(300, 10_000, 100);
        assertThat(chooser.everythingAtOnce(10_000)).isPresent();
        assertThat(chooser.everythingAtOnce(WayChooser.MOST_KEYS + 1)).isPresent();
    }

    /** The cost of one key is mostly the cost of a statement. */
    @Test
    void thePlannersCostOfOneKeySaysNothingOfMany() {
        everythingTook(1000);
        chooser.planned(5, 1, 100);
        keysTook(1, 50);
        assertThat(chooser.isKnown(1000)).isFalse();
        assertThat(chooser.everythingInstead(1000)).isEmpty();
    }

    @Test
    void aHistoryThatIsStaleMendsItself() {
        keysTook(100, 2000);
        everythingTook(1000);
        int rounds = 0;
        while (chooser.everythingInstead(100).isPresent()) {
            everythingTook(1000);
            rounds++;
            assertThat(rounds).isLessThan(200);
        }
        keysTook(100, 1);
        keysTook(100, 1);
        assertThat(chooser.everythingInstead(100)).isEmpty();

        rounds = 0;
        while (chooser.everythingInstead(100).isEmpty()) {
            keysTook(100, 900);
            rounds++;
            assertThat(rounds).isLessThan(200);
        }
        assertThat(chooser.everythingInstead(100).orElseThrow()).contains("to see what it takes now");
        everythingTook(10);
        everythingTook(10);
        everythingTook(10);
        assertThat(chooser.everythingInstead(100)).isPresent();
    }

    @Test
    void roundsThatAreFarCheaperDoNotLeadToATrial() {
        everythingTook(15_000);
        for (int i = 0; i < 100_000; i++) {
            keysTook(1, 5);
        }
        assertThat(chooser.everythingInstead(1)).isEmpty();
    }
}
