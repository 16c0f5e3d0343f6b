package io.refreshd.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a YAML configuration strictly and reports all its problems at once.
 *
 * <p>Thread: any; an instance lives for one call.
 */
public final class ConfigurationReader {
    private final Section root;
    private final Section process;

    /** @param process holds what belongs to the process: another file if it serves several databases */
    private ConfigurationReader(Section root, Section process) {
        this.root = root;
        this.process = process;
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
        Problems problems = new Problems();
        Configuration configuration = root(file, new Variables(Map.copyOf(environment)), problems)
                .map(ConfigurationReader::single)
                .orElse(null);
        if (configuration == null || !problems.isEmpty()) {
            throw problems.exception(file.toString());
        }
        return configuration;
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
        Variables variables = new Variables(Map.copyOf(environment));
        Configuration configuration = YamlDocument.parse(yaml, problems)
                .map(mapping -> Section.root(mapping, Path.of(fileName), problems, variables))
                .map(ConfigurationReader::single)
                .orElse(null);
        if (configuration == null || !problems.isEmpty()) {
            throw problems.exception(fileName);
        }
        return configuration;
    }

    /** The mapping at the top of a file; empty if a problem was recorded. */
    static Optional<Section> root(Path file, Variables variables, Problems problems) throws IOException {
        try {
            return YamlDocument.parse(Files.readString(file), problems)
                    .map(mapping -> Section.root(mapping, file, problems, variables));
        } catch (CharacterCodingException e) {
            problems.add(1, "", "the file is not UTF-8", "save it as UTF-8");
            return Optional.empty();
        }
    }

    private static Configuration single(Section root) {
        root.rejectUnknown(Key.sections());
        Section databases = root.section("databases");
        for (Key key : List.of(Key.DATABASES_FOLDER, Key.DATABASES_EACH)) {
            if (databases.has(key)) {
                databases.problem(key, "several databases", "name one of them where one is meant");
            }
        }
        databases.rejectUnknown(Key.leaves("databases"));
        GroupReader.read(root.section("fleet"), false);
        return new ConfigurationReader(root, root).configuration();
    }

    /** The configuration of one database of several. @param root over the defaults @param process the file that gives them */
    static Configuration member(Section root, Section process) {
        for (String section : List.of("databases", "fleet", "http", "log")) {
            if (root.hasOwn(section)) {
                root.problem(
                        section,
                        new InvalidValueException(
                                "not of one database",
                                "write it into " + process.file() + ", which is for the whole process"));
            }
        }
        root.rejectUnknown(Key.sections());
        return new ConfigurationReader(root, process).configuration();
    }

    private Configuration configuration() {
        CaptureSettings capture = capture(section("capture"));
        Optional<KafkaSettings> kafka = KafkaReader.read(root.section("kafka"), capture.source());
        Section roleViews = root.section("role-views");
        List<RoleViewTemplate> templates = RoleViewsReader.read(roleViews);
        requireOrder(kafka, templates, roleViews);
        return new Configuration(
                database(section("database")),
                ViewsReader.read(root.section("views")),
                refresh(section("refresh")),
                capture,
                kafka,
                new AuditSettings(section("audit")
                        .orDefault(Key.AUDIT_INTERVAL, Durations::parseMaxStaleness)
                        .bound()),
                http(process),
                log(process),
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
        return known(root, name);
    }

    private static Section known(Section root, String name) {
        Section section = root.section(name);
        section.rejectUnknown(Key.leaves(name));
        return section;
    }

    private static DatabaseSettings database(Section section) {
        Section login = section.holding(Key.DATABASE_PASSWORD, Key.DATABASE_PASSWORD_FILE);
        if (login.has(Key.DATABASE_PASSWORD) && login.has(Key.DATABASE_PASSWORD_FILE)) {
            login.problem(Key.DATABASE_PASSWORD_FILE, "given together with password", "write only one of the two");
        }
        // A missing value is recorded as a problem, so the settings that are built here are never returned.
        return new DatabaseSettings(
                section.required(Key.DATABASE_URL, JdbcUrl::parse).orElse(""),
                section.required(Key.DATABASE_USER, ValueParsers::text).orElse(""),
                login.given(Key.DATABASE_PASSWORD, Secret::new)
                        .or(() ->
                                login.given(Key.DATABASE_PASSWORD_FILE, text -> PasswordFile.read(login.file(), text)))
                        .orElse(Secret.EMPTY));
    }

    static LogSettings log(Section process) {
        return new LogSettings(known(process, "log").orDefault(Key.LOG_VALUES, ValueParsers::flag));
    }

    static HttpSettings http(Section process) {
        Section section = known(process, "http");
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
