package io.refreshd.capture;

import io.refreshd.database.SessionKind;
import io.refreshd.database.SessionLimits;
import io.refreshd.database.SessionSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;

/** Builds the settings of Debezium's engine. Pure. */
final class EngineProperties {
    /** How often a status is sent to the server: well below the default of {@code wal_sender_timeout}, 60 s. */
    static final Duration STATUS_INTERVAL = Duration.ofSeconds(5);

    private EngineProperties() {}

    /**
     * Builds the settings of one run.
     *
     * @param run the name of the run, unique in this process: names threads, beans and the topic
     * @param serverVersion the server's major version
     */
    static Properties of(CaptureSettings settings, String run, int serverVersion) {
        Map<String, String> all = new TreeMap<>();
        connection(all, settings.server(), serverVersion);
        all.put("database." + PasswordSource.RUN, run);
        source(all, settings);
        position(all);
        pace(all);
        all.put("name", run);
        all.put("topic.prefix", run);
        all.put("connector.class", DebeziumInternals.CaptureConnector.class.getName());
        Properties properties = new Properties();
        properties.putAll(all);
        return properties;
    }

    /** The settings of one run of Debezium's own connector, whose events refreshd reads. */
    static Properties ofUnchanged(CaptureSettings settings, String run, int serverVersion) {
        Properties properties = of(settings, run, serverVersion);
        properties.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
        properties.remove("table.include.list");
        properties.remove("message.prefix.include.list");
        properties.put("decimal.handling.mode", "string");
        properties.put("converter.schemas.enable", "false");
        // A record stands for one row here.
        properties.put("max.batch.size", "2048");
        properties.put("max.queue.size", "8192");
        properties.put("max.queue.size.in.bytes", Long.toString(16L * 1024 * 1024));
        properties.put("poll.interval.ms", "10");
        return properties;
    }

    private static void connection(Map<String, String> all, Server server, int serverVersion) {
        // A server that vanished must not hold up the engine's start or stop for ever. Streaming is not affected: the
        // driver sets its own timeout while it reads a stream.
        all.put("database.connectTimeout", "10");
        all.put("database.loginTimeout", "15");
        all.put("database.socketTimeout", "60");
        all.put("database.authenticationPluginClassName", PasswordSource.class.getName());
        server.properties().forEach((name, value) -> all.put("database." + name, value));
        all.put(
                "database.options",
                (server.properties().getOrDefault("options", "") + " "
                                + SessionSettings.startup(
                                        SessionKind.CAPTURE,
                                        SessionLimits.of(
                                                SessionKind.CAPTURE,
                                                server.properties().get("socketTimeout")),
                                        serverVersion))
                        .strip());
        all.put("database.hostname", server.host());
        all.put("database.port", Integer.toString(server.port()));
        all.put("database.dbname", server.database());
        all.put("database.user", server.user());
        all.put("database.tcpKeepAlive", "true");
        // Debezium takes a transaction id when it begins, so its commit would wait for an absent synchronous standby.
        // It reads the names of all types, also of those that a server cannot convert to UTF-8. Nobody uses them.
        all.put(
                "database.initial.statements",
                "SET synchronous_commit = local; SELECT pg_catalog.set_config('client_encoding',"
                        + " CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'LATIN1' ELSE 'SQL_ASCII' END, false)"
                        + " WHERE pg_catalog.getdatabaseencoding() <> 'UTF8'");
        all.put("database.allowEncodingChanges", "true");
    }

    private static void source(Map<String, String> all, CaptureSettings settings) {
        all.put("plugin.name", "pgoutput");
        all.put("slot.name", settings.slot());
        all.put("slot.drop.on.stop", "false");
        all.put("publication.name", settings.publication());
        all.put("publication.autocreate.mode", "disabled");
        all.put("snapshot.mode", "no_data");
        // A name that no table has: Debezium sees no rows, so it need not read the columns of every table at the start.
        // The publication alone decides which tables are captured, also for a table that joins later.
        all.put("table.include.list", "no table of refreshd passes here");
        all.put("message.prefix.include.list", DebeziumInternals.PREFIX);
        all.put("skipped.operations", "none");
        all.put("tombstones.on.delete", "false");
        all.put("provide.transaction.metadata", "false");
        all.put("schema.name.adjustment.mode", "none");
        all.put("signal.enabled.channels", "");
        all.put("heartbeat.interval.ms", "0");
    }

    private static void position(Map<String, String> all) {
        // Offsets need not outlive the engine, which is never restarted: they only carry acknowledgements to the slot.
        all.put("offset.storage", MemoryOffsetBackingStore.class.getName());
        all.put("offset.flush.interval.ms", "0");
        all.put("lsn.flush.mode", "connector");
        all.put("lsn.flush.timeout.ms", "15000");
        all.put("lsn.flush.timeout.action", "fail");
    }

    private static void pace(Map<String, String> all) {
        all.put("errors.max.retries", "0");
        all.put("slot.max.retries", "0");
        all.put("slot.retry.delay.ms", "100");
        // One record stands for a whole TransactionBundle. The poller is woken at once when a batch is full, be it with
        // one record; else it waits for the interval to end, and spends the interval's last millisecond spinning. It
        // hears as late that the engine is being closed.
        all.put("max.batch.size", "1");
        all.put("poll.interval.ms", "500");
        // When the queue is full nothing is read, and what comes meanwhile is gathered in one bundle. Four bundles
        // are a few MiB at most.
        all.put("max.queue.size", "4");
        all.put("status.update.interval.ms", Long.toString(STATUS_INTERVAL.toMillis()));
        all.put("executor.shutdown.timeout.ms", "4000");
        all.put("record.processing.shutdown.timeout.ms", "100");
        all.put("internal.task.management.timeout.ms", "30000");
        all.put("record.processing.threads", "1");
    }
}
