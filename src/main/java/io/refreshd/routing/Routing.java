package io.refreshd.routing;

import io.refreshd.model.Impact;
import io.refreshd.report.Notice;
import java.util.List;

/**
 * What a batch of changes comes to.
 *
 * @param impacts one for each view that is affected
 * @param avoided one for each view that reads a table of the batch and yet is not affected by any change in it
 */
public record Routing(List<Impact> impacts, List<Notice.RefreshAvoided> avoided) {
    public Routing {
        impacts = List.copyOf(impacts);
        avoided = List.copyOf(avoided);
    }
}
