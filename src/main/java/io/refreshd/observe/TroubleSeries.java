package io.refreshd.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.refreshd.report.Lateness;

/**
 * Counter of troubles by reason: why a view was late, a refresh failed, a gap was found or an error was caught. It has no label for the view, since views
 * times reasons would be too many series.
 */
final class TroubleSeries {
    private static final String INTERNAL = "internal error";

    private final MeterRegistry registry;

    TroubleSeries(MeterRegistry registry) {
        this.registry = registry;
        // Registered at zero: increase() does not count the step from "no series" to 1.
        for (Lateness reason : Lateness.values()) {
            count(reason.words());
        }
        count(INTERNAL);
        failure("");
        MetricNames.SQL_STATES.forEach(this::failure);
        MetricNames.GAP_REASONS.forEach(this::gap);
    }

    void late(Lateness reason) {
        count(reason.words()).increment();
    }

    void failed(String sqlState) {
        failure(sqlState).increment();
    }

    void errorCaught() {
        count(INTERNAL).increment();
    }

    void gapFound(String reason) {
        gap(reason).increment();
    }

    /**
     * By code where the code is explained in the documents, otherwise by its class: a function may raise an error with any code, and each
     * series lasts for as long as the process.
     */
    private Counter failure(String sqlState) {
        if (sqlState.isEmpty()) {
            return count("no answer from the server");
        }
        if (MetricNames.SQL_STATES.contains(sqlState)) {
            return count("SQLSTATE " + sqlState);
        }
        String known = sqlState.length() < 2 ? "" : sqlState.substring(0, 2);
        return count(MetricNames.SQL_STATE_CLASSES.contains(known) ? "SQLSTATE " + known + "…" : "SQLSTATE unknown");
    }

    private Counter gap(String reason) {
        return count("gap: " + reason);
    }

    private Counter count(String reason) {
        return Counter.builder(MetricNames.TROUBLES)
                .description(
                        "Times that a view was late, a refresh failed, a gap was found or an error was caught, by reason")
                .tag(MetricNames.REASON, reason)
                .register(registry);
    }
}
