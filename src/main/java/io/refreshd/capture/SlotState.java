package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A replication slot as {@code pg_replication_slots} shows it.
 *
 * @param database empty for a physical slot
 * @param activePid process id of the walsender that streams from the slot
 * @param confirmed the position that was acknowledged; empty while the slot is being created
 * @param restart where the oldest log begins that the server keeps for the slot
 * @param walStatus {@code reserved}, {@code extended}, {@code unreserved} or {@code lost}; empty if the slot holds no log
 * @param safeBytes bytes of log that may still be written before the slot is in danger; empty: no limit is set
 * @param retainedBytes bytes of log that the server keeps for the slot
 * @param invalidation why the server invalidated the slot (from 16 on); empty: the slot is valid
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

    /** Why nothing can be streamed from the slot. That somebody else streams from it at the moment is no obstacle here. */
    public Optional<Obstacle> obstacle(String wantedDatabase) {
        if (!plugin.equals("pgoutput") || !database.equals(Optional.of(wantedDatabase))) {
            return Optional.of(new Obstacle(
                    "replication slot " + name + " belongs to something else (plugin " + plugin + ", database "
                            + database.orElse("none") + ")",
                    Remedy.text("configure another slot name")));
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

    /** Whether the server has invalidated the slot: the log that it kept is gone, and only another slot helps. */
    public boolean lost() {
        return invalidation.isPresent() || walStatus.equals(Optional.of("lost"));
    }

    /** Whether somebody is creating the slot and waits for running transactions to end: the slot has no position yet. */
    public boolean isBeingMade() {
        return !lost() && confirmed.isEmpty();
    }

    private Remedy recreate() {
        return Remedy.sql("SELECT pg_catalog.pg_drop_replication_slot('" + name + "')")
                .and("it is made again at the next start");
    }
}
