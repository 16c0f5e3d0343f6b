package io.refreshd.schedule;

/** How often something happened in a simulation, to see that it happens at all. */
final class Counts {
    int refreshes;
    int crashes;
    /** Changes that came while a refresh ran, and were in its snapshot. */
    int settled;
    /** Look-ups that found no difference. */
    int unchanged;
    /** Views that were queried and needed no refresh. */
    int skipped;
    /** Rounds of incremental views that recomputed some rows. */
    int rounds;
    /** Rounds of incremental views that recomputed all rows. */
    int everything;
    /** Rounds of several views. */
    int shared;
    /** Views that were taken out of a round, since all their rows had to be recomputed. */
    int takenOut;
    /** Views that a round found changed by what it had changed below them, and what they had missed before. */
    int carried;

    int caughtUp;
    /** Crashes between the rows of a round and the ledger. */
    int untold;
    /** Views that a round deferred, since one below them could not be brought up to date. */
    int deferred;
    /** Views that were dirty at a start, and of which the log held all that they lacked. */
    int resumed;
    /** How often a view began to wait for its window. */
    int waited;
    /** Refreshes that had no reason but a schedule. */
    int scheduled;
    /** Refreshes of groups that committed. */
    int groups;
    /** Refreshes of groups of which one view failed. */
    int failedGroups;
    /** Refreshes that were ended for want of a place. */
    int outOfTime;
    /** How often the slot stayed behind the ledger for the sake of incremental views. */
    int kept;
}
