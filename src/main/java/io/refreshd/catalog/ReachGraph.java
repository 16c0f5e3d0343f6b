package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The objects of the catalog whose code a query over a relation may run, and the code among them that is not trusted. Pure.
 *
 * <p>Invariant: holds the whole of what the queries of {@link TrustSql} returned for its roots.
 */
final class ReachGraph {
    /** An object as {@code pg_depend} names it. */
    record Node(long catalog, long oid) {}

    /**
     * Code that is not trusted.
     *
     * @param what a function or foreign table, with its name
     * @param why a clause that follows the name
     */
    record Code(String what, String why) {}

    /** A cast between two types that runs untrusted code. */
    record Cast(Node source, Node target, Code code) {
        /** Whether a query that uses these objects can cast like this; built-in types are within reach of every query. */
        boolean isUsedBy(Map<Node, ?> reached) {
            return (Catalog.builtIn(source.oid()) || reached.containsKey(source))
                    && (Catalog.builtIn(target.oid()) || reached.containsKey(target));
        }
    }

    /** @param user description of the object from which the edge leads to a function; empty for other edges */
    private record Edge(Node to, String user) {}

    private final Map<Node, List<Edge>> edges = new HashMap<>();
    private final Map<Long, Node> queries = new HashMap<>();
    private final Map<Node, Code> code = new LinkedHashMap<>();
    private final List<Cast> casts = new ArrayList<>();
    /** Descriptions of the objects that are too large to be examined. */
    private final Map<Node, String> large = new LinkedHashMap<>();

    void addEdge(Node from, Node to, String user) {
        edges.computeIfAbsent(from, node -> new ArrayList<>()).add(new Edge(to, user));
    }

    void addQuery(long view, Node query) {
        queries.put(view, query);
    }

    void addCode(Node function, Code untrusted) {
        code.put(function, untrusted);
    }

    void addLarge(Node object, String description) {
        large.put(object, description);
    }

    void addCast(Cast cast) {
        casts.add(cast);
    }

    /** Whether there is no untrusted code in reach of any root. */
    boolean isTrusted() {
        return code.isEmpty() && casts.isEmpty() && large.isEmpty();
    }

    /** The first untrusted code that a query over the relation may run; empty if there is none. */
    Optional<Obstacle> obstacle(Node relation) {
        Map<Node, String> reached = reachedFrom(relation);
        for (Map.Entry<Node, Code> function : code.entrySet()) {
            String user = reached.get(function.getKey());
            if (user != null) {
                return Optional.of(obstacle(query(user), function.getValue()));
            }
        }
        return casts.stream()
                .filter(cast -> cast.isUsedBy(reached))
                .findFirst()
                .map(cast -> obstacle("a cast between types of the query", cast.code()))
                .or(() -> large.entrySet().stream()
                        .filter(object -> reached.containsKey(object.getKey()))
                        .findFirst()
                        .map(object -> tooLarge(object.getValue())));
    }

    /** Any code that is not trusted; empty if there is none. */
    Optional<Obstacle> first() {
        return Stream.concat(code.values().stream(), casts.stream().map(Cast::code))
                .findFirst()
                .map(any -> obstacle("the query", any))
                .or(() -> large.values().stream().findFirst().map(ReachGraph::tooLarge));
    }

    /** The objects in reach, each with the description of an object that uses it. */
    private Map<Node, String> reachedFrom(Node relation) {
        Map<Node, String> reached = new HashMap<>();
        Deque<Node> open = new ArrayDeque<>();
        reached.put(relation, "");
        open.add(relation);
        Node query = queries.get(relation.oid());
        if (query != null) {
            reached.put(query, "");
            open.add(query);
        }
        while (!open.isEmpty()) {
            for (Edge edge : edges.getOrDefault(open.remove(), List.of())) {
                if (reached.putIfAbsent(edge.to(), edge.user()) == null) {
                    open.add(edge.to());
                }
            }
        }
        return reached;
    }

    private static Obstacle tooLarge(String description) {
        String object = query(description);
        return new Obstacle(
                object + " is too large to be examined; refreshd runs as itself only code that it knows",
                Remedy.text(
                        "put the constants of " + object + " into a table; until then the view is refreshed instead"));
    }

    private static String query(String description) {
        return description.replaceFirst("^rule \\S+ on ", "the query of ");
    }

    private static Obstacle obstacle(String user, Code code) {
        return new Obstacle(
                (user.isEmpty() ? "the query" : user) + " uses " + code.what() + ", " + code.why()
                        + "; refreshd runs as itself only code of the server, of a superuser or of an extension",
                Remedy.text(
                        "take " + code.what() + " out of " + (user.isEmpty() ? "the query" : user)
                                + ", or have a superuser provide it by an extension; until then the view is refreshed instead"));
    }
}
