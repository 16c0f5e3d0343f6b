package io.refreshd.capture;

import io.refreshd.model.Lsn;
import io.refreshd.model.TableId;
import java.sql.Connection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decodes events by what the catalog says of their tables, and delivers them as a batch.
 *
 * <p>Thread: that of the source.
 */
final class EventDelivery {
    private final Connection connection;
    private final Delivery delivery;
    private final ChangeEventDecoder decoder;
    private final TableFactsReader facts = new TableFactsReader();

    /** @param connection for the catalog */
    EventDelivery(Connection connection, Delivery delivery, BatchHandler handler) {
        this.connection = connection;
        this.delivery = delivery;
        this.decoder = new ChangeEventDecoder(handler::interestIn);
    }

    /**
     * @param position up to which everything was read with these events
     * @return up to where may be acknowledged, and no further
     */
    Lsn deliver(List<ChangeEvent> events, Lsn position) throws Exception {
        Set<TableId> tables = new HashSet<>();
        for (ChangeEvent event : events) {
            if (event instanceof ChangeEvent.Row row) {
                tables.add(row.table());
            }
        }
        decoder.begin(facts.read(connection, tables));
        events.forEach(decoder::accept);
        BatchAssembler assembler = new BatchAssembler(delivery.newest().xmax());
        assembler.add(decoder.take());
        return delivery.deliver(assembler.assemble(position));
    }
}
