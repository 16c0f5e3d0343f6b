package io.refreshd.faults;

import java.util.random.RandomGenerator;

/**
 * What a fault can reach.
 *
 * @param longest milliseconds that a fault may last
 */
record Site(
        DatabaseServer server,
        TcpProxy proxy,
        DaemonProcess daemon,
        Clocks clocks,
        RandomGenerator random,
        Ending ending,
        int longest) {
    /** Keeps the fault up for a random while. */
    void last() {
        ending.pause(50 + random.nextInt(longest));
    }

    /** As long as a fault may last. */
    void lastToTheEnd() {
        ending.pause(longest);
    }

    void last(int atMost) {
        ending.pause(50 + random.nextInt(Math.min(atMost, longest)));
    }
}
