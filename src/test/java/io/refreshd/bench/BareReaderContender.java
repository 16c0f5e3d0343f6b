package io.refreshd.bench;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/**
 * The lower bound for the cost of capture: a process with the JVM options of refreshd that reads the slot and does nothing
 * else.
 */
final class BareReaderContender implements Contender {
    private final BenchDatabase database;
    private final Process process;
    private double cpuBefore;

    private BareReaderContender(BenchDatabase database, Process process) {
        this.database = database;
        this.process = process;
    }

    static Contender start(BenchDatabase database) throws Exception {
        database.execute(
                "CREATE PUBLICATION " + BenchDatabase.PUBLICATION + " FOR TABLE main, details",
                "SELECT pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
        BareReaderContender contender = new BareReaderContender(database, launch(database));
        try {
            Waiting.until("the bare reader reads the slot, see " + log(), contender::reading);
            return contender;
        } catch (RuntimeException e) {
            contender.close();
            throw e;
        }
    }

    private static File log() {
        return Path.of("target", "bench", "bare-reader.log").toFile();
    }

    private static Process launch(BenchDatabase database) throws IOException, URISyntaxException {
        log().getParentFile().mkdirs();
        String classPath = place(BareReader.class) + File.pathSeparator + place(org.postgresql.Driver.class);
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xms16m",
                "-Xmx128m",
                "-Xss512k",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                BareReader.class.getName(),
                database.url(),
                database.server().user(),
                database.slot(),
                BenchDatabase.PUBLICATION);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.appendTo(log()));
        builder.environment().put(BareReader.PASSWORD, database.server().password());
        return builder.start();
    }

    private static String place(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    private boolean reading() throws SQLException {
        if (!process.isAlive()) {
            throw new IllegalStateException("the bare reader ended, see " + log());
        }
        return !database.query(
                        "SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '" + database.slot() + "'")
                .isEmpty();
    }

    @Override
    public void begin() throws SQLException {
        database.refreshAll();
        cpuBefore = Procfs.cpuSeconds(process.pid());
    }

    @Override
    public boolean keepsFresh() {
        return false;
    }

    @Override
    public double cpuSeconds() {
        return Procfs.cpuSeconds(process.pid()) - cpuBefore;
    }

    @Override
    public OptionalLong pid() {
        return OptionalLong.of(process.pid());
    }

    @Override
    public void close() throws InterruptedException {
        boolean died = !process.isAlive();
        process.destroyForcibly();
        process.waitFor();
        if (died) {
            throw new IllegalStateException("the bare reader ended before its time, see " + log());
        }
    }
}
