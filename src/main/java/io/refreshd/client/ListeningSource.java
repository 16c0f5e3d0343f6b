package io.refreshd.client;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Changes of views by {@code LISTEN}. */
final class ListeningSource extends ChangeSource {
    private static final String CHANNEL = "refreshd";
    /** How long the last subscription takes to end; reading with a time limit sends nothing. */
    private static final int WAIT_MILLISECONDS = 250;
    /** Reads without a message after which the connection is tried: a server that is gone says nothing. */
    private static final int SILENT_READS = 40;

    private static final int VALID_SECONDS = 5;

    private final PGConnection notifications;
    private int silent;

    ListeningSource(Connection connection) throws SQLException {
        super(connection);
        this.notifications = connection.unwrap(PGConnection.class);
        execute("LISTEN " + CHANNEL);
    }

    @Override
    List<ChangeMessage> next(Set<String> views) throws SQLException {
        PGNotification[] received = notifications.getNotifications(WAIT_MILLISECONDS);
        List<ChangeMessage> messages = new ArrayList<>();
        if (received != null) {
            for (PGNotification each : received) {
                if (each.getName().equals(CHANNEL)) {
                    Optional.ofNullable(each.getParameter())
                            .flatMap(ChangeMessage::parse)
                            .ifPresent(messages::add);
                }
            }
        }
        silent = messages.isEmpty() ? silent + 1 : 0;
        if (silent >= SILENT_READS) {
            silent = 0;
            if (!connection().isValid(VALID_SECONDS)) {
                throw new SQLException("the connection is lost");
            }
        }
        return messages;
    }

    /** A pool would hand on a connection that listens. */
    @Override
    void restore() throws SQLException {
        execute("UNLISTEN " + CHANNEL);
        super.restore();
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection().createStatement()) {
            statement.execute(sql);
        }
    }
}
