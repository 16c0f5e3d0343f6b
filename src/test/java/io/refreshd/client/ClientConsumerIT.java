package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Builds a small separate project that depends on the client JAR. Its Maven uses a temporary local repository that contains the
 * artifact of this build, and reads everything else from the local repository of this build. So the test needs no network, and
 * leaves nothing in the user's repository.
 */
class ClientConsumerIT {
    @TempDir
    private Path folder;

    @Test
    void inheritsTheDriverAndTheMappingLibraryAndNothingOfTheDaemon() throws Exception {
        install(folder.resolve("repository"));
        Files.writeString(folder.resolve("settings.xml"), """
                <settings>
                  <mirrors>
                    <mirror><id>central</id><mirrorOf>*</mirrorOf><url>%s</url></mirror>
                  </mirrors>
                </settings>
                """.formatted(
                        Path.of(property("refreshd.repository")).toUri()));
        Path classPath = folder.resolve("classpath");
        String plugin = "org.apache.maven.plugins:maven-dependency-plugin:" + property("refreshd.dependency-plugin");
        String output = run(
                "./mvnw",
                "-B",
                "-s",
                folder.resolve("settings.xml").toString(),
                "-gs",
                folder.resolve("settings.xml").toString(),
                "-f",
                "src/test/consumer/pom.xml",
                "-Drefreshd.version=" + property("refreshd.version"),
                "-Dmaven.repo.local=" + folder.resolve("repository"),
                "-Dmdep.outputFile=" + classPath,
                plugin + ":build-classpath");
        assertThat(classPath).as(output).exists();

        List<String> libraries = Arrays.stream(
                        Files.readString(classPath).strip().split(File.pathSeparator))
                .map(path -> Path.of(path).getFileName().toString().replaceFirst("-\\d.*", ""))
                .toList();
        // The artifacts after the first three are dependencies of the driver and of JDBI.
        assertThat(libraries)
                .contains("refreshd", "postgresql", "jdbi3-core")
                .isSubsetOf(
                        "refreshd", "postgresql", "jdbi3-core", "checker-qual", "slf4j-api", "geantyref", "jspecify");
        reads(Files.readString(classPath).strip());
    }

    private void reads(String classPath) throws Exception {
        Path classes = Files.createDirectory(folder.resolve("classes"));
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-cp",
                                classPath,
                                "-d",
                                classes.toString(),
                                "src/test/consumer/src/Consumer.java"))
                .isZero();
        try (TestDatabase database = TestDatabase.create()) {
            database.execute("CREATE MATERIALIZED VIEW role_a AS SELECT 1 AS id, 'one' AS name");
            assertThat(run(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            classPath + File.pathSeparator + classes,
                            "Consumer",
                            database.url()))
                    .contains("[UserRow[id=1, name=one]]");
        }
    }

    /** Installs the artifact as {@code mvn install} does, but into the temporary repository. */
    private static void install(Path repository) throws IOException {
        String version = property("refreshd.version");
        Path place = Files.createDirectories(
                repository.resolve("io/refreshd/refreshd").resolve(version));
        Files.copy(Path.of("pom.xml"), place.resolve("refreshd-" + version + ".pom"));
        Files.copy(Path.of(property("refreshd.client")), place.resolve("refreshd-" + version + "-client.jar"));
    }

    private String run(String... command) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(new ArrayList<>(List.of(command)))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            TestTimeout.exitCode(process);
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    private static String property(String name) {
        return Objects.requireNonNull(System.getProperty(name), name + " is set by the build");
    }
}
