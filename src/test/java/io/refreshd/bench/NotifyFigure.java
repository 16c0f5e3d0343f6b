package io.refreshd.bench;

import io.refreshd.bench.Load.Workload;
import java.util.Map;

/**
 * What writers at full speed keep beside refreshd with a subscriber of all views, of what they keep beside refreshd that tells nobody. The
 * views are incremental, since many rounds a second are told then.
 */
final class NotifyFigure {
    private static final int ROWS = Integer.getInteger("bench.notify.rows", 50_000);
    private static final int VIEWS = 10;

    private final BenchDatabase database;
    private final Options options;
    private final Map<String, Object> results;

    NotifyFigure(BenchDatabase database, Options options, Map<String, Object> results) {
        this.database = database;
        this.options = options;
        this.results = results;
    }

    void run() throws Exception {
        new WriterThroughput(database, options, results)
                .run(
                        "writers at full speed, half of the changes in one of %d incremental views over %,d rows, a subscriber"
                                .formatted(VIEWS, ROWS),
                        Layout.ofRoles(ROWS, VIEWS),
                        Workload.parse("update-max"),
                        "incremental",
                        Contenders.INCREMENTAL_NOTIFY);
    }
}
