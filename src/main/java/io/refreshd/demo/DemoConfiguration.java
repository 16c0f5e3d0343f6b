package io.refreshd.demo;

/** The text of the demo's configuration file. The daemon reads it like any other configuration file. */
final class DemoConfiguration {
    private DemoConfiguration() {}

    /** @param passwordFile name of a file in the same folder */
    static String yaml(DatabaseLogin daemon, String passwordFile, int httpPort) {
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
