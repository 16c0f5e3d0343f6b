package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationException;
import io.refreshd.config.ConfigurationReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Option;

/** The option {@code --config}, which all verbs share that need a configuration. */
final class ConfigurationFile {
    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration; config/refreshd.yaml is a commented sample.")
    private Path file = Path.of("");

    Path path() {
        return file;
    }

    Configuration read(Map<String, String> environment) throws ConfigurationException, UnreadableFileException {
        try {
            return ConfigurationReader.read(file, environment);
        } catch (IOException e) {
            throw new UnreadableFileException(
                    file, "a configuration file", "config/refreshd.yaml is a sample to start from", e);
        }
    }
}
