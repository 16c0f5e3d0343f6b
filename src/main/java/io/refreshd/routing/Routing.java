package io.refreshd.routing;

import io.refreshd.model.Impact;
import io.refreshd.report.Notice;
import java.util.List;

/**
 * What a batch of changes comes to.
 *
 * @param impacts one for each view that is affected
 * @param candidates the same of views that are affected only if they show one of the rows to be looked up: what these rows are
 *     now is nothing that the views take, and what they were is not in the log
 * @param avoided the views that read a table of the batch and yet are not affected by any change in it, once for each reason
 */
public record Routing(List<Impact> impacts, List<Impact> candidates, List<Notice.RefreshAvoided> avoided) {
    public Routing {
        impacts = List.copyOf(impacts);
        candidates = List.copyOf(candidates);
        avoided = List.copyOf(avoided);
    }
}
