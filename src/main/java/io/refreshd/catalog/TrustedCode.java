package io.refreshd.catalog;

import io.refreshd.catalog.ReachGraph.Node;
import io.refreshd.model.Obstacle;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Proves that a statement over a relation runs no code but that of the server, of a superuser or of an extension. A statement that
 * refreshd sends runs with the rights of refreshd, and so does every function in its reach: of the view's query, of types, casts and
 * operators in it, of the indexes, statistics, constraints and policies of every relation that it reads. A REFRESH is no such statement:
 * the server runs it as the view's owner, in a context that cannot leave that role.
 *
 * <p>Invariant: what is not proven is not run. The caller refreshes the view instead, or says why it compares nothing.
 *
 * <p>Invariant: the proof is read in a snapshot of its own, and the statement is planned next in the same session. A proof read in
 * the snapshot of a REPEATABLE READ transaction would be as old as that transaction.
 *
 * <p>Failure: no lock keeps others from altering the catalog between proof and plan. Who owns an object in reach can win that race,
 * which lasts for about a millisecond. So the statement also runs in a transaction that is READ ONLY and rolled back: code that won
 * the race reads with refreshd's rights, and writes and keeps nothing. To grant refreshd no SELECT on a view rules that out as well.
 *
 * <p>Thread: the one that owns the connection.
 */
public final class TrustedCode {
    private static final long PG_CLASS = 1259;

    private TrustedCode() {}

    /** What of a relation a statement runs. */
    public enum Use {
        /** The statement reads the relation's rows. */
        ROWS(false, false),
        /** The statement also runs the query of the materialized view, for some keys. */
        LOOKUP(true, false),
        /**
         * The statement also runs the query of the materialized view, to compare all of it. A superuser's function is trusted here even if
         * its body is text, in which the catalog does not show what it calls: the superuser runs the same.
         */
        AUDIT(true, true),
        /** The operator's own query reads the relation's rows. Functions of superusers are trusted as in an audit. */
        OPERATOR(false, true);

        private final boolean query;
        private final boolean text;

        Use(boolean query, boolean text) {
            this.query = query;
            this.text = text;
        }
    }

    /** The code that is not trusted; empty if there is none. */
    public static Optional<Obstacle> obstacle(Connection connection, long relation, Use use) throws SQLException {
        ReachGraph graph = read(connection, Stream.of(String.valueOf(relation)), use);
        // What led to the code may be gone when the graph is read. The code was in reach, nevertheless.
        return graph.isTrusted()
                ? Optional.empty()
                : graph.obstacle(new Node(PG_CLASS, relation)).or(graph::first);
    }

    /** The code that is not trusted and that a statement over all these relations runs; empty if there is none. */
    public static Optional<Obstacle> obstacle(Connection connection, Collection<Long> relations, Use use)
            throws SQLException {
        ReachGraph graph = read(connection, relations.stream().map(String::valueOf), use);
        return graph.isTrusted()
                ? Optional.empty()
                : relations.stream()
                        .flatMap(relation -> graph.obstacle(new Node(PG_CLASS, relation)).stream())
                        .findFirst()
                        .or(graph::first);
    }

    /** For each relation that is in reach of code that is not trusted: that code. To be read in one snapshot. */
    public static Map<Long, Obstacle> obstacles(Connection connection, Collection<Long> relations, Use use)
            throws SQLException {
        ReachGraph graph = read(connection, relations.stream().map(String::valueOf), use);
        Map<Long, Obstacle> obstacles = new HashMap<>();
        for (long relation : relations) {
            graph.obstacle(new Node(PG_CLASS, relation)).ifPresent(obstacle -> obstacles.put(relation, obstacle));
        }
        return obstacles;
    }

    /** Whether statements that read the rows of these views run trusted code alone. A view that does not exist runs none. */
    public static boolean isAllInRowsOf(Connection connection, Collection<ViewId> views) throws SQLException {
        return read(connection, views.stream().map(SqlNames::qualified), Use.ROWS)
                .isTrusted();
    }

    private static ReachGraph read(Connection connection, Stream<String> relations, Use use) throws SQLException {
        String names = KeptPlan.array(connection, "text", relations.toArray());
        String query = String.valueOf(use.query);
        ReachGraph graph = new ReachGraph();
        TrustSql.UNTRUSTED.query(connection, rows -> read(rows, graph), names, query, String.valueOf(use.text));
        return graph.isTrusted() ? graph : TrustSql.GRAPH.query(connection, rows -> read(rows, graph), names, query);
    }

    private static ReachGraph read(ResultSet row, ReachGraph graph) throws SQLException {
        while (row.next()) {
            Node from = new Node(row.getLong(2), row.getLong(3));
            Node to = new Node(row.getLong(4), row.getLong(5));
            add(row.getString(1), from, to, row.getString(6), row.getString(7), graph);
        }
        return graph;
    }

    private static void add(String kind, Node from, Node to, @Nullable String text, String why, ReachGraph graph) {
        // The text is null if the object was dropped meanwhile.
        String name = text == null ? "an object that was dropped" : text;
        switch (kind) {
            case "query" -> graph.addQuery(from.oid(), to);
            case "large" -> graph.addLarge(to, name);
            case "code" -> graph.addCode(to, new ReachGraph.Code(name, why));
            case "cast" -> graph.addCast(new ReachGraph.Cast(from, to, new ReachGraph.Code(name, why)));
            default -> graph.addEdge(from, to, name);
        }
    }
}
