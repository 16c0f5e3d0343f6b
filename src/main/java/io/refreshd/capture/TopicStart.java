package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TopicOffset;
import java.util.List;

/**
 * Where a source of topics begins.
 *
 * @param prefix the connector's {@code topic.prefix}: an event of another connector of the database is a gap
 * @param ordered whether the one partition keeps the order of the log
 * @param position everything that committed at or before it is delivered no more, or was marked already
 * @param decoded bytes that the server had decoded for the connector's slot when it was last looked at
 * @param acceptsLostChanges whether a connector that may lose changes when it is restarted is read from
 */
public record TopicStart(
        String prefix,
        List<TopicOffset> offsets,
        boolean ordered,
        Lsn position,
        long decoded,
        boolean acceptsLostChanges) {
    public TopicStart {
        offsets = List.copyOf(offsets);
    }
}
