package io.refreshd.bench;

import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Router and scheduler measured by JMH, in JVMs with the collector and the compiler of the daemon. */
final class JmhBenchmarks {
    private JmhBenchmarks() {}

    static void run(BenchDatabase database, Map<String, Object> results) throws Exception {
        database.layOut(Layout.ofRoles(2 * RouterBenchmark.MOST, RouterBenchmark.MOST));
        database.reset();
        var options = new OptionsBuilder()
                .include("io\\.refreshd\\.bench\\.(Router|Scheduler)Benchmark")
                .forks(1)
                .warmupIterations(3)
                .warmupTime(TimeValue.milliseconds(300))
                .measurementIterations(5)
                .measurementTime(TimeValue.milliseconds(400))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .jvmArgs(
                        "-XX:+UseSerialGC",
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-D" + RouterBenchmark.URL + "=" + database.url(),
                        "-D" + RouterBenchmark.USER + "=" + database.server().user())
                .build();
        for (RunResult result : new Runner(options).run()) {
            StringBuilder name = new StringBuilder(
                    result.getParams().getBenchmark().replaceAll(".*\\.([A-Za-z]+)Benchmark\\.", "JMH: $1."));
            for (String key : result.getParams().getParamsKeys()) {
                name.append(", ")
                        .append(key)
                        .append(' ')
                        .append(result.getParams().getParam(key));
            }
            var score = result.getPrimaryResult();
            String text =
                    String.format(Locale.ROOT, "%,.0f ± %,.0f per second", score.getScore(), score.getScoreError());
            System.out.println(name + ": " + text);
            results.put(name.toString(), text);
        }
    }
}
