package io.refreshd.faults;

/**
 * What a campaign takes place in, besides its faults.
 *
 * @param postgres major version of the server
 * @param unprivileged whether the daemon connects as a role that may only do what docs/privileges.md asks for, and not as a superuser
 * @param fullIdentity whether the log shows whole old rows of the table of roles, so that changes are told apart by value
 * @param movableClocks whether the clocks of server and daemon can be moved; the library for it makes both of them slow
 */
record CampaignEnvironment(int postgres, boolean unprivileged, boolean fullIdentity, boolean movableClocks) {
    /** Those in which the seeds that are kept failed. */
    static final CampaignEnvironment EARLIER = new CampaignEnvironment(18, false, false, false);

    static CampaignEnvironment of(long seed) {
        return new CampaignEnvironment(Integer.getInteger("refreshd.postgres", 18), true, seed % 2 == 0, seed % 3 == 0);
    }

    String user() {
        return unprivileged ? "refreshd" : "postgres";
    }
}
