package io.refreshd.config;

import io.refreshd.model.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Reader of the section {@code views}. */
final class ViewsReader {
    private static final Set<Key> OVERRIDABLE = EnumSet.of(
            Key.VIEWS_QUIET_PERIOD,
            Key.VIEWS_TARGET_LAG,
            Key.VIEWS_MAX_STALENESS,
            Key.VIEWS_WINDOW,
            Key.VIEWS_SCHEDULE,
            Key.VIEWS_METHOD,
            Key.VIEWS_FULL_RECOMPUTE,
            Key.VIEWS_NOTIFY);

    private final Section views;
    private final Timing timing;

    private ViewsReader(Section views) {
        this.views = views;
        this.timing = new Timing(
                views.orDefault(Key.VIEWS_QUIET_PERIOD, Durations::parse),
                views.orDefault(Key.VIEWS_TARGET_LAG, Durations::parsePositive),
                views.orDefault(Key.VIEWS_MAX_STALENESS, Durations::parseMaxStaleness)
                        .bound(),
                views.orDefault(Key.VIEWS_WINDOW, CalendarReader::window).value(),
                views.orDefault(Key.VIEWS_SCHEDULE, CalendarReader::schedule).value());
    }

    static ViewsSettings read(Section views) {
        views.rejectUnknown(Key.leaves("views"));
        return new ViewsReader(views).settings();
    }

    private ViewsSettings settings() {
        requireOrder(views, timing.quietPeriod(), timing.targetLag());
        CalendarReader.requireAgreement(views, CalendarSettings.of(timing));
        ViewsSettings settings = new ViewsSettings(
                include(),
                views.list(Key.VIEWS_EXCLUDE, ViewPattern::parse),
                timing,
                views.orDefault(Key.VIEWS_METHOD, ValueParsers::method),
                views.orDefault(Key.VIEWS_UNTRACKED_MAX_STALENESS, Durations::parseMaxStaleness)
                        .bound(),
                views.orDefault(Key.VIEWS_FULL_RECOMPUTE, ValueParsers::fullRecompute),
                views.orDefault(Key.VIEWS_NOTIFY, ValueParsers::flag),
                overrides(views.section(Key.VIEWS_OVERRIDES.leaf())),
                List.of());
        return settings.withTogether(TogetherReader.read(views, settings));
    }

    private List<ViewPattern> include() {
        if (!views.has(Key.VIEWS_INCLUDE)) {
            return List.of(ViewPattern.of("*.*"));
        }
        List<ViewPattern> include = views.list(Key.VIEWS_INCLUDE, ViewPattern::parse);
        if (views.isEmptyList(Key.VIEWS_INCLUDE)) {
            views.problem(
                    Key.VIEWS_INCLUDE, "matches no view", "write at least one pattern, or leave the key out for all");
        }
        return include;
    }

    private List<ViewOverride> overrides(Section written) {
        List<ViewOverride> overrides = new ArrayList<>();
        for (String pattern : written.keys()) {
            Section section = written.section(pattern);
            section.rejectUnknown(OVERRIDABLE.stream().map(Key::leaf).toList());
            try {
                overrides.add(override(ViewPattern.parse(pattern), section, overrides));
            } catch (InvalidValueException e) {
                written.problem(pattern, e);
            }
        }
        return overrides;
    }

    private ViewOverride override(ViewPattern pattern, Section section, List<ViewOverride> earlier) {
        ViewOverride override = new ViewOverride(
                pattern,
                section.given(Key.VIEWS_QUIET_PERIOD, Durations::parse),
                section.given(Key.VIEWS_TARGET_LAG, Durations::parsePositive),
                section.given(Key.VIEWS_MAX_STALENESS, Durations::parseMaxStaleness),
                section.given(Key.VIEWS_WINDOW, CalendarReader::window),
                section.given(Key.VIEWS_SCHEDULE, CalendarReader::schedule),
                section.given(Key.VIEWS_METHOD, ValueParsers::method),
                section.given(Key.VIEWS_FULL_RECOMPUTE, ValueParsers::fullRecompute),
                section.given(Key.VIEWS_NOTIFY, ValueParsers::flag));
        CalendarReader.requireAgreement(section, override.calendar());
        // A key that this override lacks is inherited from the section views. If an earlier override sets one of the
        // two keys, it may match the same views, and the inherited value is not known here.
        boolean both =
                override.quietPeriod().isPresent() && override.targetLag().isPresent();
        boolean inherits = earlier.stream()
                .allMatch(e -> e.quietPeriod().isEmpty() && e.targetLag().isEmpty());
        if (both || inherits) {
            requireOrder(
                    section,
                    override.quietPeriod().orElse(timing.quietPeriod()),
                    override.targetLag().orElse(timing.targetLag()));
        }
        return override;
    }

    private static void requireOrder(Section section, Duration quietPeriod, Duration targetLag) {
        if (targetLag.compareTo(quietPeriod) >= 0) {
            return;
        }
        if (section.has(Key.VIEWS_TARGET_LAG)) {
            section.problem(
                    Key.VIEWS_TARGET_LAG,
                    Durations.format(targetLag),
                    "shorter than quiet-period, which is " + Durations.format(quietPeriod),
                    "make it longer, or quiet-period shorter");
        } else if (section.has(Key.VIEWS_QUIET_PERIOD)) {
            section.problem(
                    Key.VIEWS_QUIET_PERIOD,
                    Durations.format(quietPeriod),
                    "longer than target-lag, which is " + Durations.format(targetLag),
                    "make it shorter, or target-lag longer");
        }
    }
}
