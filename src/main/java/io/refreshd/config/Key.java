package io.refreshd.config;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Every key there is, with its default. The reader takes the defaults from here, and the documents are compared with it. */
enum Key {
    DATABASE_URL(
            "database.url",
            Kind.TEXT,
            Key.REQUIRED,
            "JDBC address of the database, `jdbc:postgresql://host:port/database`; driver parameters such as `?sslmode=verify-full` may follow, a password may not."),
    DATABASE_USER("database.user", Kind.TEXT, Key.REQUIRED, "Role to connect as; it needs `REPLICATION`."),
    DATABASE_PASSWORD(
            "database.password",
            Kind.TEXT,
            Key.UNSET,
            "Its password, best as `${REFRESHD_DB_PASSWORD}`. Leave it out where the server asks for none."),
    DATABASE_PASSWORD_FILE(
            "database.password-file",
            Kind.FILE,
            Key.UNSET,
            "File to read the password from, such as a mounted secret; one line break at its end is dropped. A relative path starts at the folder of the configuration. Not together with `password`."),
    VIEWS_INCLUDE(
            "views.include",
            Kind.PATTERNS,
            "[\"*.*\"]",
            "Materialized views to keep fresh: every one that matches, now or later."),
    VIEWS_EXCLUDE("views.exclude", Kind.PATTERNS, "[]", "Those among them to leave alone."),
    VIEWS_QUIET_PERIOD(
            "views.quiet-period",
            Kind.DURATION,
            "250ms",
            "A refresh starts when no commit that matters has come for this long, so that a burst costs one refresh; `0ms` waits for nothing."),
    VIEWS_TARGET_LAG(
            "views.target-lag",
            Kind.DURATION,
            "5s",
            "But a view is never to be staler than this, however long the burst; at least the quiet period."),
    VIEWS_MAX_STALENESS(
            "views.max-staleness",
            Kind.DURATION_OR_NONE,
            "none",
            "Refresh at least this often, even if no change was seen."),
    VIEWS_BLIND_SPOT_MAX_STALENESS(
            "views.untracked-max-staleness",
            Kind.DURATION_OR_NONE,
            "60s",
            "`max-staleness` of views that have none of their own and read what the log does not show: foreign tables, unlogged tables, `now()`, volatile functions."),
    VIEWS_METHOD(
            "views.method",
            Kind.METHOD,
            "concurrent",
            "`concurrent` lets readers go on reading; `plain` is about five times cheaper and locks them out while it runs."),
    VIEWS_OVERRIDES(
            "views.overrides",
            Kind.OVERRIDES,
            "{}",
            "What is different for some views: a pattern, then any of `quiet-period`, `target-lag`, `max-staleness`, `method`. Where several match, the later one wins, key by key."),
    REFRESH_MAX_CONCURRENT("refresh.max-concurrent", Kind.NUMBER, "2", "Refreshes that may run at once; 1 to 64."),
    REFRESH_LOCK_TIMEOUT(
            "refresh.lock-timeout",
            Kind.DURATION,
            "2s",
            "A refresh that has to wait longer for a lock gives way and is tried again later."),
    REFRESH_STATEMENT_TIMEOUT(
            "refresh.statement-timeout", Kind.DURATION, "10m", "A refresh that takes longer is cancelled."),
    CAPTURE_SLOT(
            "capture.slot",
            Kind.TEXT,
            "refreshd",
            "Replication slot: 1 to 63 small letters, digits and underscores. One daemon, one slot."),
    CAPTURE_PUBLICATION("capture.publication", Kind.TEXT, "refreshd", "Publication that refreshd keeps."),
    CAPTURE_HEARTBEAT_INTERVAL(
            "capture.heartbeat-interval",
            Kind.DURATION,
            "1s",
            "How often a message is written to the log, so that a quiet database does not hold back its log."),
    CAPTURE_CATALOG_POLL_INTERVAL(
            "capture.catalog-poll-interval",
            Kind.DURATION,
            "1s",
            "How often to look for views and tables that were made, changed or dropped; what changes what is kept fresh already is seen with the next heartbeat. At most `30s`."),
    CAPTURE_MAX_RETAINED(
            "capture.max-retained",
            Kind.SIZE_OR_NONE,
            "10GB",
            "Log that the server may keep for the slot. Beyond half of it there is a warning; beyond all of it the slot is given up, views go by the clock, and the log is read anew as soon as a slot can be made."),
    AUDIT_INTERVAL(
            "audit.interval",
            Kind.DURATION_OR_NONE,
            "none",
            "How often one view that is fresh is compared with its definition, each in its turn, as `refreshd audit` does; `none`: never. A comparison reads the whole view and runs its whole query."),
    HTTP_LISTEN(
            "http.listen",
            Kind.ADDRESS,
            "127.0.0.1:9464",
            "Address for `/metrics`, `/livez`, `/readyz`, `/status` and the page for people; `\"[::1]:9464\"` for IPv6 (with the quotes), port 0 for any free one."),
    ROLE_VIEWS_TEMPLATES(
            "role-views.templates",
            Kind.OVERRIDES,
            "{}",
            "Views to be made for each role: a name such as `public.materializeduserrole_{role}`, then what is said under Role views."),
    METRICS_GROUPS(
            "metrics.groups",
            Kind.PATTERNS,
            "[]",
            "Views that match the same pattern share one set of series, under the pattern as the label `view`: for hundreds of views that nobody tells apart.");

    private static final String REQUIRED = "required";
    private static final String UNSET = "unset";

    private final String path;
    private final Kind kind;
    private final String fallback;
    private final String meaning;

    Key(String path, Kind kind, String fallback, String meaning) {
        this.path = path;
        this.kind = kind;
        this.fallback = fallback;
        this.meaning = meaning;
    }

    String path() {
        return path;
    }

    Kind kind() {
        return kind;
    }

    String meaning() {
        return meaning;
    }

    /** As one would write it; empty if there is none. */
    Optional<String> fallback() {
        return isRequired() || fallback.equals(UNSET) ? Optional.empty() : Optional.of(fallback);
    }

    boolean isRequired() {
        return fallback.equals(REQUIRED);
    }

    /** Whose value must not be shown. */
    boolean isSecret() {
        return this == DATABASE_PASSWORD;
    }

    String section() {
        return path.substring(0, path.indexOf('.'));
    }

    String leaf() {
        return path.substring(path.indexOf('.') + 1);
    }

    static Set<String> sections() {
        return Arrays.stream(values()).map(Key::section).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    static Set<String> leaves(String section) {
        return Arrays.stream(values())
                .filter(key -> key.section().equals(section))
                .map(Key::leaf)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** What a value looks like. */
    enum Kind {
        TEXT("text"),
        FILE("file"),
        NUMBER("number"),
        DURATION("duration"),
        DURATION_OR_NONE("duration or `none`"),
        SIZE_OR_NONE("size or `none`"),
        METHOD("`concurrent` or `plain`"),
        ADDRESS("host:port"),
        PATTERNS("list of patterns"),
        OVERRIDES("mapping");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }
}
