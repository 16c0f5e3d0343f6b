package io.refreshd.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Everything that is measured, in one run: {@code ./mvnw -B -Pbench verify}. Options: docs/BENCHMARKS.md. */
final class Bench {
    @Test
    void run() throws Exception {
        main();
    }

    public static void main(String... arguments) throws Exception {
        Options options = Options.fromProperties();
        List<Result> results = new ArrayList<>();
        List<String> skipped = new ArrayList<>();
        try (Stage stage = Stage.start()) {
            Map<String, String> machine = Machine.describe(stage);
            Map<String, Object> figures = new LinkedHashMap<>();
            if (options.parts().contains("figures")) {
                List<String> which =
                        List.of(System.getProperty("bench.figures", "scheduler,latency,busy,upkeep,start,demo,drain")
                                .split(","));
                figures = new Figures(stage, options).run(which);
            }
            if (options.parts().contains("exact")) {
                new ExactRouting(stage, options, figures).run(Integer.getInteger("bench.exact.rows", 1_000_000));
            }
            if (options.parts().contains("roles")) {
                figures.putAll(new RoleFigures(stage).run());
            }
            if (options.parts().contains("contenders")) {
                stage.layOut(options.rows(), options.views());
                contend(stage, options, results, skipped);
            }
            new Report(options, machine, figures, results, skipped).write();
        }
        System.out.println("Report: " + options.report().resolve("report.md"));
    }

    /** Repeat by repeat and not contender by contender, so that a slow minute of the machine does not hit one of them alone. */
    private static void contend(Stage stage, Options options, List<Result> results, List<String> skipped)
            throws Exception {
        for (int repeat = 1; repeat <= options.repeats(); repeat++) {
            for (String workload : options.workloads()) {
                for (String contender : options.contenders()) {
                    Optional<Result> result = Round.run(stage, options, workload, contender, repeat);
                    if (result.isPresent()) {
                        System.out.printf(
                                "%s, %s, repeat %d: lag %s; %s commits/s; refreshes %s; wrong %s%n",
                                workload,
                                contender,
                                repeat,
                                result.get().lag().millis(),
                                Report.number(result.get().commitsPerSecond()),
                                result.get().refreshes(),
                                result.get().wrong());
                        results.add(result.get());
                    } else if (repeat == 1) {
                        skipped.add(contender + " was left out of " + workload + ": the server does not have it.");
                    }
                }
            }
        }
    }
}
