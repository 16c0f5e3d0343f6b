package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationException;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.config.DatabaseEntry;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.config.FleetReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options {@code --config} and {@code --database}, which all verbs share that need a configuration. */
final class ConfigurationFile {
    /** Names of databases that a message shows. */
    private static final int SHOWN = 10;

    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration; config/refreshd.yaml is a commented sample.")
    private Path file = Path.of("");

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "The database, where the configuration names several.")
    private @Nullable String database;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    Path path() {
        return file;
    }

    /** The configuration of the one database that is meant. */
    Configuration read(Map<String, String> environment) throws ConfigurationException, UnreadableFileException {
        Optional<FleetConfiguration> fleet = readFleet(environment);
        if (fleet.isPresent()) {
            return chosen(fleet.get());
        }
        if (database != null) {
            throw wrong("--database " + database + ": " + file + " is the configuration of one database");
        }
        try {
            return ConfigurationReader.read(file, environment);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** The configuration of all databases; empty if there is one, or one was chosen. */
    Optional<FleetConfiguration> all(Map<String, String> environment)
            throws ConfigurationException, UnreadableFileException {
        return database == null ? readFleet(environment) : Optional.empty();
    }

    private Optional<FleetConfiguration> readFleet(Map<String, String> environment)
            throws ConfigurationException, UnreadableFileException {
        try {
            return FleetReader.read(file, environment);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private Configuration chosen(FleetConfiguration fleet) throws ConfigurationException {
        if (database == null) {
            throw wrong(file + " names several databases; say which is meant: --database NAME, one of " + names(fleet));
        }
        DatabaseEntry entry = fleet.databases().stream()
                .filter(known -> known.name().equals(database))
                .findFirst()
                .orElseThrow(() ->
                        wrong("--database " + database + ": " + file + " does not name it; it names " + names(fleet)));
        return switch (entry) {
            case DatabaseEntry.Usable usable -> usable.configuration();
            case DatabaseEntry.Unusable bad -> throw bad.problem();
        };
    }

    private static String names(FleetConfiguration fleet) {
        int more = fleet.databases().size() - SHOWN;
        return fleet.databases().stream().limit(SHOWN).map(DatabaseEntry::name).collect(Collectors.joining(", "))
                + (more > 0 ? " and " + more + " more" : "");
    }

    private ParameterException wrong(String what) {
        CommandSpec verb = Objects.requireNonNull(mixee, "picocli sets it before it calls");
        return new ParameterException(verb.commandLine(), verb.name() + ": " + what);
    }

    private UnreadableFileException unreadable(IOException cause) {
        return new UnreadableFileException(
                file, "a configuration file", "config/refreshd.yaml is a sample to start from", cause);
    }
}
