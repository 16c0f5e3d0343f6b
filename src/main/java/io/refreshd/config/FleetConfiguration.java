package io.refreshd.config;

import java.util.List;
import java.util.Optional;

/**
 * The configuration of a daemon that serves several databases.
 *
 * @param databases by name; one that cannot be used is among them
 * @param group empty if the daemon serves all databases
 */
public record FleetConfiguration(
        HttpSettings http, LogSettings log, List<DatabaseEntry> databases, Optional<GroupSettings> group) {
    public FleetConfiguration {
        databases = List.copyOf(databases);
    }
}
