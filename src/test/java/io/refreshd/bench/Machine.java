package io.refreshd.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where it was measured. */
final class Machine {
    private Machine() {}

    static Map<String, String> describe(Stage stage) throws Exception {
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
        stage.layOut(100, 1);
        stage.reset();
        all.put("server", stage.query("SELECT version()").getFirst());
        for (String setting :
                new String[] {"shared_buffers", "fsync", "synchronous_commit", "max_wal_size", "wal_level"}) {
            all.put(setting, stage.query("SHOW " + setting).getFirst());
        }
        return all;
    }
}
