package io.refreshd.observe;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.UnitPhase;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the pages for all databases show of one.
 *
 * @param state its phase in this process; of one that is served, the phase of its stream
 * @param reason why it is not served, or why views may be staler than they should be; of several reasons the first
 * @param moreReasons how many there are besides
 * @param views how many views are in each phase
 * @param staleness of the stalest view
 */
record DatabaseSummary(
        String name,
        UnitPhase phase,
        String state,
        boolean ready,
        Optional<String> reason,
        int moreReasons,
        Map<ViewPhase, Integer> views,
        Duration staleness,
        long restarts) {

    static DatabaseSummary of(ServedDatabase database, Instant now) {
        Monitor monitor = database.monitor().orElse(null);
        if (monitor == null) {
            return new DatabaseSummary(
                    database.name(),
                    database.phase(),
                    database.phase().word(),
                    false,
                    Optional.of(database.phase().word() + ": " + database.detail()),
                    0,
                    Map.of(),
                    Duration.ZERO,
                    database.restarts());
        }
        DaemonStatus status = monitor.status();
        List<String> reasons = monitor.reasonsAgainst(now);
        Map<ViewPhase, Integer> views = new TreeMap<>();
        status.views().forEach(view -> views.merge(view.phase(), 1, Integer::sum));
        return new DatabaseSummary(
                database.name(),
                database.phase(),
                status.stream().phase().word(),
                monitor.isReady(now),
                reasons.stream().findFirst(),
                Math.max(0, reasons.size() - 1),
                views,
                status.views().stream()
                        .map((ViewStatus view) -> view.staleness(now))
                        .max(Duration::compareTo)
                        .orElse(Duration.ZERO),
                database.restarts());
    }

    boolean isElsewhere() {
        return phase == UnitPhase.ELSEWHERE;
    }

    boolean isUnusable() {
        return phase == UnitPhase.UNUSABLE;
    }

    boolean isServed() {
        return phase == UnitPhase.SERVED;
    }
}
