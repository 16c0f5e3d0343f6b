package io.refreshd.capture;

import io.refreshd.model.Change;
import io.refreshd.model.Interest;
import io.refreshd.model.TableId;
import io.refreshd.model.Xid;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Reads the changes that wait in a slot through an SQL function, with the decoder that the daemon uses. */
public final class DecodedChanges {
    private final StreamDecoder decoder;

    public DecodedChanges(Function<TableId, Interest> interests) {
        decoder = new StreamDecoder(interests, StreamEncoding.UTF8);
    }

    public List<Change> take(Connection connection, String slot, String publication) throws SQLException {
        List<Change> changes = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT data FROM pg_logical_slot_get_binary_changes(?, NULL, NULL, 'proto_version', '1',"
                        + " 'publication_names', ?)")) {
            statement.setString(1, slot);
            statement.setString(2, publication);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    decoder.accept(ByteBuffer.wrap(rows.getBytes(1))).ifPresent(captured -> {
                        if (captured instanceof Captured.Transaction transaction) {
                            transaction
                                    .tables()
                                    .forEach(tally -> changes.add(new Change(
                                            tally.table(),
                                            new Xid(transaction.xids().getFirst()),
                                            tally.rows(),
                                            tally.columns(),
                                            tally.touched(),
                                            transaction.first())));
                        }
                    });
                }
            }
        }
        return changes;
    }
}
