package io.refreshd.stream;

import io.refreshd.config.RefreshSettings;
import io.refreshd.ingest.LowWatermark;
import io.refreshd.ledger.LeasedLedger;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Failure;
import io.refreshd.model.Method;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.refresh.PostgresRefresher;
import io.refreshd.refresh.RefreshLimits;
import io.refreshd.refresh.RoutedCatalog;
import io.refreshd.report.Notice;
import io.refreshd.schedule.Action;
import io.refreshd.schedule.EventLoop;
import io.refreshd.schedule.Refresher;
import io.refreshd.schedule.ViewLedger;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Adapters of the event loop to refresher and ledger. */
final class LoopPorts {
    private final LeasedLedger ledger;
    private final LowWatermark watermark;
    private final PostgresRefresher refresher;
    private final LogWaits waits;
    private final Surroundings around;

    /**
     * @param notifies the views of whose changes subscribers are told
     * @param routed by which catalog changes are routed
     */
    LoopPorts(
            LeasedLedger ledger,
            LowWatermark watermark,
            RefreshSettings settings,
            Predicate<ViewId> notifies,
            RoutedCatalog routed,
            Surroundings around) {
        this.ledger = ledger;
        this.watermark = watermark;
        this.around = around;
        this.waits = new LogWaits(ledger, watermark.demand());
        this.refresher = new PostgresRefresher(
                ledger.jdbi(),
                ledger.lease(),
                new RefreshLimits(settings.lockTimeout(), settings.statementTimeout(), settings.lockPatience()),
                around.clock(),
                watermark::commitTime,
                notifies,
                change -> around.listener().accept(new Notice.ViewChanged(change)),
                routed);
    }

    EventLoop.Ports ports() {
        return new EventLoop.Ports(new Refreshes(), new Writes(), around.listener(), around.onFatal());
    }

    private final class Refreshes implements Refresher {
        @Override
        public RefreshOutcome refresh(RefreshTask task, Refresher.Later later) {
            if (task.method() == Method.INCREMENTAL) {
                Refresher.LaterOfViews ofOne =
                        (views, position, patience) -> Map.of(task.view(), later.upTo(position, patience));
                return Objects.requireNonNull(round(List.of(task), ofOne).get(task.view()));
            }
            return guarded(() -> refresher.refresh(task, waits.ofLookUp(later)));
        }

        @Override
        public Map<ViewId, RefreshOutcome> round(List<RefreshTask> tasks, Refresher.LaterOfViews later) {
            Map<ViewId, RefreshOutcome> outcomes = new HashMap<>();
            RefreshOutcome otherwise = guarded(() -> {
                outcomes.putAll(refresher.round(tasks, waits.ofRound(later)));
                return new RefreshOutcome.Gone();
            });
            tasks.forEach(task -> outcomes.putIfAbsent(task.view(), otherwise));
            return outcomes;
        }

        /** Failure: an error of refreshd concerns these views alone, and the refresh is tried again. */
        private RefreshOutcome guarded(Supplier<RefreshOutcome> refresh) {
            try {
                return refresh.get();
            } catch (OutOfMemoryError e) {
                // What else has failed for it is not known: a process that begins anew is sound.
                throw e;
            } catch (RuntimeException | Error e) {
                around.listener().accept(new Notice.ErrorCaught("refresh", e));
                return new RefreshOutcome.Failed(
                        new Failure(
                                Failure.Kind.TRANSIENT,
                                "",
                                "an error in refreshd (" + e.getClass().getSimpleName() + "); its log says more",
                                Remedy.NONE),
                        Duration.ZERO);
            }
        }

        @Override
        public void cancel() {
            refresher.cancel();
        }
    }

    private final class Writes implements ViewLedger {
        @Override
        public void settle(Action.Settle settle) {
            ledger.write(transaction -> ViewRows.settle(
                    transaction,
                    settle.view(),
                    settle.oid(),
                    settle.number(),
                    settle.watermark(),
                    settle.watermark().flatMap(watermark::commitTime)));
        }

        @Override
        public void remember(Action.Remember remember) {
            ledger.write(transaction -> ViewRows.remember(
                    transaction,
                    remember.view(),
                    remember.failures(),
                    remember.paused(),
                    remember.closedUntil(),
                    remember.suspended()));
        }
    }
}
