package io.refreshd.config;

/** The types of values of the configuration. */
enum KeyKind {
    TEXT("text"),
    FILE("file"),
    NUMBER("number"),
    DURATION("duration"),
    DURATION_OR_NONE("duration or `none`"),
    SIZE_OR_NONE("size or `none`"),
    WINDOW_OR_NONE("times of day or `none`"),
    SCHEDULE_OR_NONE("cron or `none`"),
    METHOD("`concurrent` or `plain`"),
    ALLOW_OR_NEVER("`allow` or `never`"),
    SOURCE("`pgoutput`, `debezium` or `kafka`"),
    ADDRESS("host:port"),
    PATTERNS("list of patterns"),
    GROUPS("list of lists of views"),
    HOSTS("list of host names"),
    FLAG("`true` or `false`"),
    MAPPING("mapping");

    private final String label;

    KeyKind(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }
}
