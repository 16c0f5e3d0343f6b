package io.refreshd.faults;

import java.util.List;

/**
 * Which kinds of faults a campaign draws from. What a seed draws depends on the list, so a seed that is kept is kept with the
 * list that it failed with, and what is new comes at the end of {@link Faults#ALL}.
 */
final class FaultSelection {
    private static final int SECOND = 24;
    private static final int THIRD = 28;

    private FaultSelection() {}

    static List<String> of(CampaignEnvironment environment) {
        return all().stream()
                .filter(kind -> environment.movableClocks() || !kind.contains("clock"))
                .toList();
    }

    private static List<String> all() {
        return List.copyOf(Faults.ALL.keySet());
    }

    /** The list of 22 November, with which seed 1 failed. */
    static List<String> first() {
        return second().stream()
                .filter(kind -> !kind.equals("connections forgotten"))
                .toList();
    }

    /** That of the days after. */
    static List<String> second() {
        return all().subList(0, SECOND);
    }

    /** That of 26 November, without the clocks. */
    static List<String> third() {
        return all().subList(0, THIRD);
    }
}
