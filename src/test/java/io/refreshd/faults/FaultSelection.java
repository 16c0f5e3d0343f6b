package io.refreshd.faults;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The kinds of faults that a campaign draws from.
 *
 * <p>Invariant: a seed draws the same faults only from the same list. Each regression seed keeps its list, and new kinds are
 * added at the end of {@link Faults#ALL}.
 */
final class FaultSelection {
    private static final int SECOND = 24;
    private static final int THIRD = 28;
    /** What is done to a slot or publication of the daemon's own, or would stop whoever runs the connector for good. */
    private static final Pattern OF_SLOTS = Pattern.compile("^(slot|publication|table out|neighbour)");

    private FaultSelection() {}

    static List<String> of(CampaignEnvironment environment) {
        Stream<String> kinds = all().stream().filter(kind -> environment.movableClocks() || !kind.contains("clock"));
        return environment.topics()
                ? Stream.concat(
                                kinds.filter(kind -> !OF_SLOTS.matcher(kind).find()),
                                CampaignTopics.faults().keySet().stream())
                        .toList()
                : kinds.toList();
    }

    private static List<String> all() {
        return List.copyOf(Faults.ALL.keySet());
    }

    /** The list with which seed 1 failed, of 22 November. */
    static List<String> first() {
        return second().stream()
                .filter(kind -> !kind.equals("connections forgotten"))
                .toList();
    }

    /** The list of the days after 22 November. */
    static List<String> second() {
        return all().subList(0, SECOND);
    }

    /** The list of 26 November, without the faults of clocks. */
    static List<String> third() {
        return all().subList(0, THIRD);
    }
}
