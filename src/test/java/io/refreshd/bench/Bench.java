package io.refreshd.bench;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Everything that is measured, in one run: {@code ./mvnw -B -Pbench verify}. Options: docs/BENCHMARKS.md. */
final class Bench {
    @Test
    void run() throws Exception {
        main();
    }

    public static void main(String... arguments) throws Exception {
        Options options = Options.fromProperties();
        try (Stage stage = Stage.start()) {
            if (options.parts().contains("figures")) {
                new Figures(stage, options)
                        .run(List.of(System.getProperty("bench.figures", "latency,busy,start,drain")
                                .split(",")));
            }
        }
    }
}
