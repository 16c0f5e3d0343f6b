package io.refreshd.observe;

import io.refreshd.report.DaemonStatus;
import io.refreshd.report.StreamStatus;
import io.refreshd.report.ViewPhase;
import io.refreshd.report.ViewStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Readiness check: lists the reasons why views may be staler than their target lag, and tells whether the daemon is ready. Pure.
 *
 * <p>A view that is suspended, or blocked by one that is, is listed and does not make the daemon unready: somebody has to mend that
 * view, and until then the daemon does for all others what it should. Otherwise the owner of one view could take the daemon, or the
 * application beside it, out of service.
 *
 * @param silence longest time without a message, heartbeats included, before the stream counts as dead
 * @param grace how much staler than its target lag a view may be; a shorter miss is counted as one, but does not make the daemon
 *     unready
 */
public record Readiness(Duration silence, Duration grace) {
    public Readiness {
        if (silence.isNegative() || silence.isZero()) {
            throw new IllegalArgumentException("the silence allowed is not positive: " + silence);
        }
        if (grace.isNegative()) {
            throw new IllegalArgumentException("the grace is negative: " + grace);
        }
    }

    public List<String> reasonsAgainst(DaemonStatus status, Instant now) {
        List<String> reasons = new ArrayList<>();
        stream(status.stream(), now).ifPresent(reasons::add);
        status.views().forEach(view -> view(view, now).ifPresent(reasons::add));
        return List.copyOf(reasons);
    }

    /** Whether the daemon does what it should. */
    public boolean isReady(DaemonStatus status, Instant now) {
        return stream(status.stream(), now).isEmpty()
                && status.views().stream()
                        .noneMatch(view ->
                                !waitsForSomebody(view) && view(view, now).isPresent());
    }

    private static boolean waitsForSomebody(ViewStatus view) {
        return view.phase() == ViewPhase.SUSPENDED || view.phase() == ViewPhase.BLOCKED;
    }

    /**
     * Whether the view is staler than target lag and grace allow. A view that is paused or waits for its window never is: so it is wanted.
     */
    boolean beyondBound(ViewStatus view, Instant now) {
        return !view.phase().isStaleByOrder()
                && view.staleness(now).compareTo(view.timing().targetLag().plus(grace)) > 0;
    }

    private Optional<String> stream(StreamStatus stream, Instant now) {
        return switch (stream.phase()) {
            case STREAMING, HELD -> silent(stream, now);
            case CONNECTING -> Optional.of(withDetail("not connected to the write-ahead log", stream));
            case STANDBY -> Optional.of(withDetail("standby: another daemon serves this database", stream));
            case STOPPED -> Optional.of(withDetail("the capture has stopped", stream));
        };
    }

    private Optional<String> silent(StreamStatus stream, Instant now) {
        if (stream.lastMessage().isEmpty()) {
            return Optional.of(withDetail("no message has come from the write-ahead log yet", stream));
        }
        Duration age = Duration.between(stream.lastMessage().get(), now);
        return age.compareTo(silence) <= 0
                ? Optional.empty()
                : Optional.of(withDetail(
                        "no message from the write-ahead log for " + HumanDuration.format(age) + " (allowed: "
                                + HumanDuration.format(silence) + ")",
                        stream));
    }

    private Optional<String> view(ViewStatus view, Instant now) {
        if (beyondBound(view, now)) {
            return Optional.of("view " + view.view() + " is " + view.phase().word() + " and "
                    + HumanDuration.format(view.staleness(now)) + " stale (target lag: "
                    + HumanDuration.format(view.timing().targetLag()) + ")" + because(view));
        }
        if (neverRefreshed(view)) {
            return Optional.of(
                    "view " + view.view() + " is " + view.phase().word() + " and was never refreshed" + because(view));
        }
        return Optional.empty();
    }

    /** Whether the view waits for its first refresh. Such a view has a staleness of zero, which means "unknown". */
    private static boolean neverRefreshed(ViewStatus view) {
        return switch (view.phase()) {
            case FRESH, UNTRACKED, PAUSED, WAITING -> false;
            case DIRTY, REFRESHING, BACKING_OFF, SUSPENDED, BLOCKED ->
                view.refreshedAt().isEmpty() && view.watermark().isEmpty();
        };
    }

    private static String because(ViewStatus view) {
        return view.reason().map(obstacle -> ": " + obstacle.what()).orElse("");
    }

    private static String withDetail(String reason, StreamStatus stream) {
        return stream.detail().isEmpty() ? reason : reason + ": " + stream.detail();
    }
}
