package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Compares the sample configuration and the tables of docs/configuration.md with the code. */
class DocumentsTest {
    private static final Path SAMPLE = Path.of("config/refreshd.yaml");
    private static final Path TABLE = Path.of("docs/configuration.md");
    private static final Pattern VARIABLE = Pattern.compile("\\b(?:REFRESHD_[A-Z_]+|NO_COLOR)\\b");

    @Test
    void theSampleHoldsTheDefaults() throws Exception {
        String least = """
                database:
                  url: jdbc:postgresql://localhost:5432/app
                  user: refreshd
                  password: s
                """;
        assertThat(ConfigurationReader.read(SAMPLE, Map.of("REFRESHD_DB_PASSWORD", "s")))
                .isEqualTo(ConfigurationReader.read(least, "f.yaml", Map.of()));
    }

    @ParameterizedTest
    @EnumSource
    void theSampleHoldsEveryKey(Key key) throws Exception {
        String section = Files.readString(SAMPLE)
                .split("(?m)^" + key.section() + ":\n", 2)[1]
                .split("(?m)^\\w", 2)[0];
        // A key without a default may be commented out.
        String start = key.isRequired() || key.fallback().isPresent() ? "(?m)^  " : "(?m)^  (# )?";
        assertThat(section).containsPattern(start + key.leaf() + ": ");
        key.fallback().ifPresent(value -> assertThat(section).contains("\n  " + key.leaf() + ": " + value + "\n"));
    }

    @Test
    void theOverridesOfTheSampleCanBeUsed() throws Exception {
        String overrides = Files.readString(SAMPLE)
                .lines()
                .filter(line -> line.startsWith("  #   "))
                .map(line -> "  " + line.substring(6))
                .collect(Collectors.joining("\n"));
        assertThat(ConfigurationReader.read(
                                "database: { url: 'jdbc:postgresql://db/app', user: u }\nviews:\n" + overrides,
                                "f.yaml",
                                Map.of())
                        .views()
                        .overrides())
                .hasSize(2);
    }

    @Test
    void theTableOfRoleViewsMatchesTheCode() throws Exception {
        assertThat(firstColumn("Role views")).containsExactlyInAnyOrderElementsOf(RoleViewsReader.KEYS);
    }

    /**
     * The variables that program, launcher and health check read. The variable of the password is not among them: its name is
     * the choice of the configuration file.
     */
    @Test
    void theTableOfVariablesMatchesTheCode() throws Exception {
        Set<String> read = new TreeSet<>();
        try (Stream<Path> sources = Files.walk(Path.of("src/main"))) {
            for (Path file : Stream.concat(
                            sources.filter(Files::isRegularFile),
                            Stream.of(Path.of("refreshd"), Path.of("config/container/healthcheck")))
                    .toList()) {
                VARIABLE.matcher(Files.readString(file)).results().forEach(found -> read.add(found.group()));
            }
        }
        read.remove("REFRESHD_DB_PASSWORD");
        assertThat(firstColumn("Environment")).containsExactlyInAnyOrderElementsOf(read);
    }

    private static List<String> firstColumn(String title) throws Exception {
        String section =
                Files.readString(TABLE).split("(?m)^## " + title + "$", 2)[1].split("(?m)^## ", 2)[0];
        return Pattern.compile("(?m)^\\| `([^`]+)` \\|")
                .matcher(section)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void theTableOfKeysMatchesTheCode() throws Exception {
        String expected = Arrays.stream(Key.values())
                .map(key -> "| `%s` | %s | %s | %s |"
                        .formatted(
                                key.path(),
                                key.kind().label(),
                                key.isRequired()
                                        ? "required"
                                        : key.fallback().map(f -> "`" + f + "`").orElse("–"),
                                key.meaning()))
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(TABLE)).contains(expected);
    }
}
