package io.refreshd.client;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Changes of views by asking {@code refreshd.freshness} once a second. It tells of every refresh, also of one that changed no row, and of
 * each view once at the beginning.
 */
final class PollingSource extends ChangeSource {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final Map<String, String> known = new HashMap<>();

    PollingSource(Connection connection) throws SQLException {
        super(connection);
    }

    @Override
    List<ChangeMessage> next(Set<String> views) throws SQLException {
        LockSupport.parkNanos(INTERVAL.toNanos());
        known.keySet().retainAll(views);
        List<ChangeMessage> messages = new ArrayList<>();
        try (Statement statement = connection().createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT view_schema, view_name, view_oid || ' ' || refreshed_at, watermark::text"
                                + " FROM refreshd.freshness WHERE refreshed_at IS NOT NULL")) {
            while (rows.next()) {
                String view = ChangeMessage.spelled(rows.getString(1), rows.getString(2));
                String refresh = rows.getString(3);
                if (views.contains(view) && !refresh.equals(known.put(view, refresh))) {
                    messages.add(new ChangeMessage(
                            view, new ViewChange(Optional.ofNullable(rows.getString(4)), OptionalLong.empty())));
                }
            }
        }
        return messages;
    }
}
