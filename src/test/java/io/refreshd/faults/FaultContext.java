package io.refreshd.faults;

import java.util.Optional;
import java.util.random.RandomGenerator;

/** What a fault acts on. */
record FaultContext(
        DatabaseServer server,
        TcpProxy proxy,
        CampaignDaemon daemon,
        Clocks clocks,
        Optional<CampaignTopics> topics,
        RandomGenerator random,
        StopSignal stop,
        Campaign.Options options) {
    /** Keeps the fault active for a random time. */
    void hold() {
        stop.sleep(50 + random.nextInt(options.longest()));
    }

    /** Keeps the fault active for as long as a fault may last. */
    void holdLongest() {
        stop.sleep(options.longest());
    }

    /** @param atMost milliseconds */
    void hold(int atMost) {
        stop.sleep(50 + random.nextInt(Math.min(atMost, options.longest())));
    }
}
