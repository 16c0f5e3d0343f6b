package io.refreshd.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Of settings that were given to a role, those that the server accepts. A login takes no notice of a value that the server refuses, for
 * example a text search configuration that was dropped.
 */
final class AcceptedSettings {
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    private AcceptedSettings() {}

    /** @param forbidden gets the names of those that the connected role may not set. @param transaction open; it stays usable */
    static Map<String, String> of(Connection transaction, Map<String, String> given, Set<String> forbidden)
            throws SQLException {
        if (given.isEmpty() || refusal(transaction, given).isEmpty()) {
            return given;
        }
        Map<String, String> accepted = new LinkedHashMap<>();
        for (Map.Entry<String, String> one : given.entrySet()) {
            Optional<String> refusal = refusal(transaction, Map.of(one.getKey(), one.getValue()));
            if (refusal.isEmpty()) {
                accepted.put(one.getKey(), one.getValue());
            } else if (refusal.get().equals(INSUFFICIENT_PRIVILEGE)) {
                forbidden.add(one.getKey());
            }
        }
        return accepted;
    }

    /** Tries the settings. @return the SQLSTATE with which the server refuses them; empty if it does not */
    private static Optional<String> refusal(Connection transaction, Map<String, String> given) throws SQLException {
        String back = "ROLLBACK TO SAVEPOINT refreshd_settings; RELEASE SAVEPOINT refreshd_settings";
        try (Statement statement = transaction.createStatement()) {
            try {
                statement.execute("SAVEPOINT refreshd_settings; " + PlainSession.set(given) + "; " + back);
                return Optional.empty();
            } catch (SQLException refused) {
                try {
                    statement.execute(back);
                } catch (SQLException connectionLost) {
                    refused.addSuppressed(connectionLost);
                    throw refused;
                }
                return Optional.of(String.valueOf(refused.getSQLState()));
            }
        }
    }
}
