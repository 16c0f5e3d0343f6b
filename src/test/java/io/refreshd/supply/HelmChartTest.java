package io.refreshd.supply;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.refreshd.capture.ConnectorConfiguration;
import io.refreshd.config.Configuration;
import io.refreshd.config.ConfigurationReader;
import io.refreshd.config.DatabaseEntry;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.config.FleetReader;
import io.refreshd.config.HttpSettings;
import io.refreshd.doctor.StartupRequirements;
import io.refreshd.testing.Installed;
import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The Helm chart: what it makes is read strictly by a model of Kubernetes, and may not contradict the image or the configuration's keys.
 */
class HelmChartTest {
    private static final Path CHART = Path.of("config", "helm", "refreshd");
    private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.of(
            "v1 ConfigMap", ConfigMap.class,
            "v1 Service", Service.class,
            "apps/v1 Deployment", Deployment.class,
            "policy/v1 PodDisruptionBudget", PodDisruptionBudget.class);

    /** The classes of the model take unknown keys into a map, unless they are told not to. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return false;
                }
            })
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    @TempDir
    private Path folder;

    private record Output(int code, String text) {}

    @BeforeAll
    static void helm() {
        Installed.orSkip("helm");
    }

    private static Output helm(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("helm"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Output(TestTimeout.exitCode(process), text);
    }

    private static String values(String mode) {
        return CHART.resolve("ci").resolve(mode + "-values.yaml").toString();
    }

    private static List<HasMetadata> rendered(String mode, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("template", "orders", CHART.toString(), "--namespace", "data", "--values", values(mode)));
        arguments.addAll(List.of(more));
        Output output = helm(arguments.toArray(String[]::new));
        assertThat(output.code()).as(output.text()).isZero();
        List<HasMetadata> objects = new ArrayList<>();
        YAMLMapper yaml = new YAMLMapper();
        try (var documents = yaml.readerFor(JsonNode.class).<JsonNode>readValues(output.text())) {
            while (documents.hasNext()) {
                JsonNode read = documents.next();
                String kind = read.path("apiVersion").asText() + " "
                        + read.path("kind").asText();
                assertThat(KINDS).containsKey(kind);
                objects.add(STRICT.convertValue(read, requireNonNull(KINDS.get(kind))));
            }
        }
        return objects;
    }

    private static <T> List<T> all(List<HasMetadata> objects, Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static <T> T one(List<HasMetadata> objects, Class<T> kind) {
        assertThat(all(objects, kind)).hasSize(1);
        return all(objects, kind).getFirst();
    }

    private static PodSpec pod(List<HasMetadata> objects) {
        return one(objects, Deployment.class).getSpec().getTemplate().getSpec();
    }

    private static Container refreshd(List<HasMetadata> objects) {
        return pod(objects).getContainers().stream()
                .filter(container -> container.getName().equals("refreshd"))
                .findFirst()
                .orElseThrow();
    }

    private static String image(String pattern) throws IOException {
        Matcher found = Pattern.compile("(?m)^" + pattern).matcher(Files.readString(Path.of("Dockerfile")));
        assertThat(found.find()).as(pattern).isTrue();
        return found.group(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"deployment", "sidecar", "fleet", "topics"})
    void fitsTheImage(String mode) throws Exception {
        assertThat(helm("lint", "--strict", CHART.toString(), "--values", values(mode)))
                .satisfies(lint -> assertThat(lint.code()).as(lint.text()).isZero());
        List<HasMetadata> objects = rendered(mode);
        assertThat(objects)
                .allSatisfy(object ->
                        assertThat(object.getMetadata().getNamespace()).isEqualTo("data"));
        Container container = refreshd(objects);
        assertThat(image("ARG VERSION=(.*)"))
                .startsWith(container.getImage().replaceFirst("refreshd:", ""))
                .matches("[0-9.]+(-SNAPSHOT)?");
        assertThat(container.getPorts())
                .singleElement()
                .satisfies(port -> assertThat(port.getContainerPort()).hasToString(unchecked("EXPOSE (.*)")));
        SecurityContext security = container.getSecurityContext();
        assertThat(security.getRunAsUser() + ":" + security.getRunAsGroup()).isEqualTo(image("USER (.*)\nEXPOSE"));
        assertThat(security.getRunAsNonRoot()).isTrue();
        assertThat(security.getReadOnlyRootFilesystem()).isTrue();
        assertThat(security.getAllowPrivilegeEscalation()).isFalse();
        assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(security.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        String alive = image("HEALTHCHECK .*CMD \\[\"healthcheck\", \"(.*)\"]");
        assertThat(List.of(container.getStartupProbe(), container.getLivenessProbe()))
                .extracting(probe -> probe.getHttpGet().getPath())
                .containsOnly(alive);
        // Who stands by is never ready, and a stale view is no reason to take an application out of service.
        Probe ready = container.getReadinessProbe();
        assertThat(ready == null ? "" : ready.getHttpGet().getPath())
                .isEqualTo(mode.equals("deployment") ? "/readyz" : "");
        assertThat(container.getResources().getLimits()).containsEntry("memory", new Quantity("384Mi"));
        assertThat(container.getVolumeMounts())
                .allSatisfy(mount -> assertThat(mount.getReadOnly()).isTrue());
        assertThat(pod(objects).getTerminationGracePeriodSeconds()).isEqualTo(30);
        assertThat(pod(objects).getVolumes())
                .extracting(volume -> volume.getName())
                .containsAll(container.getVolumeMounts().stream()
                        .map(mount -> mount.getName())
                        .toList());
        assertThat(image("CMD \\[\"run\", \"--config\", \"(.*)\"]"))
                .as("the file that is mounted")
                .isEqualTo(container.getVolumeMounts().getFirst().getMountPath() + "/refreshd.yaml");
    }

    private static String unchecked(String pattern) {
        try {
            return image(pattern);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The daemon's own reader takes the files, as they are mounted. */
    @ParameterizedTest
    @ValueSource(strings = {"deployment", "sidecar", "topics"})
    void writesAConfigurationThatRefreshdTakes(String values) throws Exception {
        List<HasMetadata> objects = rendered(values);
        mount(objects);
        Configuration configuration = ConfigurationReader.read(folder.resolve("refreshd.yaml"), environment(objects));
        listens(objects, configuration.http());
        assertThat(configuration.kafka().isPresent()).isEqualTo(values.equals("topics"));
        configuration
                .kafka()
                .ifPresent(kafka -> assertThat(ConnectorConfiguration.read(kafka)
                                .obstacles(StartupRequirements.settings(configuration), kafka.topics()))
                        .isEmpty());
    }

    @Test
    void writesTheFilesOfSeveralDatabases() throws Exception {
        List<HasMetadata> objects = rendered("fleet");
        mount(objects);
        FleetConfiguration fleet = FleetReader.read(folder.resolve("refreshd.yaml"), environment(objects))
                .orElseThrow();
        listens(objects, fleet.http());
        assertThat(fleet.group()).isPresent();
        assertThat(fleet.databases())
                .allSatisfy(
                        entry -> assertThat(entry.usable()).as(entry.toString()).isPresent())
                .extracting(DatabaseEntry::name)
                .containsExactlyInAnyOrder("orders", "stock");
    }

    /** Writes what the pod mounts into the folder, and the secret's files. */
    private void mount(List<HasMetadata> objects) throws IOException {
        ConfigMap map = one(objects, ConfigMap.class);
        ConfigMapVolumeSource volume = pod(objects).getVolumes().stream()
                .filter(mounted -> mounted.getConfigMap() != null)
                .findFirst()
                .orElseThrow()
                .getConfigMap();
        assertThat(volume.getName()).isEqualTo(map.getMetadata().getName());
        Map<String, String> paths = new HashMap<>();
        volume.getItems().forEach(item -> paths.put(item.getKey(), item.getPath()));
        if (paths.isEmpty()) {
            map.getData().keySet().forEach(key -> paths.put(key, key));
        }
        assertThat(paths).containsOnlyKeys(map.getData().keySet());
        for (Map.Entry<String, String> path : paths.entrySet()) {
            String text = requireNonNull(map.getData().get(path.getKey()));
            for (VolumeMount mount : refreshd(objects).getVolumeMounts()) {
                text = text.replace(mount.getMountPath() + "/", folder + "/");
            }
            Path file = folder.resolve(path.getValue());
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
        for (String password : List.of("password", "stock")) {
            Files.writeString(folder.resolve(password), "secret");
        }
    }

    private static Map<String, String> environment(List<HasMetadata> objects) {
        return refreshd(objects).getEnv().stream().collect(Collectors.toMap(EnvVar::getName, variable -> "x"));
    }

    private static void listens(List<HasMetadata> objects, HttpSettings http) throws IOException {
        assertThat(http.host() + ":" + http.port()).isEqualTo("0.0.0.0:" + image("EXPOSE (.*)"));
        assertThat(all(objects, Service.class))
                .hasSize(pod(objects).getContainers().size() == 1 ? 1 : 0)
                .allSatisfy(service -> {
                    assertThat(http.allowedHosts())
                            .contains(
                                    service.getMetadata().getName(),
                                    service.getMetadata().getName() + ".data.svc");
                    assertThat(service.getSpec()
                                    .getPorts()
                                    .getFirst()
                                    .getTargetPort()
                                    .getStrVal())
                            .isEqualTo(refreshd(objects).getPorts().getFirst().getName());
                });
    }

    @Test
    void eachModeHasThePodsThatItNeeds() throws Exception {
        List<HasMetadata> deployment = rendered("deployment");
        assertThat(one(deployment, Deployment.class).getSpec().getReplicas()).isEqualTo(1);
        assertThat(one(deployment, Deployment.class).getSpec().getStrategy().getType())
                .isEqualTo("Recreate");
        assertThat(all(deployment, PodDisruptionBudget.class)).isEmpty();
        List<HasMetadata> sidecar = rendered("sidecar");
        assertThat(pod(sidecar).getContainers()).extracting(Container::getName).containsExactly("app", "refreshd");
        List<HasMetadata> fleet = rendered("fleet");
        assertThat(one(fleet, Deployment.class).getSpec().getReplicas()).isEqualTo(2);
        assertThat(one(fleet, PodDisruptionBudget.class)
                        .getSpec()
                        .getMaxUnavailable()
                        .getIntVal())
                .isEqualTo(1);
        assertThat(all(rendered("fleet", "--set", "fleet.replicas=1"), PodDisruptionBudget.class))
                .isEmpty();
        for (List<HasMetadata> objects : List.of(deployment, sidecar, fleet)) {
            Deployment made = one(objects, Deployment.class);
            Map<String, String> labels =
                    made.getSpec().getTemplate().getMetadata().getLabels();
            assertThat(labels).containsAllEntriesOf(made.getSpec().getSelector().getMatchLabels());
            all(objects, Service.class)
                    .forEach(service -> assertThat(labels)
                            .containsAllEntriesOf(service.getSpec().getSelector()));
            all(objects, PodDisruptionBudget.class)
                    .forEach(budget -> assertThat(labels)
                            .containsAllEntriesOf(budget.getSpec().getSelector().getMatchLabels()));
        }
        assertThat(checksum(fleet))
                .as("another configuration makes other pods")
                .isNotEqualTo(checksum(rendered("fleet", "--set", "config.log.values=true")));
    }

    private static String checksum(List<HasMetadata> objects) {
        return requireNonNull(one(objects, Deployment.class)
                .getSpec()
                .getTemplate()
                .getMetadata()
                .getAnnotations()
                .get("checksum/config"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "resourcez=1 | resourcez is not allowed",
                "config.database.url=mysql:x | config.database.url",
                "config.database.password=x | config.database.password",
                "config.http.listen=x | config.http.listen",
                "config.database.url= | config.database.url",
                "databases.a.database.url=x | databases.a.database.url",
                "mode=other | mode must be one of",
                "mode=sidecar | describe the application's containers",
            })
    void badValuesAreRefusedByName(String value, String message) throws Exception {
        Output output = helm("template", "orders", CHART.toString(), "--values", values("deployment"), "--set", value);
        assertThat(output.code()).isNotZero();
        assertThat(output.text()).contains(message);
    }

    @Test
    void eachValueIsExplained() throws IOException {
        JsonNode values = new YAMLMapper().readTree(CHART.resolve("values.yaml").toFile());
        List<String> names = new ArrayList<>();
        values.properties().forEach(value -> {
            if (value.getValue().isObject()
                    && !value.getValue().isEmpty()
                    && !List.of("config", "databases", "resources").contains(value.getKey())) {
                value.getValue().fieldNames().forEachRemaining(name -> names.add(value.getKey() + "." + name));
            } else {
                names.add(value.getKey());
            }
        });
        List<String> explained = Files.readAllLines(Path.of("docs", "kubernetes.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.substring(3, line.indexOf('`', 3)))
                .toList();
        assertThat(explained).containsExactlyInAnyOrderElementsOf(names);
    }
}
