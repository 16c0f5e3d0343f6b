package io.refreshd.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Method;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LiveTableTest {
    private static final LiveRow DIRTY = new LiveRow(
            DemoSchema.ROLE_A,
            Method.INCREMENTAL,
            ViewPhase.DIRTY,
            25_000,
            Duration.ofMillis(1250),
            11,
            12,
            4,
            Optional.of(Duration.ofMillis(321)));
    private static final LiveRow NEVER = new LiveRow(
            DemoSchema.TOTALS, Method.CONCURRENT, ViewPhase.SUSPENDED, 3, Duration.ZERO, 0, 0, 0, Optional.empty());
    private static final LiveTable.Frame FRAME = new LiveTable.Frame(
            Duration.ofSeconds(7),
            new StreamStatus(StreamPhase.HELD, Optional.empty(), Optional.empty(), "waits\nfor 807"),
            12,
            3,
            List.of(DIRTY, NEVER));

    @Test
    void showsEveryColumnOfEveryView() {
        List<String> lines = LiveTable.table(FRAME, new Screen(true, false, 80));
        assertThat(lines)
                .hasSize(5)
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        assertThat(lines.get(0)).isEqualTo("7.0s held (waits for 807), 12 commits, 3 refreshes avoided");
        assertThat(lines.get(1).split("\\s+"))
                .containsExactly("view", "state", "rows", "staleness", "commits", "seen", "refreshes", "took");
        assertThat(lines.get(2).split("\\s+"))
                .containsExactly("materializeduserrole_a", "dirty", "25000", "1.3s", "11/12", "4", "321ms");
        assertThat(lines.get(3).split("\\s+"))
                .containsExactly("role_totals", "suspended", "3", "0.0s", "0/0", "0", "-");
        assertThat(lines.get(4)).isEqualTo("incremental: materializeduserrole_a");
    }

    @Test
    void isNeverWiderThanTheScreen() {
        assertThat(LiveTable.table(FRAME, new Screen(true, false, 30)))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(30));
    }

    @Test
    void colorsByStateAroundTheCutLine() {
        List<String> lines = LiveTable.table(FRAME, new Screen(true, true, 30));
        assertThat(lines.get(2)).startsWith("\u001b[33mmaterial").endsWith("\u001b[0m");
        assertThat(lines.get(3)).startsWith("\u001b[31mrole_totals");
    }

    @Test
    void writesSelfContainedLinesElsewhere() {
        assertThat(LiveTable.plain(FRAME))
                .contains(
                        "7.0s view=materializeduserrole_a method=incremental state=dirty rows=25000 staleness=1.3s seen=11/12"
                                + " refreshes=4 last=321ms")
                .allSatisfy(line -> assertThat(line).doesNotContain("\u001b", "\n"));
    }

    @Test
    void detectsTheScreen() {
        assertThat(Screen.of(true, Map.of(), "50 132\n")).isEqualTo(new Screen(true, true, 132));
        assertThat(Screen.of(true, Map.of("NO_COLOR", "1"), "50 132")).isEqualTo(new Screen(true, false, 132));
        assertThat(Screen.of(true, Map.of(), "0 0").width()).isEqualTo(80);
        assertThat(Screen.of(true, Map.of(), "").width()).isEqualTo(80);
        assertThat(Screen.of(false, Map.of(), "50 132")).isEqualTo(Screen.PLAIN);
    }
}
