package io.refreshd.observe;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Says whether the loop still turns. Only a restart helps a loop that does not, so nothing else is asked here: not the
 * database, not the stream.
 *
 * @param sinceLoopTurn how long ago the loop last came round
 * @param bound how long it may take
 */
public record Liveness(Supplier<Duration> sinceLoopTurn, Duration bound) {
    List<String> reasonsAgainst() {
        Duration since = sinceLoopTurn.get();
        return since.compareTo(bound) <= 0
                ? List.of()
                : List.of("the loop has not come round for " + HumanDuration.format(since) + " (allowed: "
                        + HumanDuration.format(bound) + ")");
    }
}
