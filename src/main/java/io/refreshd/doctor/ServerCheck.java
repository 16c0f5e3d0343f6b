package io.refreshd.doctor;

import io.refreshd.capture.KafkaUnavailableException;
import io.refreshd.catalog.TestedVersions;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.PGConnection;

/** Checks the server's version and settings, its clock, and that no pooler stands in between. */
final class ServerCheck implements Check {

    /** Staleness and lag are shown wrong by as much as the clocks differ; a smaller difference nobody notices. */
    private static final Duration SKEW_WORTH_NOTING = Duration.ofMillis(500);

    private static final Duration SKEW_WORTH_A_WARNING = Duration.ofSeconds(5);

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        List<Finding> findings = new ArrayList<>();
        for (Obstacle obstacle : capture(database)) {
            findings.add(new Finding(
                    Severity.ERROR,
                    "prerequisite",
                    "server",
                    obstacle.what(),
                    "refreshd cannot read the log, so it does not start.",
                    obstacle.remedy()));
        }
        version(database.version()).ifPresent(findings::add);
        settings(database, findings);
        clock(database, findings);
        pooler(database, findings);
        return findings;
    }

    private static List<Obstacle> capture(ExaminedDatabase database) throws SQLException {
        try {
            return StartupRequirements.capture(database.handle(), database.configuration());
        } catch (KafkaUnavailableException e) {
            return List.of(new Obstacle(
                    String.valueOf(e.getMessage()), Remedy.text("correct kafka.bootstrap-servers or kafka.client")));
        }
    }

    static Optional<Finding> version(int version) {
        if (version < TestedVersions.OLDEST) {
            return Optional.of(version(
                    Severity.ERROR,
                    version,
                    "refreshd needs " + TestedVersions.OLDEST + " or newer.",
                    Remedy.text("upgrade the server")));
        }
        return version > TestedVersions.NEWEST
                ? Optional.of(version(
                        Severity.WARNING,
                        version,
                        "refreshd was tested with " + TestedVersions.OLDEST + " to " + TestedVersions.NEWEST
                                + ". It does not read query trees of newer ones: it decides by table and column which views a"
                                + " commit concerns, looks up no rows, and suspends incremental views.",
                        Remedy.text("look for a newer refreshd")))
                : Optional.empty();
    }

    private static Finding version(Severity severity, int version, String why, Remedy remedy) {
        return new Finding(severity, "version", "server", "the server is PostgreSQL " + version, why, remedy);
    }

    private static void settings(ExaminedDatabase database, List<Finding> findings) {
        if (setting(database, "max_slot_wal_keep_size").equals("-1")) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "slot-unbounded",
                    "max_slot_wal_keep_size",
                    "no limit is set for the log that the server keeps for a slot",
                    "If the daemon is away for long, the log fills the server's disk. With a limit the server invalidates the"
                            + " slot instead. That costs one refresh of every view, and no data.",
                    Remedy.sql(
                            "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'", "SELECT pg_catalog.pg_reload_conf()")));
        }
        if (setting(database, "track_counts").equals("off")) {
            findings.add(new Finding(
                    Severity.INFO,
                    "track-counts",
                    "track_counts",
                    "the server does not count rows",
                    "refreshd cannot tell whether a refresh changed anything, so views that stand on others are refreshed each"
                            + " time.",
                    Remedy.sql("ALTER SYSTEM SET track_counts = on", "SELECT pg_catalog.pg_reload_conf()")));
        }
        if (!setting(database, "synchronous_standby_names").isEmpty()) {
            findings.add(new Finding(
                    Severity.INFO,
                    "synchronous",
                    "synchronous_standby_names",
                    "commits wait for a synchronous standby",
                    "A commit that waits for the standby is in the log but not visible yet. Its refresh waits too (state"
                            + " \"held\").",
                    Remedy.NONE));
        }
    }

    private static String setting(ExaminedDatabase database, String name) {
        return database.handle()
                .createQuery("SELECT coalesce((SELECT setting FROM pg_catalog.pg_settings WHERE name = :name), '')")
                .bind("name", name)
                .mapTo(String.class)
                .one();
    }

    /** Reads the server's clock between two readings of this machine's, so that a slow network is not taken for clock skew. */
    private static void clock(ExaminedDatabase database, List<Finding> findings) {
        Instant before = database.wall().get();
        Instant server = database.handle()
                .createQuery("SELECT clock_timestamp() AS now")
                .map((row, context) ->
                        row.getObject("now", java.time.OffsetDateTime.class).toInstant())
                .one();
        Duration skew = skew(before, server, database.wall().get());
        if (skew.compareTo(SKEW_WORTH_NOTING) > 0) {
            findings.add(new Finding(
                    skew.compareTo(SKEW_WORTH_A_WARNING) > 0 ? Severity.WARNING : Severity.INFO,
                    "clock",
                    "clock",
                    "the server's clock and this machine's differ by at least " + skew.toMillis() + " ms",
                    "No decision depends on the clocks, but lag and staleness are shown wrong by as much.",
                    Remedy.text("synchronise both clocks (chrony, systemd-timesyncd)")));
        }
    }

    /** How far the server's time lies outside the span in which it was read. */
    private static Duration skew(Instant before, Instant server, Instant after) {
        if (server.isBefore(before)) {
            return Duration.between(server, before);
        }
        return server.isAfter(after) ? Duration.between(after, server) : Duration.ZERO;
    }

    /**
     * A pooler reports a process id of its own making to each client. The backend's real one is another, and behind a pooler it
     * may change from statement to statement.
     */
    private static void pooler(ExaminedDatabase database, List<Finding> findings) throws SQLException {
        int reported =
                database.handle().getConnection().unwrap(PGConnection.class).getBackendPID();
        int actual = database.handle()
                .createQuery("SELECT pg_catalog.pg_backend_pid()")
                .mapTo(Integer.class)
                .one();
        if (reported != actual) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "pooler",
                    database.capture().server().host() + ":"
                            + database.capture().server().port(),
                    "the connection goes through a pooler: backend process " + actual
                            + " answers, but the connection was" + " given the id " + reported,
                    "A pooler such as PgBouncer cannot pass on the replication stream. In transaction mode it also loses"
                            + " session settings and the lease.",
                    Remedy.text("set database.url to the server itself")));
        }
    }
}
