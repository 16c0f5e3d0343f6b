package io.refreshd.supply;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.refreshd.capture.ConnectorConfiguration;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.config.KafkaSettings;
import io.refreshd.doctor.StartupRequirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The Compose files, read strictly: an unknown or duplicate key, a file, service or health check that does not exist, or a name that two
 * files write differently fails.
 *
 * <p><em>Source:</em> the Compose specification, as far as the files use it.
 */
class ComposeTest {
    private static final String TOP = "docker-compose.yml";
    private static final String KAFKA = "config/compose/kafka.yml";
    private static final String CONFIGURATION = "/etc/refreshd/refreshd.yaml";
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z_]+):-([^}]*)}");

    record Compose(Map<String, Service> services) {}

    record Service(
            String image,
            @Nullable String build,
            @Nullable List<String> command,
            @Nullable List<String> entrypoint,
            @Nullable Map<String, String> environment,
            @Nullable List<String> volumes,
            @Nullable List<String> ports,
            @JsonProperty("read_only") @Nullable Boolean readOnly,
            @JsonProperty("cap_drop") @Nullable List<String> capDrop,
            @JsonProperty("security_opt") @Nullable List<String> securityOpt,
            @JsonProperty("mem_limit") @Nullable String memory,
            @JsonProperty("stop_grace_period") @Nullable String grace,
            @JsonProperty("depends_on") @Nullable Map<String, Dependency> dependsOn,
            @Nullable HealthCheck healthcheck,
            @Nullable String restart) {

        /** Where each mounted file stands in the container, and here. */
        Map<String, Path> mounts(Path folder) {
            Map<String, Path> mounts = new HashMap<>();
            for (String volume : list(volumes)) {
                String[] parts = volume.split(":");
                assertThat(parts).as(volume).hasSize(3);
                assertThat(parts[2]).as(volume).isEqualTo("ro");
                mounts.put(parts[1], folder.resolve(parts[0]).normalize());
            }
            return mounts;
        }

        /** With the defaults of variables. */
        Map<String, String> variables() {
            Map<String, String> variables = new HashMap<>();
            Map.copyOf(environment == null ? Map.of() : environment)
                    .forEach((name, value) ->
                            variables.put(name, VARIABLE.matcher(value).replaceAll("$2")));
            return variables;
        }
    }

    record Dependency(String condition) {}

    record HealthCheck(List<String> test, String interval, String timeout, int retries) {}

    private static <T> List<T> list(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }

    private static Map<String, Service> services(String file) throws IOException {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        Object read = new Yaml(new SafeConstructor(options)).load(Files.readString(Path.of(file)));
        ObjectMapper mapper = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        return new TreeMap<>(mapper.convertValue(read, Compose.class).services());
    }

    private static Path folder(String file) {
        Path parent = Path.of(file).getParent();
        return parent == null ? Path.of("") : parent;
    }

    @ParameterizedTest
    @ValueSource(strings = {TOP, KAFKA})
    void whatIsNamedIsThereAndIsReachedFromThisMachineAlone(String file) throws IOException {
        Map<String, Service> services = services(file);
        Set<String> published = new HashSet<>();
        services.forEach((name, service) -> {
            assertThat(service.image()).as(name).matches("refreshd|[a-z]+\\.io/[a-z/]+:v?[0-9][0-9A-Za-z.]*");
            assertThat(service.mounts(folder(file)).values()).as(name).allMatch(Files::exists);
            for (String port : list(service.ports())) {
                assertThat(port).as(name).matches("127\\.0\\.0\\.1:[0-9]+:[0-9]+");
                assertThat(published.add(port.split(":")[1]))
                        .as(port + " is free")
                        .isTrue();
            }
            if (service.dependsOn() != null) {
                service.dependsOn().forEach((needed, dependency) -> {
                    assertThat(services).as(name).containsKey(needed);
                    Service other = requireNonNull(services.get(needed));
                    if (dependency.condition().equals("service_healthy")) {
                        assertThat(other.healthcheck()).as(needed).isNotNull();
                    } else {
                        assertThat(dependency.condition()).isEqualTo("service_completed_successfully");
                        assertThat(other.restart()).as(needed + " ends").isNull();
                    }
                });
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {TOP, KAFKA})
    void eachDaemonIsConfinedAndHasAConfigurationThatIsRight(String file) throws Exception {
        Map<String, Service> services = services(file);
        Set<String> daemons = new HashSet<>();
        for (Map.Entry<String, Service> entry : services.entrySet()) {
            Service service = entry.getValue();
            if (!service.image().equals("refreshd")) {
                continue;
            }
            daemons.add(entry.getKey() + ":9464");
            assertThat(Files.exists(folder(file)
                            .resolve(String.valueOf(service.build()))
                            .resolve("Dockerfile")))
                    .isTrue();
            assertThat(service.readOnly()).isTrue();
            assertThat(service.capDrop()).containsExactly("ALL");
            assertThat(service.securityOpt()).containsExactly("no-new-privileges:true");
            assertThat(service.memory()).as("twice the heap of the launcher").isEqualTo("384m");
            assertThat(service.grace()).isEqualTo("30s");
            assertThat(list(service.ports())).singleElement().asString().endsWith(":9464");
            Map<String, Path> mounts = service.mounts(folder(file));
            String yaml = Files.readString(requireNonNull(mounts.get(CONFIGURATION)));
            for (Map.Entry<String, Path> mount : mounts.entrySet()) {
                yaml = yaml.replace(
                        mount.getKey(), mount.getValue().toAbsolutePath().toString());
            }
            Configuration configuration = ConfigurationReader.read(yaml, CONFIGURATION, service.variables());
            assertThat(configuration.http().host() + ":" + configuration.http().port())
                    .isEqualTo("0.0.0.0:9464");
            assertThat(configuration.http().allowedHosts()).contains(entry.getKey());
            assertThat(services)
                    .containsKey(
                            StartupRequirements.settings(configuration).server().host());
            if (configuration.kafka().isPresent()) {
                connector(configuration, configuration.kafka().get(), services);
            }
        }
        assertThat(scraped(requireNonNull(services.get("prometheus")), file))
                .containsExactlyInAnyOrderElementsOf(daemons);
    }

    /** The connector's settings are those that refreshd checks at its start, and what they name is there. */
    private static void connector(Configuration configuration, KafkaSettings kafka, Map<String, Service> services) {
        ConnectorConfiguration settings = ConnectorConfiguration.read(kafka);
        assertThat(settings.obstacles(StartupRequirements.settings(configuration), kafka.topics()))
                .isEmpty();
        assertThat(services)
                .containsKeys(
                        kafka.bootstrapServers().split(":")[0],
                        String.valueOf(settings.settings().get("database.hostname")));
        Service worker = requireNonNull(services.get("connect"));
        assertThat(worker.variables()).containsEntry("BOOTSTRAP_SERVERS", kafka.bootstrapServers());
        Matcher password = Pattern.compile("\\$\\{env:([A-Z_]+)}")
                .matcher(String.valueOf(settings.settings().get("database.password")));
        assertThat(password.matches()).as("no password in the file").isTrue();
        assertThat(worker.variables()).containsKey(password.group(1));
        Service starter = requireNonNull(services.get("connector"));
        assertThat(starter.mounts(Path.of("config/compose").toAbsolutePath())).containsValue(kafka.connector());
        assertThat(starter.image()).as("one download").isEqualTo(worker.image());
    }

    private static List<String> scraped(Service prometheus, String file) throws IOException {
        Path configuration = requireNonNull(prometheus.mounts(folder(file)).get("/etc/prometheus/prometheus.yml"));
        JsonNode read = new YAMLMapper().readTree(configuration.toFile());
        List<String> targets = new ArrayList<>();
        read.findValues("targets").forEach(found -> found.forEach(target -> targets.add(target.asText())));
        return targets;
    }

    /** The script makes what connector and daemons are told to use. */
    @Test
    void theDatabaseOfTheTopicsHasSlotPublicationAndRole() throws IOException {
        String script = Files.readString(Path.of("config/compose/kafka/postgres.sh"));
        JsonNode connector = new ObjectMapper()
                .readTree(Path.of("config/compose/kafka/connector.json").toFile());
        assertThat(script)
                .contains(
                        "pg_create_logical_replication_slot('"
                                + connector.get("slot.name").asText() + "', 'pgoutput')",
                        "CREATE ROLE " + connector.get("database.user").asText() + " LOGIN REPLICATION");
        Matcher published = Pattern.compile("CREATE PUBLICATION "
                        + connector.get("publication.name").asText() + " FOR TABLE ([^;]+);")
                .matcher(script);
        assertThat(published.find()).isTrue();
        try (Stream<String> lines = Files.lines(Path.of("config/compose/app.sql"))) {
            assertThat(published.group(1).split(", "))
                    .as("every table that a view may read")
                    .containsExactlyInAnyOrderElementsOf(lines.filter(line -> line.startsWith("CREATE TABLE "))
                            .map(line -> line.split(" ")[2])
                            .toList());
        }
    }
}
