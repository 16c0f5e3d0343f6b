package io.refreshd.demo;

/** The daemon's configuration file for the demo: written and read like anybody's. */
final class DemoConfiguration {
    private DemoConfiguration() {}

    /** @param passwordFile beside the configuration */
    static String yaml(Access daemon, String passwordFile, int httpPort) {
        return """
                database:
                  url: %s
                  user: %s
                  password-file: %s
                views:
                  include: ["public.*"]
                  quiet-period: 250ms
                  target-lag: 3s
                  overrides:
                    public.materializeduserrole_a: { target-lag: 1s }
                capture:
                  heartbeat-interval: 1s
                http:
                  listen: 127.0.0.1:%d
                """.formatted(daemon.url(), daemon.user(), passwordFile, httpPort);
    }
}
