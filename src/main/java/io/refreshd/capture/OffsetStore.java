package io.refreshd.capture;

import io.refreshd.model.TopicOffset;
import java.util.Collection;

/** Where a source of topics keeps how far it has read. */
public interface OffsetStore {

    /**
     * Stores the offsets in place of those before. Called for offsets before which everything was marked durably, and nothing else is
     * needed of it. Blocks.
     *
     * @param decoded bytes that the server says it has decoded for the connector's slot
     */
    void store(Collection<TopicOffset> offsets, long decoded);
}
