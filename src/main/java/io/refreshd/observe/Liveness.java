package io.refreshd.observe;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Liveness check: whether the event loop still handles events. A failed check makes an orchestrator restart the process, and a restart
 * does not help against an unreachable database or a broken stream: so neither is part of the check.
 *
 * @param sinceLoopTurn time since the loop last completed a turn
 * @param bound longest time that a turn may take
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
