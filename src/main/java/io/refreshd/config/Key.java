package io.refreshd.config;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The keys of the configuration, each with its type, default and description.
 *
 * <p>Source: the reader takes the defaults from here; a test compares {@code docs/configuration.md} and the sample file with them.
 */
enum Key {
    DATABASE_URL(
            "database.url",
            KeyKind.TEXT,
            Key.REQUIRED,
            "JDBC URL of the database, `jdbc:postgresql://host:port/database`. Driver parameters such as `?sslmode=verify-full` may follow, a password may not."),
    DATABASE_USER("database.user", KeyKind.TEXT, Key.REQUIRED, "Role to connect as. It needs `REPLICATION`."),
    DATABASE_PASSWORD(
            "database.password",
            KeyKind.TEXT,
            Key.UNSET,
            "Password of that role, best as `${REFRESHD_DB_PASSWORD}`. Leave it out where the server asks for none."),
    DATABASE_PASSWORD_FILE(
            "database.password-file",
            KeyKind.FILE,
            Key.UNSET,
            "File to read the password from, such as a mounted secret. One line break at its end is dropped. A relative path starts at the folder of the configuration file. Not together with `password`."),
    VIEWS_INCLUDE(
            "views.include",
            KeyKind.PATTERNS,
            "[\"*.*\"]",
            "Materialized views to keep fresh: every view that matches, now or later."),
    VIEWS_EXCLUDE("views.exclude", KeyKind.PATTERNS, "[]", "Views to leave alone, although `include` matches them."),
    VIEWS_QUIET_PERIOD(
            "views.quiet-period",
            KeyKind.DURATION,
            "250ms",
            "A refresh starts when no relevant commit has arrived for this long, so that a burst of commits costs one refresh. `0ms`: no waiting. An [incremental view](incremental.md) waits for `20ms` at most, unless an override names it."),
    VIEWS_TARGET_LAG(
            "views.target-lag",
            KeyKind.DURATION,
            "5s",
            "The staleness that a view should not exceed, however long a burst of commits lasts. At least the quiet period."),
    VIEWS_MAX_STALENESS(
            "views.max-staleness",
            KeyKind.DURATION_OR_NONE,
            "none",
            "Refresh at least this often, even without a change."),
    VIEWS_UNTRACKED_MAX_STALENESS(
            "views.untracked-max-staleness",
            KeyKind.DURATION_OR_NONE,
            "60s",
            "`max-staleness` of views without a bound of their own that read untracked sources. Changes of these are not in the write-ahead log (WAL): foreign tables, unlogged tables, `now()`, volatile functions."),
    VIEWS_WINDOW(
            "views.window",
            KeyKind.WINDOW_OR_NONE,
            "none",
            "The times at which refreshes may start, such as `22:00-06:00 Europe/Berlin`: see [Window and schedule](#window-and-schedule). `none`: at any time."),
    VIEWS_SCHEDULE(
            "views.schedule",
            KeyKind.SCHEDULE_OR_NONE,
            "none",
            "The times at which a view is refreshed in any case, changed or not: the five fields of cron and a time zone, such as `30 2 * * * Europe/Berlin`."),
    VIEWS_METHOD(
            "views.method",
            KeyKind.METHOD,
            "concurrent",
            "`concurrent` does not block readers. `plain` is about five times cheaper and blocks readers while it runs. An incremental view is not refreshed by `REFRESH`, whatever this says."),
    VIEWS_FULL_RECOMPUTE(
            "views.full-recompute",
            KeyKind.ALLOW_OR_NEVER,
            "allow",
            "Whether refreshd may recompute all rows of an [incremental view](incremental.md#what-recomputes-everything) where the rows that changed are not known. `never`: the view is suspended instead, with the reason, until `refreshd refresh` or `refreshd resume` asks for it."),
    VIEWS_NOTIFY(
            "views.notify",
            KeyKind.FLAG,
            "false",
            "Whether refreshd [tells of each commit that changed a view](subscribe.md): by `NOTIFY` on the channel `refreshd`, and at `/events/views` over HTTP."),
    VIEWS_OVERRIDES(
            "views.overrides",
            KeyKind.MAPPING,
            "{}",
            "Other settings for some views: a pattern, then any of `quiet-period`, `target-lag`, `max-staleness`, `window`, `schedule`, `method`, `full-recompute`, `notify`. Where several patterns match, the later one wins, key by key."),
    VIEWS_TOGETHER(
            "views.together",
            KeyKind.GROUPS,
            "[]",
            "Groups of views that are refreshed in one snapshot, such as `[[public.orders, public.totals]]`, so that a page that shows them agrees with itself: see [Several views at one snapshot](#several-views-at-one-snapshot)."),
    REFRESH_MAX_CONCURRENT(
            "refresh.max-concurrent",
            KeyKind.NUMBER,
            "2",
            "Refreshes that may run at the same time, 1 to 64. From 2 on, one place is kept free of refreshes that take longer than the target lag of any view: a refresh that takes the last place and then takes longer is cancelled and repeated in another one. Where more views wait than there are places, their owners take turns."),
    REFRESH_LOCK_TIMEOUT(
            "refresh.lock-timeout",
            KeyKind.DURATION,
            "2s",
            "A refresh that waits longer for a lock is cancelled and retried later."),
    REFRESH_LOCK_PATIENCE(
            "refresh.lock-patience",
            KeyKind.DURATION_OR_NONE,
            "1s",
            "A refresh gives way when another session has waited this long for a lock that the refresh holds up, such as a `TRUNCATE`. It is tried again. After three times in a row it waits longer. The same holds for audits and for the creation of role views. `none`: nothing gives way so. What waits for another session that waits for it, as with a `REINDEX … CONCURRENTLY` of the view, gives way in any case."),
    REFRESH_STATEMENT_TIMEOUT(
            "refresh.statement-timeout", KeyKind.DURATION, "10m", "A refresh that takes longer is cancelled."),
    CAPTURE_SOURCE(
            "capture.source",
            KeyKind.SOURCE,
            "pgoutput",
            "Where committed changes are read from. `pgoutput`: a replication slot of refreshd's own. `debezium`: such a slot, whose rows Debezium's own connector decodes; slower, and [fewer types](fleet.md#what-values-decide) decide by value. `kafka`: topics that Debezium's PostgreSQL connector writes, see [Debezium's topics](fleet.md)."),
    CAPTURE_SLOT(
            "capture.slot",
            KeyKind.TEXT,
            "refreshd",
            "Replication slot: 1 to 63 lower-case letters, digits and underscores. One daemon, one slot. With `kafka` the slot of the connector, which refreshd only looks at."),
    CAPTURE_PUBLICATION(
            "capture.publication",
            KeyKind.TEXT,
            "refreshd",
            "Publication that refreshd creates and maintains. With `kafka` that of the connector, which refreshd only looks at."),
    CAPTURE_HEARTBEAT_INTERVAL(
            "capture.heartbeat-interval",
            KeyKind.DURATION,
            "1s",
            "How often refreshd writes a message to the WAL. Without it an idle database would retain its WAL. Once ten found nothing of this database between them, only every fifth, and every 5 s at least."),
    CAPTURE_CATALOG_POLL_INTERVAL(
            "capture.catalog-poll-interval",
            KeyKind.DURATION,
            "1s",
            "How often the catalog is read for views and tables that were created, altered or dropped. A change to a view that is kept fresh already is found with the next heartbeat. At most `30s`."),
    CAPTURE_MAX_RETAINED(
            "capture.max-retained",
            KeyKind.SIZE_OR_NONE,
            "10GB",
            "WAL that the server may retain for the slot. Above half of it refreshd warns. Above all of it refreshd drops the slot, refreshes views by `untracked-max-staleness`, and creates a new slot as soon as it can."),
    KAFKA_BOOTSTRAP_SERVERS(
            "kafka.bootstrap-servers",
            KeyKind.TEXT,
            Key.UNSET,
            "Brokers to connect to first: `host:port`, with commas between several. Needed with `capture.source: kafka`."),
    KAFKA_TOPICS(
            "kafka.topics",
            KeyKind.TEXT,
            Key.UNSET,
            "Topics that hold the events of this database, where `*` stands for any run of characters. One topic of one partition keeps the order of the log. Needed with `capture.source: kafka`."),
    KAFKA_GROUP(
            "kafka.group",
            KeyKind.TEXT,
            "refreshd",
            "Consumer group under which Kafka's tools show how far refreshd has read. The ledger decides where it goes on."),
    KAFKA_CONNECTOR(
            "kafka.connector",
            KeyKind.FILE,
            Key.UNSET,
            "File with the settings of Debezium's connector as JSON, as Kafka Connect was given them. refreshd checks them and connects to nothing by them. A relative path starts at the folder of the configuration file. Needed with `capture.source: kafka`."),
    KAFKA_ACCEPT_LOST_CHANGES(
            "kafka.accept-lost-changes",
            KeyKind.FLAG,
            "false",
            "Whether refreshd reads from a connector older than 3.7, which may lose changes when it is restarted. `false`: it does not start on one, and claims nothing."),
    KAFKA_CLIENT(
            "kafka.client",
            KeyKind.MAPPING,
            "{}",
            "Settings of Kafka's clients for TLS and authentication, under their own names: those that begin with `security.`, `ssl.` or `sasl.`. No message shows their values."),
    AUDIT_INTERVAL(
            "audit.interval",
            KeyKind.DURATION_OR_NONE,
            "none",
            "How often one fresh view is compared with its definition, one view after the other, as `refreshd audit` does. `none`: never. A comparison reads the whole view and runs its whole query."),
    HTTP_LISTEN(
            "http.listen",
            KeyKind.ADDRESS,
            "127.0.0.1:9464",
            "Address for `/metrics`, `/livez`, `/readyz`, `/status`, `/events/views` and the HTML status page. IPv6 as `\"[::1]:9464\"`, with the quotes. Port 0: any free port."),
    HTTP_ALLOWED_HOSTS(
            "http.allowed-hosts",
            KeyKind.HOSTS,
            "[]",
            "Names by which the address may be called, such as `refreshd` for `http://refreshd:9464`. Addresses, `localhost` and the host of `listen` need not be named. Any other name is refused, so that no foreign web page can read the status through somebody's browser. `[\"*\"]`: any name."),
    LOG_VALUES(
            "log.values",
            KeyKind.FLAG,
            "false",
            "Whether the log shows what may hold values of rows: the server's words about a failed refresh, keys of rows that an audit found. Who may read a view finds them in `refreshd.freshness` in any case."),
    ROLE_VIEWS_TEMPLATES(
            "role-views.templates",
            KeyKind.MAPPING,
            "{}",
            "Views to create for each role: a name such as `public.materializeduserrole_{role}`, then the keys listed under Role views."),
    METRICS_GROUPS(
            "metrics.groups",
            KeyKind.PATTERNS,
            "[]",
            "Views that match the same pattern share one set of time series, with the pattern as the label `view`. For hundreds of similar views."),
    DATABASES_FOLDER(
            "databases.folder",
            KeyKind.FILE,
            Key.UNSET,
            "Folder of further files, `NAME.yaml` for each database, so that one daemon serves all of them: see [Several databases](#several-databases). A relative path starts at the folder of the configuration file."),
    DATABASES_EACH(
            "databases.each",
            KeyKind.MAPPING,
            Key.UNSET,
            "The same without further files: for each name what its file would hold."),
    FLEET_BOOTSTRAP_SERVERS(
            "fleet.bootstrap-servers",
            KeyKind.TEXT,
            Key.UNSET,
            "Brokers of a Kafka that [shares the databases among several daemons](fleet.md#many-daemons): `host:port`, with commas between several. Without it the daemon serves all databases that are configured."),
    FLEET_GROUP(
            "fleet.group", KeyKind.TEXT, "refreshd-fleet", "Consumer group of the daemons that share the databases."),
    FLEET_TOPIC_PREFIX(
            "fleet.topic-prefix",
            KeyKind.TEXT,
            "refreshd.database.",
            "Prefix of the topics that stand for the databases: one for each, of one partition, which nobody writes to. A daemon creates those that are missing, if it may."),
    FLEET_SESSION_TIMEOUT(
            "fleet.session-timeout",
            KeyKind.DURATION,
            "10s",
            "A daemon that Kafka has not heard of for this long loses its databases to the others. The broker allows `6s` to `30m` by default."),
    FLEET_CLIENT(
            "fleet.client",
            KeyKind.MAPPING,
            "{}",
            "Settings of Kafka's clients for TLS and authentication, as in `kafka.client`.");

    private static final String REQUIRED = "required";
    private static final String UNSET = "unset";

    private final String path;
    private final KeyKind kind;
    private final String fallback;
    private final String meaning;

    Key(String path, KeyKind kind, String fallback, String meaning) {
        this.path = path;
        this.kind = kind;
        this.fallback = fallback;
        this.meaning = meaning;
    }

    String path() {
        return path;
    }

    KeyKind kind() {
        return kind;
    }

    String meaning() {
        return meaning;
    }

    /** The default as the configuration file has it; empty if there is none. */
    Optional<String> fallback() {
        return isRequired() || fallback.equals(UNSET) ? Optional.empty() : Optional.of(fallback);
    }

    boolean isRequired() {
        return fallback.equals(REQUIRED);
    }

    /** Whether messages must not show the value. */
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
}
