package io.refreshd.config;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The selection of the materialized views that are kept fresh, and their timing.
 *
 * @param timing timing of a view that no override matches
 * @param untrackedMaxStaleness longest staleness of a view that reads an untracked source, one whose changes are not in the
 *     WAL, and has no bound of its own; empty: such a view is refreshed only for changes in the WAL
 * @param overrides in the order of the file: a later one wins, key by key
 * @param together groups of views that are refreshed in one snapshot; no view is in two of them
 */
public record ViewsSettings(
        List<ViewPattern> include,
        List<ViewPattern> exclude,
        Timing timing,
        Method method,
        Optional<Duration> untrackedMaxStaleness,
        FullRecompute fullRecompute,
        boolean notifies,
        List<ViewOverride> overrides,
        List<List<ViewId>> together) {
    /** The longest quiet period of an incremental view, unless an override says otherwise: its rounds cost little. */
    static final Duration QUIET_PERIOD_OF_INCREMENTAL = Duration.ofMillis(20);

    public ViewsSettings {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
        overrides = List.copyOf(overrides);
        together = together.stream().map(List::copyOf).toList();
    }

    ViewsSettings withTogether(List<List<ViewId>> groups) {
        return new ViewsSettings(
                include, exclude, timing, method, untrackedMaxStaleness, fullRecompute, notifies, overrides, groups);
    }

    public boolean includes(ViewId view) {
        return anyMatches(include, view) && !anyMatches(exclude, view);
    }

    /** Timing of a view that is refreshed by REFRESH and whose sources are all tracked. */
    public Timing timingOf(ViewId view) {
        return timingOf(view, method);
    }

    /** Timing of a view whose sources are all tracked. */
    public Timing timingOf(ViewId view, Method by) {
        Duration targetLag = last(view, ViewOverride::targetLag).orElse(timing.targetLag());
        Duration quietPeriod = last(view, ViewOverride::quietPeriod).orElseGet(() -> usualQuietPeriod(by));
        Optional<Duration> maxStaleness =
                last(view, ViewOverride::maxStaleness).map(MaxStaleness::bound).orElse(timing.maxStaleness());
        // Two overrides, each valid alone, may together give a quiet period longer than the target lag. The target lag
        // is the promise to users, so it bounds the quiet period.
        return new Timing(
                quietPeriod.compareTo(targetLag) > 0 ? targetLag : quietPeriod,
                targetLag,
                maxStaleness,
                last(view, ViewOverride::window).map(OrNone::value).orElse(timing.window()),
                last(view, ViewOverride::schedule).map(OrNone::value).orElse(timing.schedule()));
    }

    /** Timing of a view that reads an untracked source, such as a foreign table or the clock. */
    public Timing timingOfUntracked(ViewId view) {
        return timingOfUntracked(view, method);
    }

    /** Timing of a view that reads an untracked source, by its method. */
    public Timing timingOfUntracked(ViewId view, Method by) {
        Timing seen = timingOf(view, by);
        return seen.withMaxStaleness(seen.maxStaleness().or(() -> untrackedMaxStaleness));
    }

    private Duration usualQuietPeriod(Method by) {
        return by == Method.INCREMENTAL && timing.quietPeriod().compareTo(QUIET_PERIOD_OF_INCREMENTAL) > 0
                ? QUIET_PERIOD_OF_INCREMENTAL
                : timing.quietPeriod();
    }

    /** The configured method; an incremental view has its own, whatever this says. */
    public Method methodOf(ViewId view) {
        return last(view, ViewOverride::method).orElse(method);
    }

    /** Whether all rows of the view may be recomputed, if it is incremental. */
    public FullRecompute fullRecomputeOf(ViewId view) {
        return last(view, ViewOverride::fullRecompute).orElse(fullRecompute);
    }

    /** Whether subscribers are told of each commit that changed the view. */
    public boolean notifies(ViewId view) {
        return includes(view) && last(view, ViewOverride::notifies).orElse(notifies);
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
