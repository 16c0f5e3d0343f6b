package io.refreshd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.testing.TestTimeout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher in temporary folders, with the JARs of this build. */
class LauncherIT {
    private static final Path DISTRIBUTION = Path.of(System.getProperty("refreshd.distribution", "target/refreshd"))
            .toAbsolutePath();

    @TempDir
    private Path temporary;

    private Path home = Path.of("");
    private Path elsewhere = Path.of("");

    private record Ended(int code, String out, String err) {}

    @BeforeEach
    void makeFolders() throws IOException {
        home = Files.createDirectories(temporary.resolve("a folder; with $odd name"));
        elsewhere = Files.createDirectories(temporary.resolve("else where"));
        Files.copy(Path.of("refreshd"), home.resolve("refreshd"), StandardCopyOption.COPY_ATTRIBUTES);
    }

    @Test
    void runsBesideItsLibrariesFromAnywhere() throws Exception {
        Files.createSymbolicLink(home.resolve("lib"), DISTRIBUTION.resolve("lib"));
        Path link =
                Files.createSymbolicLink(elsewhere.resolve("link"), Path.of("../" + home.getFileName() + "/refreshd"));

        for (Path script : List.of(home.resolve("refreshd"), link)) {
            Ended ended = run(script.toString(), "version");
            assertThat(ended.err()).isEmpty();
            assertThat(ended.out()).matches("refreshd \\S+ \\(Java \\S+\\)\n");
            assertThat(ended.code()).isZero();
        }
    }

    @Test
    void saysWithoutAStackTraceThatTheImageHasNoDemo() throws Exception {
        Files.createSymbolicLink(home.resolve("lib"), DISTRIBUTION.resolve("lib"));

        Ended ended = run(home.resolve("refreshd").toString(), "demo");

        assertThat(ended.err())
                .isEqualTo("refreshd: the demo is not part of this image: it brings a PostgreSQL of its own."
                        + " Run ./refreshd demo in a clone of the repository\n");
        assertThat(ended.code()).isEqualTo(ExitCode.FAILURE.code());
    }

    /** With a wrong format Logback would log nothing, without reporting it. */
    @Test
    void aWrongLogFormatEndsItBeforeAnythingIsLogged() throws Exception {
        Files.createSymbolicLink(home.resolve("lib"), DISTRIBUTION.resolve("lib"));
        Process process = new ProcessBuilder(
                        "env",
                        "REFRESHD_LOG_FORMAT=JSON",
                        home.resolve("refreshd").toString(),
                        "version")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(
                        "refreshd: the variable REFRESHD_LOG_FORMAT is JSON; write one of text, json, or leave it out\n");
        assertThat(TestTimeout.exitCode(process)).isEqualTo(ExitCode.USAGE.code());
    }

    @Test
    void buildsOnceInAFreshClone() throws Exception {
        clone("mkdir -p target/refreshd; ln -s '" + DISTRIBUTION
                + "/lib' target/refreshd/lib; echo built; echo \"$@\"");

        Ended first = run(home.resolve("refreshd").toString(), "version");
        assertThat(first.err())
                .startsWith("Building refreshd once")
                .contains("built\n")
                .contains("package");
        assertThat(first.out()).startsWith("refreshd ").hasLineCount(1);

        assertThat(run(home.resolve("refreshd").toString(), "version").err()).isEmpty();
    }

    @Test
    void saysWhenTheBuildFails() throws Exception {
        clone("echo reason; exit 7");

        Ended ended = run(home.resolve("refreshd").toString(), "version");
        assertThat(ended.err()).endsWith("reason\nrefreshd: the build failed; its reason is above.\n");
        assertThat(ended.code()).isEqualTo(ExitCode.FAILURE.code());
    }

    /** Both scripts look for Java in the same way. No machine has a Java of version 999. */
    @ParameterizedTest
    @ValueSource(strings = {"refreshd", "mvnw"})
    void saysWhatToInstallWhereThereIsNoJava(String script) throws Exception {
        clone("exit 1");
        Path copy = home.resolve(script);
        Files.writeString(copy, Files.readString(Path.of(script)).replace("find_java 21", "find_java 999"));

        Ended ended = run(copy.toString(), "version");
        assertThat(ended.err())
                .startsWith(script + ": no JDK 21 or newer found")
                .contains("Install one, for example Temurin 25")
                .hasLineCount(2);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.code()).isEqualTo(ExitCode.FAILURE.code());
    }

    @Test
    void passesArgumentsAndExitCodeOn() throws Exception {
        Files.createSymbolicLink(home.resolve("lib"), DISTRIBUTION.resolve("lib"));
        Ended ended = run(home.resolve("refreshd").toString(), "run", "--config", "/none");
        assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
        assertThat(ended.err()).startsWith("refreshd: /none: there is no such file");
    }

    /** Makes the folder look like a clone, in which the script stands for the build. */
    private void clone(String build) throws IOException {
        Files.createDirectories(home.resolve(".mvn"));
        Files.copy(Path.of(".mvn/find-java.sh"), home.resolve(".mvn/find-java.sh"));
        Files.createDirectories(home.resolve("src/main"));
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Files.writeString(home.resolve("mvnw"), "#!/bin/sh\n" + build + "\n");
        assertThat(home.resolve("mvnw").toFile().setExecutable(true)).isTrue();
    }

    private Ended run(String script, String... arguments) throws IOException, InterruptedException {
        Path out = Files.createTempFile(temporary, "out", "");
        Path err = Files.createTempFile(temporary, "err", "");
        ProcessBuilder builder = new ProcessBuilder(Stream.concat(Stream.of("sh", script), Stream.of(arguments))
                        .toList())
                .directory(elsewhere.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        // Without HOME, as under a service manager.
        builder.environment().keySet().retainAll(List.of("PATH"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        return new Ended(
                TestTimeout.exitCode(process),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }
}
