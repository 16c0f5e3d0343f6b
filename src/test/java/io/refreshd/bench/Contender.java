package io.refreshd.bench;

import java.util.OptionalLong;

/** One way to keep views fresh, at work until it is closed. */
interface Contender extends AutoCloseable {
    AfterWrite afterWrite();

    Refreshes.Count count() throws Exception;

    /** CPU it has used outside of PostgreSQL, in seconds. */
    double cpuSeconds();

    /** Its process, if it has one of its own. */
    OptionalLong pid();

    @Override
    void close() throws Exception;
}
