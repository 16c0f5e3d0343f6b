package io.refreshd.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the {@link PlainSession} of each owner for as long as nothing has changed of which it is made. To read one takes four
 * statements, and the server then reads its configuration files.
 *
 * <p>Invariant: what it is made of is compared each time: the owner, the rows of {@code ALTER … SET} for the owner, for every role and
 * for the connected role, and when this server session has read the configuration. Whether the server still accepts a value, for example
 * the name of a text search configuration, is not: so nothing is remembered for longer than a minute, nor beyond {@link #forget}.
 *
 * <p>Thread: any may call any method.
 */
public final class OwnerSessions {
    private static final long LONGEST = Duration.ofMinutes(1).toNanos();

    /** Each owner has one entry for each server session that has read the configuration anew. */
    private static final int MOST = 1_000;

    private static final String VERSIONS = """
            SELECT c.oid::int8,
                   concat_ws(' ', c.relowner, pg_catalog.pg_postmaster_start_time(), pg_catalog.pg_conf_load_time(),
                     (SELECT pg_catalog.string_agg(concat_ws(' ', s.setdatabase, s.setrole, s.xmin), ',' ORDER BY s.setdatabase, s.setrole)
                        FROM pg_catalog.pg_db_role_setting s
                       WHERE s.setrole IN (0, c.relowner, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))
                         AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d
                                                    WHERE d.datname = pg_catalog.current_database()))))
              FROM pg_catalog.pg_class c WHERE c.oid = ANY (((SELECT ?::int8[]))::oid[])
            """;

    private record Known(PlainSession session, long since) {}

    private final LongSupplier nanos;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    /** @param nanos a monotonic clock */
    public OwnerSessions(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** The settings of the owner of each relation that exists, by its oid. @param transaction open; it stays usable */
    public Map<Long, PlainSession> of(Connection transaction, Collection<Long> relations) throws SQLException {
        Map<Long, PlainSession> sessions = new HashMap<>();
        for (Map.Entry<Long, String> version : versions(transaction, relations).entrySet()) {
            sessions.put(version.getKey(), of(transaction, version.getKey(), version.getValue()));
        }
        return sessions;
    }

    private PlainSession of(Connection transaction, long relation, String version) throws SQLException {
        @Nullable Known before = known.get(version);
        if (before != null && nanos.getAsLong() - before.since() < LONGEST) {
            return before.session();
        }
        if (known.size() >= MOST) {
            forget();
        }
        PlainSession session = PlainSession.ofOwner(transaction, relation);
        known.put(version, new Known(session, nanos.getAsLong()));
        return session;
    }

    private static Map<Long, String> versions(Connection transaction, Collection<Long> relations) throws SQLException {
        Map<Long, String> versions = new HashMap<>();
        try (PreparedStatement statement = transaction.prepareStatement(VERSIONS)) {
            statement.setArray(1, transaction.createArrayOf("int8", relations.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    versions.put(row.getLong(1), row.getString(2));
                }
            }
        }
        return versions;
    }

    /** A statement has failed: it may have been for a setting that the server does not accept any more. */
    public void forget() {
        known.clear();
    }
}
