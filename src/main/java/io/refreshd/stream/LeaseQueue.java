package io.refreshd.stream;

import io.refreshd.database.ConnectionPools;
import io.refreshd.ledger.Lease;
import io.refreshd.report.StreamPhase;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/** Takes the lease of a database; stands by while another daemon holds it. */
final class LeaseQueue {
    private static final Duration STANDBY_PAUSE = Duration.ofSeconds(1);

    private final ConnectionPools connections;
    private final StreamEvents events;

    LeaseQueue(ConnectionPools connections, StreamEvents events) {
        this.connections = connections;
        this.events = events;
    }

    /** Blocks until the lease is free. */
    Lease take(Handle handle) throws SQLException, InterruptedException {
        String holder = ProcessHandle.current().pid() + "@" + hostName();
        Optional<Lease> lease = Lease.tryTake(connections.direct(), holder);
        while (lease.isEmpty()) {
            events.phase(StreamPhase.STANDBY, "another refreshd serves this database: " + Lease.holder(handle));
            TimeUnit.NANOSECONDS.sleep(STANDBY_PAUSE.toNanos());
            lease = Lease.tryTake(connections.direct(), holder);
        }
        events.phase(StreamPhase.CONNECTING, StreamAttempt.PREPARING);
        return lease.get();
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown host";
        }
    }
}
