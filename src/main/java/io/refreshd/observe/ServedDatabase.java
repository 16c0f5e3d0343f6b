package io.refreshd.observe;

import io.refreshd.report.UnitPhase;
import java.util.Optional;

/**
 * One database of a process that serves several, at one moment.
 *
 * @param detail why it is in this phase; empty while it is served
 * @param restarts how often it has begun anew in this process
 * @param monitor present while it is served
 */
public record ServedDatabase(String name, UnitPhase phase, String detail, long restarts, Optional<Monitor> monitor) {}
