package io.refreshd.faults;

import java.util.random.RandomGenerator;

/**
 * What a fault can reach.
 *
 */
record FaultContext(
        DatabaseServer server,
        TcpProxy proxy,
        CampaignDaemon daemon,
        Clocks clocks,
        RandomGenerator random,
        StopSignal stop,
        Campaign.Options options) {
    /** Keeps the fault up for a random while. */
    void hold() {
        stop.sleep(50 + random.nextInt(options.longest()));
    }

    /** As long as a fault may last. */
    void holdLongest() {
        stop.sleep(options.longest());
    }

    void hold(int atMost) {
        stop.sleep(50 + random.nextInt(Math.min(atMost, options.longest())));
    }
}
