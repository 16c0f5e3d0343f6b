package io.refreshd.bench;

import java.util.OptionalLong;

/** refreshd as it is deployed, with the quiet period and the target lag that the listener has too. */
final class RefreshdContender implements Contender {
    private final Stage stage;
    private final DaemonProcess daemon;
    private final String before;
    private final double cpuBefore;

    private RefreshdContender(Stage stage, DaemonProcess daemon) throws Exception {
        this.stage = stage;
        this.daemon = daemon;
        Waiting.until(
                "views are fresh at first",
                () -> stage.query("SELECT count(*) FROM refreshd.view_state WHERE marked > covered")
                        .getFirst()
                        .equals("0"));
        this.before = stage.query("SELECT coalesce(max(id), 0) FROM refreshd.refresh_history")
                .getFirst();
        this.cpuBefore = Procfs.cpuSeconds(daemon.pid());
    }

    static Contender start(Stage stage) throws Exception {
        return new RefreshdContender(
                stage, DaemonProcess.start(stage, InProcess.QUIET_MILLIS + "ms", InProcess.LONGEST_MILLIS + "ms"));
    }

    @Override
    public AfterWrite afterWrite() {
        return AfterWrite.NOTHING;
    }

    @Override
    public Refreshes.Count count() throws Exception {
        String done = "FROM refreshd.refresh_history WHERE outcome = 'refreshed' AND id > " + before;
        return new Refreshes.Count(
                Long.parseLong(stage.query("SELECT count(*) " + done).getFirst()),
                Long.parseLong(stage.query("SELECT count(*) " + done + " AND rows_changed > 0")
                        .getFirst()));
    }

    @Override
    public double cpuSeconds() {
        return Procfs.cpuSeconds(daemon.pid()) - cpuBefore;
    }

    @Override
    public OptionalLong pid() {
        return OptionalLong.of(daemon.pid());
    }

    @Override
    public void close() {
        daemon.close();
    }
}
