package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sample and table say what the code does. */
class DocumentsTest {
    private static final Path SAMPLE = Path.of("config/refreshd.yaml");
    private static final Path TABLE = Path.of("docs/configuration.md");

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
        // What has no default may be commented out.
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
    void theTableIsTheCodes() throws Exception {
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
