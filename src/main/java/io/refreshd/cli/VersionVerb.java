package io.refreshd.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "version",
        description = "Prints the versions of refreshd and of Java.",
        footerHeading = "%nExamples:%n",
        footer = {"  refreshd version", "  refreshd version --json | jq -r .version"})
final class VersionVerb implements Callable<Integer> {
    /** Maven writes this file into the JAR. It is missing when the classes are run from a folder. */
    private static final String PROPERTIES = "/META-INF/maven/io.refreshd/refreshd/pom.properties";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        String java = Runtime.version().toString();
        Output.of(spec)
                .println(
                        json
                                ? Json.text(
                                        Json.object().put("version", version()).put("java", java))
                                : "refreshd " + version() + " (Java " + java + ")");
        return ExitCode.OK.code();
    }

    private static String version() throws IOException {
        try (InputStream file = VersionVerb.class.getResourceAsStream(PROPERTIES)) {
            Properties properties = new Properties();
            if (file != null) {
                properties.load(file);
            }
            return properties.getProperty("version", "in development");
        }
    }
}
