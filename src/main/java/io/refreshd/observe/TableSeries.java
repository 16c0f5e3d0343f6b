package io.refreshd.observe;

import static io.refreshd.observe.MetricNames.labelValue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.model.Operation;
import io.refreshd.model.TableId;
import io.refreshd.report.TableStatus;
import org.jspecify.annotations.Nullable;

/** Metric series of one base table, created and removed like those of {@link ViewSeries}. */
final class TableSeries {
    private final TableId table;
    private final SeriesSet series;
    private final TotalEnumMap<Operation, Counter> changes;

    /** Written by {@link Metrics#sync}, read by every scrape. */
    private volatile @Nullable TableStatus present;

    private boolean absentBefore;

    TableSeries(MeterRegistry registry, TableId table) {
        this.table = table;
        this.series = new SeriesSet(registry, MetricNames.TABLE, table.toString());
        String help = "Rows of the table that committed transactions changed; a TRUNCATE counts as one";
        this.changes = new TotalEnumMap<>(
                Operation.class,
                operation -> series.counter(MetricNames.CHANGES, help, MetricNames.OP, labelValue(operation)));
    }

    TableId table() {
        return table;
    }

    void changed(Operation operation, long rows) {
        changes.of(operation).increment((double) rows);
    }

    void show(TableStatus status) {
        boolean first = present == null;
        present = status;
        absentBefore = false;
        if (first) {
            series.gauge(
                    MetricNames.TABLE_CAPTURED,
                    "1 if the write-ahead log tells of changes of the table, else 0",
                    this::captured);
        }
    }

    /** Same contract as {@link ViewSeries#removeIfStillAbsent}. */
    boolean removeIfStillAbsent() {
        if (absentBefore) {
            series.remove();
        }
        boolean gone = absentBefore;
        absentBefore = true;
        return gone;
    }

    private int captured() {
        TableStatus now = present;
        return now != null && now.notCaptured().isEmpty() ? 1 : 0;
    }
}
