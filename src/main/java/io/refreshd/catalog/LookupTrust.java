package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The untrusted code that look-ups of the views would run, for all views at once and in bounded time.
 *
 * <p>Invariant: a proof that takes too long, or too much of the server's memory, proves nothing, and no view is looked up. Whoever may
 * create a view decides how much there is to prove. The catalog is read nevertheless.
 *
 * <p>Thread: the one that owns the connection.
 */
final class LookupTrust {
    /** A thousand ordinary views take half a second. Far below the statement timeout, at which the catalog could not be read at all. */
    static final Duration LONGEST = Duration.ofSeconds(5);

    /** SQLSTATE classes of what ends by its own size: cancelled at the timeout, resources, limits of the program. */
    private static final List<String> TOO_MUCH = List.of("57014", "53", "54");

    private static final Obstacle TOO_LARGE = new Obstacle(
            "its query is too large to be examined",
            Remedy.text("put its constants into a table; until then the view is refreshed instead"));

    private LookupTrust() {}

    /**
     * @param transaction an open transaction
     * @param rules the queries of the views; without its tree a query is too large, and is not examined here either
     * @return for each view with untrusted code in reach: that code
     */
    static Map<Long, Obstacle> of(
            Connection transaction, Collection<Long> views, Collection<Rule> rules, Duration longest)
            throws SQLException {
        Optional<Obstacle> untested = TestedVersions.obstacle(transaction);
        if (untested.isPresent()) {
            return views.stream().distinct().collect(Collectors.toMap(view -> view, view -> untested.get()));
        }
        Set<Long> small = new HashSet<>();
        rules.stream().filter(rule -> !rule.tree().isEmpty()).forEach(rule -> small.add(rule.relation()));
        if (small.isEmpty()) {
            // The server's encoding is another one than UTF-8, so that no tree was read.
            small.addAll(views);
        }
        small.retainAll(views);
        Map<Long, Obstacle> obstacles = new HashMap<>(proven(transaction, small, longest));
        for (long view : views) {
            if (!small.contains(view)) {
                obstacles.put(view, TOO_LARGE);
            }
        }
        return obstacles;
    }

    private static Map<Long, Obstacle> proven(Connection transaction, Collection<Long> views, Duration longest)
            throws SQLException {
        Savepoint before = transaction.setSavepoint();
        try {
            String timeout = limit(transaction, longest.toMillis() + "ms");
            Map<Long, Obstacle> obstacles = TrustedCode.obstacles(transaction, views, TrustedCode.Use.LOOKUP);
            limit(transaction, timeout);
            transaction.releaseSavepoint(before);
            return obstacles;
        } catch (SQLException e) {
            if (TOO_MUCH.stream().noneMatch(String.valueOf(e.getSQLState())::startsWith)) {
                throw e;
            }
            // The timeout is as before, too.
            transaction.rollback(before);
            Map<Long, Obstacle> all = new HashMap<>();
            views.forEach(view -> all.put(view, unproven(longest)));
            return all;
        }
    }

    private static Obstacle unproven(Duration longest) {
        return new Obstacle(
                "whose code its query runs could not be found out within " + longest.toSeconds()
                        + " s: the definitions of the database are too large or too many",
                Remedy.text(
                        "leave views with long lists of constants out by views.exclude, or put the constants into a table;"
                                + " until then the view is refreshed instead"));
    }

    /** @return the limit before */
    private static String limit(Connection transaction, String limit) throws SQLException {
        try (PreparedStatement statement = transaction.prepareStatement(
                "SELECT pg_catalog.current_setting('statement_timeout'), pg_catalog.set_config('statement_timeout', ?, true)")) {
            statement.setString(1, limit);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
