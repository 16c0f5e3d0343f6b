package io.refreshd.refresh;

/**
 * The planner's costs of reading a page in a round.
 *
 * <p>Rows whose keys are recomputed were written a moment ago, so that their pages are in memory. By the server's costs, which are those of
 * disks, the planner would rather read the whole table than some thousand rows of it. PostgreSQL's documentation of {@code seq_page_cost} and
 * {@code random_page_cost} advises to lower both, relative to the processor's costs, for what is in memory.
 */
final class PageCosts {
    static final String IN_MEMORY = "SET LOCAL seq_page_cost = 0.1; SET LOCAL random_page_cost = 0.1";

    /** For what reads whole tables, most of which may be on disk. */
    static final String OF_SERVER = "SET LOCAL seq_page_cost = DEFAULT; SET LOCAL random_page_cost = DEFAULT";

    private PageCosts() {}
}
