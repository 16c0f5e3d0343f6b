package io.refreshd.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.nodes.MappingNode;

/**
 * Reads a YAML configuration strictly and reports all its problems at once.
 *
 * <p>Thread: any; an instance lives for one call.
 */
public final class ConfigurationReader {
    private final Section root;
    private final Path file;

    private ConfigurationReader(Section root, Path file) {
        this.root = root;
        this.file = file;
    }

    /**
     * Reads a configuration file.
     *
     * @param environment the variables that {@code ${NAME}} stands for
     * @throws IOException if the file cannot be read
     * @throws ConfigurationException if its content is not a valid configuration
     */
    public static Configuration read(Path file, Map<String, String> environment)
            throws ConfigurationException, IOException {
        try {
            return read(Files.readString(file), file.toString(), environment);
        } catch (CharacterCodingException e) {
            Problems problems = new Problems();
            problems.add(1, "", "the file is not UTF-8", "save it as UTF-8");
            throw problems.exception(file.toString());
        }
    }

    /**
     * Reads a configuration from text.
     *
     * @param fileName name shown in messages; a relative {@code password-file} is resolved against its folder
     * @throws ConfigurationException with all problems of the text
     */
    public static Configuration read(String yaml, String fileName, Map<String, String> environment)
            throws ConfigurationException {
        Problems problems = new Problems();
        Optional<MappingNode> mapping = YamlDocument.parse(yaml, problems);
        if (mapping.isEmpty()) {
            throw problems.exception(fileName);
        }
        Section root = Section.root(mapping.get(), problems, new Variables(Map.copyOf(environment)));
        Configuration configuration = new ConfigurationReader(root, Path.of(fileName)).configuration();
        if (!problems.isEmpty()) {
            throw problems.exception(fileName);
        }
        return configuration;
    }

    private Configuration configuration() {
        root.rejectUnknown(Key.sections());
        CaptureSettings capture = capture(section("capture"));
        Optional<KafkaSettings> kafka = KafkaReader.read(root.section("kafka"), capture.source(), file);
        Section roleViews = root.section("role-views");
        List<RoleViewTemplate> templates = RoleViewsReader.read(roleViews);
        requireOrder(kafka, templates, roleViews);
        return new Configuration(
                database(section("database"), file),
                ViewsReader.read(root.section("views")),
                refresh(section("refresh")),
                capture,
                kafka,
                new AuditSettings(section("audit")
                        .orDefault(Key.AUDIT_INTERVAL, Durations::parseMaxStaleness)
                        .bound()),
                http(section("http")),
                new LogSettings(section("log").orDefault(Key.LOG_VALUES, ValueParsers::flag)),
                new MetricsSettings(section("metrics").list(Key.METRICS_GROUPS, ViewPattern::parse)),
                templates);
    }

    private static void requireOrder(
            Optional<KafkaSettings> kafka, List<RoleViewTemplate> templates, Section roleViews) {
        boolean several = kafka.filter(settings -> !settings.topics().isName()).isPresent();
        if (several
                && templates.stream().anyMatch(view -> view.definition().kind() == RoleViewTemplate.Kind.INCREMENTAL)) {
            roleViews.problem(
                    Key.ROLE_VIEWS_TEMPLATES,
                    "an incremental view needs changes in the order of the log",
                    "name one topic in kafka.topics, without *");
        }
    }

    private Section section(String name) {
        Section section = root.section(name);
        section.rejectUnknown(Key.leaves(name));
        return section;
    }

    private static DatabaseSettings database(Section section, Path file) {
        if (section.has(Key.DATABASE_PASSWORD) && section.has(Key.DATABASE_PASSWORD_FILE)) {
            section.problem(Key.DATABASE_PASSWORD_FILE, "given together with password", "write only one of the two");
        }
        // A missing value is recorded as a problem, so the settings that are built here are never returned.
        return new DatabaseSettings(
                section.required(Key.DATABASE_URL, JdbcUrl::parse).orElse(""),
                section.required(Key.DATABASE_USER, ValueParsers::text).orElse(""),
                section.given(Key.DATABASE_PASSWORD, Secret::new)
                        .or(() -> section.given(Key.DATABASE_PASSWORD_FILE, text -> PasswordFile.read(file, text)))
                        .orElse(Secret.EMPTY));
    }

    private static HttpSettings http(Section section) {
        HttpSettings listen = section.orDefault(Key.HTTP_LISTEN, ValueParsers::listen);
        return new HttpSettings(
                listen.host(), listen.port(), section.list(Key.HTTP_ALLOWED_HOSTS, ValueParsers::allowedHost));
    }

    private static RefreshSettings refresh(Section section) {
        return new RefreshSettings(
                section.orDefault(Key.REFRESH_MAX_CONCURRENT, ValueParsers::maxConcurrent),
                section.orDefault(Key.REFRESH_LOCK_TIMEOUT, Durations::parseTimeout),
                section.orDefault(Key.REFRESH_LOCK_PATIENCE, Durations::parseMaxStaleness)
                        .bound(),
                section.orDefault(Key.REFRESH_STATEMENT_TIMEOUT, Durations::parseTimeout));
    }

    private static CaptureSettings capture(Section section) {
        return new CaptureSettings(
                section.orDefault(Key.CAPTURE_SOURCE, ValueParsers::source),
                section.orDefault(Key.CAPTURE_SLOT, ValueParsers::slot),
                section.orDefault(Key.CAPTURE_PUBLICATION, ValueParsers::publication),
                section.orDefault(Key.CAPTURE_HEARTBEAT_INTERVAL, Durations::parsePositive),
                section.orDefault(Key.CAPTURE_CATALOG_POLL_INTERVAL, Durations::parsePollInterval),
                section.orDefault(Key.CAPTURE_MAX_RETAINED, Sizes::parse));
    }
}
