package io.refreshd.routing;

import io.refreshd.model.Impact;
import io.refreshd.report.Notice;
import java.util.List;

/**
 * What a batch of changes comes to.
 *
 * @param impacts one for each view that is affected
 * @param avoided the views that read a table of the batch and yet are not affected by any change in it, once for each reason
 */
public record Routing(List<Impact> impacts, List<Notice.RefreshAvoided> avoided) {
    public Routing {
        impacts = List.copyOf(impacts);
        avoided = List.copyOf(avoided);
    }
}
