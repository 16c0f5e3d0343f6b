package io.refreshd.config;

import io.refreshd.model.Method;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Which materialized views are kept fresh, and how fresh.
 *
 * @param timing for every view that no override speaks of
 * @param untrackedMaxStaleness bound for views that read a source the log does not show, where they have none of their
 *     own; empty: such views are refreshed only for what the log does show
 * @param overrides in the order written: a later one wins, key by key
 */
public record ViewsSettings(
        List<ViewPattern> include,
        List<ViewPattern> exclude,
        Timing timing,
        Method method,
        Optional<Duration> untrackedMaxStaleness,
        List<ViewOverride> overrides) {
    public ViewsSettings {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
        overrides = List.copyOf(overrides);
    }

    public boolean includes(ViewId view) {
        return anyMatches(include, view) && !anyMatches(exclude, view);
    }

    /** Timing of a view all of whose sources are in the log. */
    public Timing timingOf(ViewId view) {
        Duration targetLag = last(view, ViewOverride::targetLag).orElse(timing.targetLag());
        Duration quietPeriod = last(view, ViewOverride::quietPeriod).orElse(timing.quietPeriod());
        Optional<Duration> maxStaleness =
                last(view, ViewOverride::maxStaleness).map(MaxStaleness::bound).orElse(timing.maxStaleness());
        // Two overrides that are sound alone may cross when both match; the promise of freshness then wins.
        return new Timing(quietPeriod.compareTo(targetLag) > 0 ? targetLag : quietPeriod, targetLag, maxStaleness);
    }

    /** Timing of a view that reads something the log does not show, such as a foreign table or the clock. */
    public Timing timingOfUntracked(ViewId view) {
        Timing seen = timingOf(view);
        return new Timing(
                seen.quietPeriod(), seen.targetLag(), seen.maxStaleness().or(() -> untrackedMaxStaleness));
    }

    public Method methodOf(ViewId view) {
        return last(view, ViewOverride::method).orElse(method);
    }

    private <T> Optional<T> last(ViewId view, Function<ViewOverride, Optional<T>> part) {
        return overrides.reversed().stream()
                .filter(override -> override.pattern().matches(view))
                .map(part)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static boolean anyMatches(List<ViewPattern> patterns, ViewId view) {
        return patterns.stream().anyMatch(pattern -> pattern.matches(view));
    }
}
