package io.refreshd.observe;

import io.refreshd.model.Lsn;
import io.refreshd.model.Method;
import io.refreshd.model.Moment;
import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.Timing;
import io.refreshd.model.ViewId;
import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamPhase;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.TableStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Statuses for tests, all as of {@link #NOW}. */
final class Samples {
    static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    static final Moment MOMENT = new Moment(1_000_000_000L, NOW);
    static final ViewId VIEW = new ViewId("public", "role_a");
    static final TableId TABLE = new TableId("public", "main");

    /** A name with characters that have to be escaped in HTML, JSON, label values and log lines. */
    static final ViewId HOSTILE = new ViewId("pub\"lic", "<script>alert('x')</script>\\\"\n{ä}😀&amp;");

    private Samples() {}

    static ViewStatus fresh(ViewId view) {
        return view(view, ViewPhase.FRESH, Optional.empty(), Optional.empty());
    }

    static ViewStatus stale(ViewId view, ViewPhase phase, Duration staleness) {
        return view(view, phase, Optional.of(NOW.minus(staleness)), Optional.empty());
    }

    static ViewStatus suspended(ViewId view, Obstacle reason) {
        return view(view, ViewPhase.SUSPENDED, Optional.of(NOW.minusSeconds(90)), Optional.of(reason));
    }

    static ViewStatus neverRefreshed(ViewId view, ViewPhase phase) {
        return new ViewStatus(
                view,
                phase,
                timing(),
                Method.CONCURRENT,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                0,
                Optional.empty(),
                Optional.empty());
    }

    static ViewStatus incremental(ViewId view) {
        return view(view, ViewPhase.FRESH, Method.INCREMENTAL, Optional.empty(), Optional.empty());
    }

    static DaemonStatus status(ViewStatus... views) {
        return new DaemonStatus(streaming(), List.of(views), List.of(new TableStatus(TABLE, Optional.empty())));
    }

    static StreamStatus streaming() {
        return stream(StreamPhase.STREAMING, "");
    }

    static StreamStatus stream(StreamPhase phase, String detail) {
        return new StreamStatus(
                phase, Optional.of(NOW.minusMillis(250)), Optional.of(Lsn.parse("16/B374D848")), detail);
    }

    private static ViewStatus view(
            ViewId view, ViewPhase phase, Optional<Instant> oldestMissing, Optional<Obstacle> reason) {
        return view(view, phase, Method.CONCURRENT, oldestMissing, reason);
    }

    private static ViewStatus view(
            ViewId view, ViewPhase phase, Method method, Optional<Instant> oldestMissing, Optional<Obstacle> reason) {
        return new ViewStatus(
                view,
                phase,
                timing(),
                method,
                oldestMissing,
                Optional.of(Lsn.parse("16/B374D800")),
                Optional.of(NOW.minusSeconds(91)),
                Optional.of(NOW.minusSeconds(3)),
                Optional.of(Duration.ofMillis(1500)),
                7,
                0,
                phase == ViewPhase.REFRESHING ? Optional.of(NOW.minusSeconds(75)) : Optional.empty(),
                reason);
    }

    private static Timing timing() {
        return new Timing(Duration.ofMillis(250), Duration.ofSeconds(5), Optional.empty());
    }
}
