package io.refreshd.refresh;

import io.refreshd.report.Notice;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts the decisions of all rounds, of those whose result was compared with PostgreSQL's. */
final class DecisionTally {
    private static final List<String> JOINS = List.of("FULL JOIN", "RIGHT JOIN", "LEFT JOIN", "JOIN");

    /** Decisions with keys to look up. */
    private static final class LookUps {
        long eligible;
        long unchanged;
        long falseAlarms;
    }

    private final Map<String, LookUps> byJoin = new TreeMap<>();
    private long byColumn;
    private long byDiscriminator;
    private long byProbe;
    private long byMembership;
    private long refreshed;

    /** Counts a view that was found unaffected without a query, and did not differ. */
    void avoided(Notice.RefreshAvoided notice) {
        if (notice.reason() == Notice.Avoided.COLUMN) {
            byColumn++;
        } else {
            byDiscriminator++;
        }
    }

    /** Counts a view that was probed, refreshed, or both. */
    void decided(String definition, boolean eligible, boolean unchanged, boolean differed) {
        if (unchanged) {
            byProbe++;
        } else {
            refreshed++;
        }
        if (eligible) {
            String join =
                    JOINS.stream().filter(definition::contains).findFirst().orElse("no join");
            LookUps lookUps = byJoin.computeIfAbsent(join, kind -> new LookUps());
            lookUps.eligible++;
            lookUps.unchanged += unchanged ? 1 : 0;
            lookUps.falseAlarms += unchanged || differed ? 0 : 1;
        }
    }

    long decisions() {
        return byColumn + byDiscriminator + byProbe + refreshed;
    }

    long byDiscriminator() {
        return byDiscriminator;
    }

    /**
     * Counts one of those by discriminator for which {@link Membership} was queried, since the log did not hold the old row.
     */
    void byMembershipQuery() {
        byMembership++;
    }

    long byMembership() {
        return byMembership;
    }

    /** Returns whether each kind of decision occurred. */
    boolean hasEveryKind() {
        return byColumn > 0 && byDiscriminator > 0 && byMembership > 0 && byProbe > 0;
    }

    long byProbe() {
        return byProbe;
    }

    long falseAlarms() {
        return byJoin.values().stream()
                .mapToLong(lookUps -> lookUps.falseAlarms)
                .sum();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(
                "%,d checked decisions: unaffected by column %,d, by discriminator %,d (membership queried %,d), by probe %,d; refreshed %,d"
                        .formatted(decisions(), byColumn, byDiscriminator, byMembership, byProbe, refreshed));
        byJoin.forEach(
                (join, lookUps) -> text.append("\n  %-10s looked up %,7d, unchanged %,7d, refreshed without need %,d"
                        .formatted(join, lookUps.eligible, lookUps.unchanged, lookUps.falseAlarms)));
        return text.toString();
    }
}
