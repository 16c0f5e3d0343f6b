package io.refreshd.routing;

import io.refreshd.model.Impact;
import io.refreshd.report.Notice;
import java.util.List;

/**
 * The result of routing one batch of changes.
 *
 * @param impacts one for each view that is affected
 * @param candidates one for each view that is affected only if it shows one of the rows to be looked up: the view does not take the
 *     rows as they are now, and the log does not hold what they were before
 * @param avoided the views that read a table of the batch and yet are not affected by any change in it, one notice for each reason
 */
public record Routing(List<Impact> impacts, List<Impact> candidates, List<Notice.RefreshAvoided> avoided) {
    public Routing {
        impacts = List.copyOf(impacts);
        candidates = List.copyOf(candidates);
        avoided = List.copyOf(avoided);
    }
}
