package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.model.FullRecompute;
import io.refreshd.model.Method;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationReaderTest {
    private static final String LEAST = """
            database:
              url: jdbc:postgresql://db/app
              user: refreshd
            """;

    @Test
    void fillsInDefaults() throws Exception {
        assertThat(read(LEAST))
                .isEqualTo(new Configuration(
                        new DatabaseSettings("jdbc:postgresql://db/app", "refreshd", Secret.EMPTY),
                        new ViewsSettings(
                                List.of(ViewPattern.of("*.*")),
                                List.of(),
                                new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.empty()),
                                Method.CONCURRENT,
                                Optional.of(Duration.ofSeconds(60)),
                                FullRecompute.ALLOW,
                                false,
                                List.of(),
                                List.of()),
                        new RefreshSettings(
                                2, Duration.ofSeconds(2), Optional.of(Duration.ofSeconds(1)), Duration.ofMinutes(10)),
                        new CaptureSettings(
                                CaptureSettings.Source.PGOUTPUT,
                                "refreshd",
                                "refreshd",
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(1),
                                OptionalLong.of(10L << 30)),
                        Optional.empty(),
                        new AuditSettings(Optional.empty()),
                        new HttpSettings("127.0.0.1", 9464),
                        new LogSettings(false),
                        MetricsSettings.NONE,
                        List.of()));
    }

    @Test
    void readsEveryKey() throws Exception {
        Configuration configuration = read("""
                database: { url: "jdbc:postgresql://db/app", user: u, password: p }
                views:
                  include: [public.*, 'sales."Monthly.Totals"']
                  exclude: ['public.old_?']
                  quiet-period: 0ms
                  target-lag: 1m
                  max-staleness: 1d
                  untracked-max-staleness: none
                  method: plain
                  window: 22:00-06:00  Europe/Berlin
                  schedule: none
                  full-recompute: never
                  notify: true
                  overrides:
                    public.*: { quiet-period: 1s, target-lag: 2s, max-staleness: none, window: none, schedule: "0 3 * * * UTC", method: concurrent, full-recompute: allow, notify: false }
                  together: [[public.a, 'public."B"".c"'], ['public."Monthly.Totals"', public.d]]
                refresh: { max-concurrent: 3, lock-timeout: 1s, lock-patience: none, statement-timeout: 1h }
                capture: { slot: s_1, publication: Odd Name, heartbeat-interval: 2s, catalog-poll-interval: 3s }
                audit: { interval: 4m }
                http: { listen: "[::1]:0", allowed-hosts: [Refreshd.example.com, "*"] }
                log: { values: true }
                """);

        assertThat(configuration)
                .isEqualTo(new Configuration(
                        new DatabaseSettings("jdbc:postgresql://db/app", "u", new Secret("p")),
                        new ViewsSettings(
                                List.of(ViewPattern.of("public.*"), ViewPattern.of("sales.\"Monthly.Totals\"")),
                                List.of(ViewPattern.of("public.old_?")),
                                new Timing(
                                        Duration.ZERO,
                                        Duration.ofMinutes(1),
                                        Optional.of(Duration.ofDays(1)),
                                        Optional.of(WindowParser.parse("22:00-06:00 Europe/Berlin")),
                                        Optional.empty()),
                                Method.PLAIN,
                                Optional.empty(),
                                FullRecompute.NEVER,
                                true,
                                List.of(new ViewOverride(
                                        ViewPattern.of("public.*"),
                                        Optional.of(Duration.ofSeconds(1)),
                                        Optional.of(Duration.ofSeconds(2)),
                                        Optional.of(new MaxStaleness(Optional.empty())),
                                        Optional.of(new OrNone<>(Optional.empty())),
                                        Optional.of(new OrNone<>(Optional.of(CronParser.parse("0 3 * * * UTC")))),
                                        Optional.of(Method.CONCURRENT),
                                        Optional.of(FullRecompute.ALLOW),
                                        Optional.of(false))),
                                List.of(
                                        List.of(new ViewId("public", "a"), new ViewId("public", "B\".c")),
                                        List.of(new ViewId("public", "Monthly.Totals"), new ViewId("public", "d")))),
                        new RefreshSettings(3, Duration.ofSeconds(1), Optional.empty(), Duration.ofHours(1)),
                        new CaptureSettings(
                                CaptureSettings.Source.PGOUTPUT,
                                "s_1",
                                "Odd Name",
                                Duration.ofSeconds(2),
                                Duration.ofSeconds(3),
                                OptionalLong.of(10L << 30)),
                        Optional.empty(),
                        new AuditSettings(Optional.of(Duration.ofMinutes(4))),
                        new HttpSettings("::1", 0, List.of("refreshd.example.com", "*")),
                        new LogSettings(true),
                        MetricsSettings.NONE,
                        List.of()));
        assertThat(configuration.http()).hasToString("[::1]:0");
    }

    @Test
    void takesSectionsWithoutKeysForDefaults() throws Exception {
        assertThat(read(LEAST + "views:\nrefresh: {}\nhttp:\n  # nothing yet\n"))
                .isEqualTo(read(LEAST));
    }

    @Test
    void expandsVariables() throws Exception {
        String yaml = """
                database:
                  url: jdbc:postgresql://${HOST:-localhost}:${PORT:-5432}/${NAME}
                  user: $${USER}$
                  password: ${PASSWORD}
                refresh: { max-concurrent: "${EMPTY:-4}" }
                """;
        Configuration configuration = ConfigurationReader.read(
                yaml, "f.yaml", Map.of("HOST", "db", "NAME", "a$1\\b", "PASSWORD", "${NAME}", "EMPTY", ""));

        assertThat(configuration.database())
                .isEqualTo(new DatabaseSettings("jdbc:postgresql://db:5432/a$1\\b", "${USER}$", new Secret("${NAME}")));
        assertThat(configuration.refresh().maxConcurrent()).isEqualTo(4);
    }

    @Test
    void takesPasswordsAsTheyAreWritten() throws Exception {
        for (String password : List.of("0123", "1e3", "true", "1_000", "2026-01-01")) {
            assertThat(read(LEAST + "  password: " + password).database().password())
                    .isEqualTo(new Secret(password));
        }
    }

    @Test
    void readsThePasswordFromAFileBesideIt(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("refreshd.yaml"), LEAST + "  password-file: secret");
        for (String content : List.of("pa ss", "pa ss\n", "pa ss\r\n")) {
            Files.writeString(folder.resolve("secret"), content);
            assertThat(ConfigurationReader.read(file, Map.of()).database().password())
                    .isEqualTo(new Secret("pa ss"));
        }
        Files.writeString(folder.resolve("secret"), "pass\n\n");
        assertThat(ConfigurationReader.read(file, Map.of()).database().password())
                .isEqualTo(new Secret("pass\n"));
    }

    @Test
    void saysWhenThereIsNoFile(@TempDir Path folder) {
        assertThatThrownBy(() -> ConfigurationReader.read(folder.resolve("none.yaml"), Map.of()))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void saysWhenTheFileIsNoText(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("f.yaml"), new byte[] {'a', ':', (byte) 0xFF});
        assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of()))
                .hasMessage(file + " has a problem:\n  line 1: the file is not UTF-8; save it as UTF-8");
    }

    @Test
    void laterOverridesWinKeyByKey() throws Exception {
        ViewsSettings views = read(LEAST + """
                        views:
                          max-staleness: 1h
                          overrides:
                            public.*: { target-lag: 3s, method: plain }
                            public.a*: { quiet-period: 2s, target-lag: 2s, max-staleness: none }
                            public.ab: { target-lag: 1s }
                        """).views();

        assertThat(views.timingOf(new ViewId("other", "x")))
                .isEqualTo(new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.of(Duration.ofHours(1))));
        assertThat(views.timingOf(new ViewId("public", "x")).targetLag()).isEqualTo(Duration.ofSeconds(3));
        assertThat(views.timingOf(new ViewId("public", "ax")))
                .isEqualTo(new Timing(Duration.ofSeconds(2), Duration.ofSeconds(2), Optional.empty()));
        assertThat(views.methodOf(new ViewId("public", "ab"))).isEqualTo(Method.PLAIN);
        // The quiet period comes from one override, the target lag from another: the target lag bounds both.
        assertThat(views.timingOf(new ViewId("public", "ab")))
                .isEqualTo(new Timing(Duration.ofSeconds(1), Duration.ofSeconds(1), Optional.empty()));
    }

    @Test
    void boundsTheStalenessOfUntrackedViews() throws Exception {
        ViewsSettings views = read(LEAST + "views: { overrides: { a.b: { max-staleness: 2s } } }")
                .views();

        assertThat(views.timingOf(new ViewId("a", "c")).maxStaleness()).isEmpty();
        assertThat(views.timingOfUntracked(new ViewId("a", "c")).maxStaleness()).contains(Duration.ofSeconds(60));
        assertThat(views.timingOfUntracked(new ViewId("a", "b")).maxStaleness()).contains(Duration.ofSeconds(2));
    }

    @Test
    void includesWhatIsNotExcluded() throws Exception {
        ViewsSettings views = read(LEAST + "views: { include: [a.*, b.*], exclude: ['*.x*'] }")
                .views();

        assertThat(views.includes(new ViewId("a", "v"))).isTrue();
        assertThat(views.includes(new ViewId("b", "v"))).isTrue();
        assertThat(views.includes(new ViewId("b", "xv"))).isFalse();
        assertThat(views.includes(new ViewId("c", "v"))).isFalse();
    }

    private static Configuration read(String yaml) throws ConfigurationException {
        return ConfigurationReader.read(yaml, "f.yaml", Map.of());
    }

    @Test
    void readsTheTopics(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("refreshd.yaml");
        Path connector = Files.writeString(folder.resolve("connector.json"), "{}");
        Files.writeString(file, LEAST + """
                capture: { source: kafka, slot: debezium, publication: dbz }
                kafka:
                  bootstrap-servers: "a:1, [::1]:2"
                  topics: app.*
                  connector: connector.json
                  client: { security.protocol: SASL_SSL, sasl.jaas.config: '${JAAS}' }
                """);
        Configuration configuration = ConfigurationReader.read(file, Map.of("JAAS", "s3cret"));
        assertThat(configuration.capture().source()).isEqualTo(CaptureSettings.Source.KAFKA);
        assertThat(configuration.kafka())
                .contains(new KafkaSettings(
                        "a:1, [::1]:2",
                        new TopicPattern("app.*"),
                        "refreshd",
                        connector,
                        false,
                        Map.of("security.protocol", new Secret("SASL_SSL"), "sasl.jaas.config", new Secret("s3cret"))));
        assertThat(configuration.toString()).doesNotContain("s3cret");
        TopicPattern topics = configuration.kafka().orElseThrow().topics();
        assertThat(topics.matches("app.public.t")).isTrue();
        assertThat(topics.matches("appXpublic")).isFalse();
        assertThat(topics.matches("my.app.public")).isFalse();
    }
}
