package io.refreshd.stream;

import io.refreshd.model.Moment;
import io.refreshd.report.Notice;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What the daemon provides to the stream.
 *
 * @param listener hears of everything that happens; must be quick
 * @param onFatal called when the event loop died of an error that must not happen
 * @param catalogChanged asks for a reconciliation before it is due; returns at once
 * @param permits shared with the other databases of the process
 */
public record Surroundings(
        Consumer<Notice> listener,
        Supplier<Moment> clock,
        Consumer<Throwable> onFatal,
        Runnable catalogChanged,
        StartPermits permits) {}
