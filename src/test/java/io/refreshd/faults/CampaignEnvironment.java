package io.refreshd.faults;

/**
 * The environment of a campaign.
 *
 * @param postgres major version of the server
 * @param unprivileged whether the daemon connects as a role with the grants of docs/privileges.md and no more, instead of as
 *     a superuser
 * @param fullIdentity whether the table of roles has REPLICA IDENTITY FULL, so that changes are routed by value
 * @param incremental whether some of the views are made incremental
 * @param topics whether the daemon reads the topic of a connector, and has no slot of its own
 * @param movableClocks whether the clocks of server and daemon can be set; the library for that slows both of them down
 */
record CampaignEnvironment(
        int postgres,
        boolean unprivileged,
        boolean fullIdentity,
        boolean incremental,
        boolean topics,
        boolean movableClocks) {
    /** The environment in which the oldest regression seeds failed. */
    static final CampaignEnvironment EARLIER = new CampaignEnvironment(18, false, false, false, false, false);

    static CampaignEnvironment of(long seed) {
        return new CampaignEnvironment(
                Integer.getInteger("refreshd.postgres", 18), true, seed % 2 == 0, true, false, seed % 3 == 0);
    }

    static CampaignEnvironment ofTopics(long seed) {
        return new CampaignEnvironment(
                Integer.getInteger("refreshd.postgres", 18), true, seed % 2 == 0, true, true, false);
    }

    String user() {
        return unprivileged ? "refreshd" : "postgres";
    }
}
