package io.refreshd.stream;

import io.refreshd.capture.LogDemand;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.LaterChanges;
import io.refreshd.refresh.LaterOfViews;
import io.refreshd.schedule.Refresher;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Waits of look-ups and rounds until the log has been read up to a position.
 *
 * <p>Thread: any may call any method.
 */
final class LogWaits {
    /** How long a look-up waits until the log has been read. A healthy stream takes milliseconds, and a refresh needs no stream. */
    private static final Duration LONGEST_OF_A_LOOK_UP = Duration.ofSeconds(2);

    /** To recompute all rows of an incremental view costs more than to wait, the more the further the log is behind. */
    private static final Duration LONGEST_OF_A_ROUND = Duration.ofSeconds(10);

    private final LeasedLedger ledger;
    private final LogDemand demand;

    LogWaits(LeasedLedger ledger, LogDemand demand) {
        this.ledger = ledger;
        this.demand = demand;
    }

    LaterChanges ofLookUp(Refresher.Later later) {
        return position -> {
            try (LogDemand.Wait ignored = demand.begin()) {
                announce();
                return later.upTo(position, LONGEST_OF_A_LOOK_UP);
            }
        };
    }

    LaterOfViews ofRound(Refresher.LaterOfViews later) {
        return new LaterOfViews() {
            @Override
            public Map<ViewId, Optional<List<KeyLookup>>> upTo(Collection<ViewId> views, Lsn position)
                    throws InterruptedException {
                try (LogDemand.Wait ignored = demand.begin()) {
                    announce();
                    return later.upTo(views, position, LONGEST_OF_A_ROUND);
                }
            }

            @Override
            public Map<ViewId, Optional<List<KeyLookup>>> upTo(
                    Collection<ViewId> views, Lsn position, LaterOfViews.Work meanwhile)
                    throws InterruptedException, SQLException {
                try (LogDemand.Wait ignored = demand.begin()) {
                    announce();
                    meanwhile.run();
                    return later.upTo(views, position, LONGEST_OF_A_ROUND);
                }
            }
        };
    }

    /** The message stands behind the position in the log, and its commit makes the server send what is before. */
    private void announce() {
        // One statement is one round trip. It commits without waiting for a synchronous standby.
        ledger.jdbi()
                .useHandle(handle -> handle.execute("SELECT pg_catalog.set_config('synchronous_commit', 'local', true),"
                        + " pg_catalog.pg_logical_emit_message(true, 'refreshd:probe', '')"));
    }
}
