package io.refreshd.config;

import io.refreshd.model.Method;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Reader of {@code views.together}. Whatever the configuration alone shows to contradict a group is a problem; what the catalog shows,
 * such as a member that reads another, is known when the views are.
 */
final class TogetherReader {
    private final ViewsSettings settings;
    /** Members of the groups read so far. */
    private final Set<ViewId> grouped = new HashSet<>();

    private TogetherReader(ViewsSettings settings) {
        this.settings = settings;
    }

    /** @param settings all that the section says beside the groups */
    static List<List<ViewId>> read(Section views, ViewsSettings settings) {
        TogetherReader reader = new TogetherReader(settings);
        return views.groups(Key.VIEWS_TOGETHER, () -> reader.new Group());
    }

    /** Reader of the members of one group. */
    private final class Group implements Section.Parser<ViewId> {
        private final Set<ViewId> members = new HashSet<>();
        private Optional<ViewId> first = Optional.empty();

        @Override
        public ViewId parse(String text) throws InvalidValueException {
            ViewId view = ViewPattern.parseName(text);
            if (!members.add(view)) {
                throw new InvalidValueException("named twice", "remove one of the two");
            }
            if (!grouped.add(view)) {
                throw new InvalidValueException(
                        "is in another group too", "leave it in one group, or make one group of both");
            }
            if (!settings.includes(view)) {
                throw new InvalidValueException(
                        "is not kept fresh by views.include and views.exclude",
                        "include it, or take it out of the group");
            }
            if (settings.methodOf(view) == Method.PLAIN) {
                throw new InvalidValueException(
                        "its method is plain, by whose locks the refresh and a reader of two members could wait for each other",
                        "give it method: concurrent");
            }
            if (first.isPresent()) {
                requireSame(view, first.get());
            }
            first = first.or(() -> Optional.of(view));
            return view;
        }

        private void requireSame(ViewId view, ViewId other) throws InvalidValueException {
            requireSame(Key.VIEWS_QUIET_PERIOD, view, other, timing -> Durations.format(timing.quietPeriod()));
            requireSame(Key.VIEWS_TARGET_LAG, view, other, timing -> Durations.format(timing.targetLag()));
            requireSame(
                    Key.VIEWS_MAX_STALENESS,
                    view,
                    other,
                    timing -> timing.maxStaleness().map(Durations::format).orElse(OrNone.NONE));
            requireSame(
                    Key.VIEWS_WINDOW,
                    view,
                    other,
                    timing -> timing.window().map(Object::toString).orElse(OrNone.NONE));
            requireSame(
                    Key.VIEWS_SCHEDULE,
                    view,
                    other,
                    timing -> timing.schedule().map(Object::toString).orElse(OrNone.NONE));
        }

        private void requireSame(Key key, ViewId view, ViewId other, Function<Timing, String> value)
                throws InvalidValueException {
            String here = value.apply(settings.timingOf(view));
            String there = value.apply(settings.timingOf(other));
            if (!here.equals(there)) {
                throw new InvalidValueException(
                        "its " + key.leaf() + " is " + here + ", and that of " + other + " is " + there,
                        "give all members of a group the same, for example by one override that matches them");
            }
        }
    }
}
