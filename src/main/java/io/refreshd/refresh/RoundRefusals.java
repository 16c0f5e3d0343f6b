package io.refreshd.refresh;

import io.refreshd.model.Failure;
import io.refreshd.model.Obstacle;
import io.refreshd.model.RefreshOutcome;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.time.Duration;

/** The outcomes of views whose rows a round does not recompute, in words for people. Pure. */
final class RoundRefusals {
    private RoundRefusals() {}

    static RefreshOutcome unread(ViewId view) {
        return failed(new Failure(
                Failure.Kind.TRANSIENT, "", "the log was not read in time for a round of " + view, Remedy.NONE));
    }

    static RefreshOutcome forbidden(ViewId view, String reason) {
        return failed(new Failure(
                Failure.Kind.PERMANENT,
                "",
                "all rows of " + view + " would have to be recomputed, which full-recompute: never forbids: " + reason,
                Remedy.text("refreshd refresh " + view + " recomputes them once")));
    }

    static RefreshOutcome refused(ViewId view, Obstacle obstacle) {
        return failed(new Failure(
                Failure.Kind.PERMANENT,
                "",
                "the rows of " + view + " are not recomputed: " + obstacle.what(),
                obstacle.remedy().and("then refreshd resume " + view),
                obstacle.said()));
    }

    /** The attempt knows how long it took. */
    private static RefreshOutcome failed(Failure failure) {
        return new RefreshOutcome.Failed(failure, Duration.ZERO);
    }
}
