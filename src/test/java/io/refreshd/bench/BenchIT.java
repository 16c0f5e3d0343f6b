package io.refreshd.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The benchmark runs and writes its report: one second of each contender on little data. The measured values are not
 * checked.
 */
class BenchIT {
    private static final List<String> CONTENDERS =
            List.of("nothing", "bare-reader", "inline", "timer-1", "trigger", "refreshd", "pg_ivm");

    @Test
    void everyContenderHasItsRow(@TempDir Path folder) throws Exception {
        Run.on(
                Server.embedded(),
                new Options(
                        List.of("contenders"),
                        List.of(),
                        List.of("mixed-100"),
                        CONTENDERS,
                        List.of(1_000),
                        List.of(2),
                        1,
                        1,
                        1,
                        42,
                        folder));

        Map<String, JsonNode> rounds = new HashMap<>();
        new ObjectMapper()
                .readTree(folder.resolve("report.json").toFile())
                .get("rounds")
                .forEach(round -> rounds.put(round.get("contender").asText(), round));
        String report = Files.readString(folder.resolve("report.md"));
        for (String contender : CONTENDERS.subList(0, CONTENDERS.size() - 1)) {
            JsonNode round = rounds.get(contender);
            assertThat(report).contains("\n| " + contender + " | ");
            assertThat(round.get("commitsPerSecond").asDouble()).as(contender).isPositive();
            assertThat(round.get("serverCpuSeconds").asDouble()).as(contender).isPositive();
            assertThat(round.get("refreshes").isEmpty())
                    .as(contender)
                    .isEqualTo(List.of("nothing", "bare-reader").contains(contender));
            assertThat(round.get("lagSeconds").get("n").asInt() == 0)
                    .as(contender)
                    .isEqualTo(List.of("nothing", "bare-reader").contains(contender));
        }
        assertThat(rounds.get("refreshd").get("avoided").get("column").asLong())
                .as("writes to a column that no view reads")
                .isPositive();
        assertThat(rounds.get("bare-reader").get("unacknowledgedBytes").isNumber())
                .isTrue();
        assertThat(report).contains("pg_ivm was left out: pg_available_extensions");
        assertThat(folder.resolve("lag-mixed-100-1-000-rows-2-role-views.svg")).exists();
        assertThat(Files.readString(folder.resolve("cost-mixed-100-1-000-rows-2-role-views.svg")))
                .contains(">no view kept fresh<", ">REFRESH in the writer<", ">refreshd<", "PostgreSQL ");
    }
}
