package io.refreshd.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The machine, the server and the version that are measured. */
final class Environment {
    private static final String[] SETTINGS = {
        "shared_buffers", "fsync", "synchronous_commit", "max_wal_size", "wal_level", "jit"
    };

    private Environment() {}

    static Map<String, String> describe(BenchDatabase database) throws Exception {
        Map<String, String> all = new LinkedHashMap<>();
        String model = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 2))
                .findFirst()
                .orElse("unknown");
        all.put("processors", Runtime.getRuntime().availableProcessors() + " × " + model);
        all.put(
                "load of the machine before the run (1 minute)",
                Report.number(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
        all.put(
                "memory",
                Files.readAllLines(Path.of("/proc/meminfo")).getFirst().replaceAll("\\s+", " "));
        all.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        all.put("Java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        all.put("refreshd", commit());
        all.put("deployed with", libraries());
        server(database, all);
        all.put("contenders", Contenders.SETTINGS);
        return all;
    }

    private static void server(BenchDatabase database, Map<String, String> all) throws SQLException {
        Server server = database.server();
        all.put("server", server.query(server.home(), "SELECT version()").getFirst());
        all.put("server is", server.given() ? "given" : "embedded");
        for (String setting : SETTINGS) {
            all.put(setting, server.query(server.home(), "SHOW " + setting).getFirst());
        }
    }

    private static String commit() throws IOException, InterruptedException {
        String commit = output("git", "rev-parse", "HEAD");
        if (commit.isEmpty()) {
            return "unknown commit";
        }
        return commit
                + (output("git", "status", "--porcelain", "--untracked-files=no")
                                .isEmpty()
                        ? ""
                        : ", with changes that are not committed");
    }

    /** The output of a command; empty if it cannot run, as git outside of a clone. */
    private static String output(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? text : "";
        } catch (IOException e) {
            return "";
        }
    }

    /** The versions of the libraries, by the names of their JARs. */
    private static String libraries() throws IOException {
        Path folder = Path.of("target", "refreshd", "lib");
        if (!Files.isDirectory(folder)) {
            return "unknown";
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString().replace(".jar", ""))
                    .filter(name ->
                            name.matches("(debezium-(api|core|embedded|connector-postgres)|postgresql)-[0-9].*"))
                    .sorted()
                    .collect(Collectors.joining(", "));
        }
    }
}
