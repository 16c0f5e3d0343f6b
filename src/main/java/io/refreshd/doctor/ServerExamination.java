package io.refreshd.doctor;

import io.refreshd.capture.Prerequisites;
import io.refreshd.model.Obstacle;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.PGConnection;

/** The server, its settings, and the way to it. */
final class ServerExamination implements Examination {
    private static final int OLDEST = 15;
    private static final int NEWEST = 18;

    /** Below it nobody notices; above, staleness and lag are shown wrong by as much. */
    private static final Duration CLOCKS_AGREE = Duration.ofMillis(500);

    private static final Duration CLOCKS_ARE_WRONG = Duration.ofSeconds(5);

    @Override
    public List<Finding> of(ExaminedDatabase database) throws SQLException {
        List<Finding> findings = new ArrayList<>();
        for (Obstacle obstacle : Prerequisites.check(database.handle().getConnection(), database.capture())) {
            findings.add(new Finding(
                    Severity.ERROR,
                    "prerequisite",
                    "server",
                    obstacle.what(),
                    "Nothing can be captured.",
                    obstacle.remedy()));
        }
        version(database.version()).ifPresent(findings::add);
        settings(database, findings);
        clock(database, findings);
        pooler(database, findings);
        return findings;
    }

    static Optional<Finding> version(int version) {
        if (version < OLDEST) {
            return Optional.of(
                    version(Severity.ERROR, version, "refreshd needs " + OLDEST + " or newer.", "upgrade the server"));
        }
        return version > NEWEST
                ? Optional.of(version(
                        Severity.WARNING,
                        version,
                        "refreshd was tested with " + OLDEST + " to " + NEWEST + ".",
                        "look for a newer refreshd"))
                : Optional.empty();
    }

    private static Finding version(Severity severity, int version, String why, String remedy) {
        return new Finding(severity, "version", "server", "the server is PostgreSQL " + version, why, remedy);
    }

    private static void settings(ExaminedDatabase database, List<Finding> findings) {
        if (setting(database, "max_slot_wal_keep_size").equals("-1")) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "slot-unbounded",
                    "max_slot_wal_keep_size",
                    "nothing bounds the log that the server keeps for a slot",
                    "If the daemon is away for long, the log fills the server's disk. With a bound the slot is given up"
                            + " instead, which costs one refresh of every view and no data.",
                    "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()"));
        }
        if (setting(database, "track_counts").equals("off")) {
            findings.add(new Finding(
                    Severity.INFO,
                    "track-counts",
                    "track_counts",
                    "the server does not count rows",
                    "Whether a refresh changed anything is not known: views that stand on others are refreshed each time.",
                    "ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()"));
        }
        if (!setting(database, "synchronous_standby_names").isEmpty()) {
            findings.add(new Finding(
                    Severity.INFO,
                    "synchronous",
                    "synchronous_standby_names",
                    "commits wait for a synchronous standby",
                    "A commit that waits is in the log and not visible yet: its refresh waits too (state \"held\").",
                    ""));
        }
    }

    private static String setting(ExaminedDatabase database, String name) {
        return database.handle()
                .createQuery("SELECT coalesce((SELECT setting FROM pg_catalog.pg_settings WHERE name = :name), '')")
                .bind("name", name)
                .mapTo(String.class)
                .one();
    }

    /** The server's clock is read between two readings of ours, so that a slow network is not taken for a wrong clock. */
    private static void clock(ExaminedDatabase database, List<Finding> findings) {
        Instant before = database.wall().get();
        Instant there = database.handle()
                .createQuery("SELECT clock_timestamp() AS now")
                .map((row, context) ->
                        row.getObject("now", java.time.OffsetDateTime.class).toInstant())
                .one();
        Duration off = off(before, there, database.wall().get());
        if (off.compareTo(CLOCKS_AGREE) > 0) {
            findings.add(new Finding(
                    off.compareTo(CLOCKS_ARE_WRONG) > 0 ? Severity.WARNING : Severity.INFO,
                    "clock",
                    "clock",
                    "the server's clock and this machine's differ by at least " + off.toMillis() + " ms",
                    "No decision depends on it, but lag and staleness are shown wrong by as much.",
                    "let both synchronise (chrony, systemd-timesyncd)"));
        }
    }

    /** How far {@code there} lies outside the span in which it was read. */
    static Duration off(Instant before, Instant there, Instant after) {
        if (there.isBefore(before)) {
            return Duration.between(there, before);
        }
        return there.isAfter(after) ? Duration.between(after, there) : Duration.ZERO;
    }

    /** A pooler makes up a number for each client; the server's own is another one, and may change from one to the next. */
    private static void pooler(ExaminedDatabase database, List<Finding> findings) throws SQLException {
        int told = database.handle().getConnection().unwrap(PGConnection.class).getBackendPID();
        int serves = database.handle()
                .createQuery("SELECT pg_catalog.pg_backend_pid()")
                .mapTo(Integer.class)
                .one();
        if (told != serves) {
            findings.add(new Finding(
                    Severity.WARNING,
                    "pooler",
                    database.capture().server().host() + ":"
                            + database.capture().server().port(),
                    "the server was reached through a pooler: process " + serves
                            + " of the server answers, and the connection was told of " + told,
                    "PgBouncer and its like cannot pass on the replication stream, and in transaction mode session settings"
                            + " and the lease get lost.",
                    "let database.url name the server itself"));
        }
    }
}
