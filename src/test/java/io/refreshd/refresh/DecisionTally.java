package io.refreshd.refresh;

import io.refreshd.report.Notice;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Counts the decisions of all rounds, of those whose result was compared with PostgreSQL's. */
final class DecisionTally {
    private static final List<String> JOINS = List.of("FULL JOIN", "RIGHT JOIN", "LEFT JOIN", "JOIN");
    private static final Pattern SUB_QUERY = Pattern.compile("EXISTS \\(SELECT| IN \\(SELECT| \\(SELECT (count|max)");

    /** Decisions with keys to look up. */
    private static final class LookUps {
        long eligible;
        long unchanged;
        long falseAlarms;
    }

    private final Map<String, LookUps> byJoin = new TreeMap<>();
    private long byColumn;
    private long byDiscriminator;
    private long byLookup;
    private long byMembership;
    private long refreshed;
    private long unseen;
    private long altered;
    private long unaltered;
    private long refreshedWithoutNeed;

    /** Counts a view that was found unaffected without a query, and did not differ. */
    void avoided(Notice.RefreshAvoided notice) {
        if (notice.reason() == Notice.Avoided.COLUMN) {
            byColumn++;
        } else {
            byDiscriminator++;
        }
    }

    /** Counts a view that was looked up, refreshed, or both. */
    void decided(String definition, boolean eligible, boolean unchanged, boolean differed) {
        if (unchanged) {
            byLookup++;
        } else {
            refreshed++;
            refreshedWithoutNeed += differed ? 0 : 1;
        }
        if (eligible) {
            String join =
                    JOINS.stream().filter(definition::contains).findFirst().orElse("no join")
                            + (SUB_QUERY.matcher(definition).find() ? ", sub-query" : "");
            LookUps lookUps = byJoin.computeIfAbsent(join, kind -> new LookUps());
            lookUps.eligible++;
            lookUps.unchanged += unchanged ? 1 : 0;
            lookUps.falseAlarms += unchanged || differed ? 0 : 1;
        }
    }

    long decisions() {
        return byColumn + byDiscriminator + byLookup + refreshed + unseen + unaltered;
    }

    /** Counts a view after an alteration of the catalog. Those that count as altered are refreshed, which counts by itself. */
    void byLineage(boolean unaffected) {
        if (unaffected) {
            unaltered++;
        } else {
            altered++;
        }
    }

    /** Counts a view that had to be refreshed, without a look whether it differed. */
    void refreshedUnseen() {
        unseen++;
    }

    /** How often a view was said to be unaffected. */
    long unaffected() {
        return byColumn + byDiscriminator + byLookup + unaltered;
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
        return byColumn > 0
                && byDiscriminator > 0
                && byMembership > 0
                && byLookup > 0
                && altered > 0
                && unaltered > 0
                && byJoin.containsKey("no join, sub-query");
    }

    long byLookup() {
        return byLookup;
    }

    long falseAlarms() {
        return byJoin.values().stream()
                .mapToLong(lookUps -> lookUps.falseAlarms)
                .sum();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(
                ("%,d checked decisions: unaffected %,d: by column %,d, by discriminator %,d (membership queried %,d), by look-up %,d,"
                                + " by lineage after alterations %,d; refreshed %,d: of %,d compared %,d did not differ"
                                + " (altered %,d)")
                        .formatted(
                                decisions(),
                                unaffected(),
                                byColumn,
                                byDiscriminator,
                                byMembership,
                                byLookup,
                                unaltered,
                                refreshed + unseen,
                                refreshed,
                                refreshedWithoutNeed,
                                altered));
        byJoin.forEach(
                (join, lookUps) -> text.append("\n  %-21s looked up %,7d, unchanged %,7d, refreshed without need %,d"
                        .formatted(join, lookUps.eligible, lookUps.unchanged, lookUps.falseAlarms)));
        return text.toString();
    }
}
