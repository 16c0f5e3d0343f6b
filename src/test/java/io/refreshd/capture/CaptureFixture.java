package io.refreshd.capture;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.TestDatabase;
import io.refreshd.testing.TestTimeout;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A database with a slot and a publication, and the runs that were started on it. */
final class CaptureFixture implements AutoCloseable {
    static final Duration HEARTBEAT = Duration.ofMillis(100);

    final TestDatabase database;
    final CaptureSettings settings;
    private final List<AutoCloseable> open = new ArrayList<>();

    CaptureFixture() throws Exception {
        database = TestDatabase.create();
        settings = new CaptureSettings(
                Server.of(database.url(), LocalPostgres.USER, ""),
                "slot_" + database.name(),
                "Pub of \"refreshd's\" test",
                HEARTBEAT);
        database.execute("CREATE PUBLICATION \"Pub of \"\"refreshd's\"\" test\"");
        try (Connection connection = database.connect()) {
            Slot.create(connection, settings.slot(), TestTimeout.LIMIT);
        }
    }

    String publication() {
        return "\"Pub of \"\"refreshd's\"\" test\"";
    }

    void publish(String table) throws Exception {
        database.execute("ALTER PUBLICATION " + publication() + " ADD TABLE ONLY " + table);
    }

    RecordingHandler handler() throws Exception {
        RecordingHandler handler = new RecordingHandler(database.connect());
        open.add(0, handler);
        return handler;
    }

    PgoutputChangeSource start(BatchHandler handler) {
        PgoutputChangeSource run = new PgoutputChangeSource(settings, handler);
        open.add(0, run);
        run.start();
        return run;
    }

    SlotState slot() throws Exception {
        try (Connection connection = database.connect()) {
            return Slot.inspect(connection, settings.slot()).orElseThrow();
        }
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        database.close();
    }
}
