package io.refreshd.observe;

import java.util.Arrays;
import java.util.function.Predicate;

/** Why a round has recomputed all rows, as the value of a label: few words for the many clauses that the history holds. */
enum RecomputeReason {
    /** Somebody asked for a refresh, or {@code max-staleness} has passed. */
    ASKED_FOR(why -> why.startsWith("a refresh was asked for")
            || why.startsWith("max-staleness")
            || why.startsWith("its schedule")),
    /** The definition or a table that it reads was altered. */
    ALTERED(why -> why.contains("altered")),
    /** So many keys are expected to cost more than everything. */
    CHEAPER(why -> why.contains("would take about")),
    /** What everything costs was measured again. */
    TRIAL(why -> why.startsWith("to see what it takes")),
    /** More rows changed than are recomputed one by one. */
    MANY_ROWS(why -> why.startsWith("more than")),
    /** Changes came of which no key leads to the rows that they concern: a TRUNCATE, a table without a key, a restart, a gap. */
    KEYS_UNKNOWN(why -> true);

    private final Predicate<String> matches;

    RecomputeReason(Predicate<String> matches) {
        this.matches = matches;
    }

    /** @param why the clause of the history */
    static RecomputeReason of(String why) {
        return Arrays.stream(values())
                .filter(reason -> reason.matches.test(why))
                .findFirst()
                .orElse(KEYS_UNKNOWN);
    }
}
