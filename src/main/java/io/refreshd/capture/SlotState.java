package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A replication slot as the server sees it.
 *
 * @param database empty for a physical slot
 * @param activePid the walsender that streams from it
 * @param confirmed what was acknowledged
 * @param restart the oldest log the server keeps for it
 * @param walStatus {@code reserved}, {@code extended}, {@code unreserved} or {@code lost}; empty if it holds no log
 * @param safeBytes what may still be written before the slot is in danger; empty: no limit is set
 * @param retainedBytes log the server keeps for it
 * @param invalidation why the server gave it up (from 16 on); empty: it did not
 */
public record SlotState(
        String name,
        String plugin,
        Optional<String> database,
        OptionalInt activePid,
        Optional<Lsn> confirmed,
        Optional<Lsn> restart,
        Optional<String> walStatus,
        OptionalLong safeBytes,
        long retainedBytes,
        boolean twoPhase,
        Optional<String> invalidation) {

    /** Why nothing can be streamed from it, whoever tries. That somebody else does at the moment is not among them. */
    public Optional<Obstacle> obstacle(String wantedDatabase) {
        if (!plugin.equals("pgoutput") || !database.equals(Optional.of(wantedDatabase))) {
            return Optional.of(new Obstacle(
                    "replication slot " + name + " belongs to something else (plugin " + plugin + ", database "
                            + database.orElse("none") + ")",
                    "configure another slot name"));
        }
        if (twoPhase) {
            return Optional.of(new Obstacle(
                    "replication slot " + name + " decodes at PREPARE, before the changes are visible", recreate()));
        }
        if (lost()) {
            return Optional.of(new Obstacle(
                    "replication slot " + name + " was given up by the server (" + invalidation.orElse("wal_removed")
                            + ")",
                    recreate()));
        }
        return Optional.empty();
    }

    /** Whether the server has given it up: what it kept is gone, and only a new one helps. */
    public boolean lost() {
        return invalidation.isPresent() || walStatus.equals(Optional.of("lost"));
    }

    /** Whether somebody is making it and waits for running transactions to end: it has no position yet. */
    public boolean isBeingMade() {
        return !lost() && confirmed.isEmpty();
    }

    private String recreate() {
        return "SELECT pg_drop_replication_slot('" + name + "'); it is made again at the next start";
    }
}
