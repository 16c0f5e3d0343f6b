package io.refreshd.observe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Liveness check: whether the event loop still handles events, and whether the threads live that the daemon cannot do without. A failed
 * check makes an orchestrator restart the process, and a restart does not help against an unreachable database or a broken stream: so
 * neither is part of the check.
 *
 * @param sinceLoopTurn time since the loop last completed a turn
 * @param bound longest time that a turn may take
 * @param deadThreads names of the threads that have ended and should not have
 */
public record Liveness(Supplier<Duration> sinceLoopTurn, Duration bound, Supplier<List<String>> deadThreads) {
    public Liveness(Supplier<Duration> sinceLoopTurn, Duration bound) {
        this(sinceLoopTurn, bound, List::of);
    }

    List<String> reasonsAgainst() {
        List<String> reasons = new ArrayList<>();
        Duration since = sinceLoopTurn.get();
        if (since.compareTo(bound) > 0) {
            reasons.add("the loop has not come round for " + HumanDuration.format(since) + " (allowed: "
                    + HumanDuration.format(bound) + ")");
        }
        deadThreads.get().forEach(name -> reasons.add("the thread " + name + " has died"));
        return reasons;
    }
}
