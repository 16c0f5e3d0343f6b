package io.refreshd.config;

import java.util.Optional;

/**
 * One database of several: its configuration, or why it has none.
 *
 * @param name unique among the databases of a configuration: up to 64 letters, digits, dots, hyphens and underscores
 */
public sealed interface DatabaseEntry {
    String name();

    /** Empty if it cannot be used. */
    default Optional<Configuration> usable() {
        return this instanceof Usable entry ? Optional.of(entry.configuration()) : Optional.empty();
    }

    record Usable(String name, Configuration configuration) implements DatabaseEntry {}

    record Unusable(String name, ConfigurationException problem) implements DatabaseEntry {}
}
