package io.refreshd.bench;

import org.junit.jupiter.api.Test;

/** The benchmark: {@code ./mvnw -B -Pbench verify}. Options: docs/BENCHMARKS.md. */
final class Bench {
    @Test
    void run() throws Exception {
        main();
    }

    public static void main(String... arguments) throws Exception {
        Options options = Options.fromProperties();
        String url = System.getProperty("bench.url", "");
        Server server = url.isEmpty()
                ? Server.embedded()
                : Server.given(
                        url,
                        System.getProperty("bench.user", "postgres"),
                        System.getenv().getOrDefault(BareReader.PASSWORD, ""));
        Run.on(server, options);
    }
}
