package io.refreshd.catalog;

import io.refreshd.catalog.ReachGraph.Node;
import io.refreshd.model.Obstacle;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Remembers of incremental views that their code was proven trusted and their owners' access given, together with the versions of all
 * catalog rows by which that was decided. While the versions are the same, so is the answer, and to compare them takes the server a
 * fraction of what the proof takes.
 *
 * <p>Why that is as good as the proof. The proof begins at given relations and goes from object to object. Which objects come next, and
 * whether an object is trusted, is decided by rows that belong to the object alone, and by some that belong to none. If the rows of every
 * object that was reached are unchanged, the same objects are reached, by induction, and the same is decided of each. A row that was
 * altered and altered back has another version too, so more is noticed than by a second proof.
 *
 * <p>Invariant: versions are remembered only from the one snapshot in which the proof was made, and count only if they are read again.
 *
 * <p>Thread: any may call any method.
 */
public final class ProvenReach {
    private static final Node ALL = new Node(0, 0);
    private static final long PG_CLASS = 1259;

    /** Each view is proven by itself once. With a thousand views that takes seconds, for which no round has to wait. */
    private static final int LEARNED_AT_ONCE = 10;

    /** Far sooner than transaction ids can come around. */
    private static final long LONGEST = Duration.ofHours(1).toNanos();

    /**
     * An incremental view.
     *
     * @param view its oid
     * @param definition the oid of the plain view with its query
     * @param relations oids of all relations that statements for its rows name
     */
    public record Subject(long view, long definition, List<Long> relations) {
        public Subject {
            relations = List.copyOf(relations);
        }
    }

    private record Proven(Subject subject, Map<Node, String> versions, long since) {}

    private final LongSupplier nanos;
    private final Map<Long, Proven> proven = new ConcurrentHashMap<>();

    /** @param nanos a monotonic clock */
    public ProvenReach(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Proves views of which nothing is remembered, some at a time, and remembers those that pass.
     *
     * @param transaction of isolation level REPEATABLE READ
     */
    public void learn(Connection transaction, Collection<Subject> subjects) throws SQLException {
        List<Subject> some = unknown(subjects).stream().limit(LEARNED_AT_ONCE).toList();
        for (Subject subject : some) {
            Set<Node> reach = reach(transaction, subject);
            Map<Node, String> versions = versions(transaction, reach);
            if (TrustedCode.obstacle(transaction, subject.relations(), TrustedCode.Use.ROWS)
                            .isEmpty()
                    && OwnerAccess.obstacles(transaction, Map.of(subject.view(), subject.definition()))
                            .isEmpty()) {
                proven.put(subject.view(), new Proven(subject, versions, nanos.getAsLong()));
            }
        }
    }

    /** The views of which nothing is remembered, or not in this form. */
    public List<Subject> unknown(Collection<Subject> subjects) {
        return subjects.stream()
                .filter(subject -> {
                    Proven known = proven.get(subject.view());
                    return known == null
                            || !known.subject().equals(subject)
                            || nanos.getAsLong() - known.since() > LONGEST;
                })
                .toList();
    }

    /** The views that are not known to be proven as the catalog is now. What is remembered of them is forgotten. */
    public List<Subject> unproven(Connection connection, Collection<Subject> subjects) throws SQLException {
        Set<Subject> unproven = new HashSet<>(unknown(subjects));
        List<Proven> known = new ArrayList<>();
        Set<Node> nodes = new HashSet<>();
        for (Subject subject : subjects) {
            Proven before = unproven.contains(subject) ? null : proven.get(subject.view());
            if (before == null) {
                unproven.add(subject);
            } else {
                known.add(before);
                nodes.addAll(before.versions().keySet());
            }
        }
        if (!known.isEmpty()) {
            Map<Node, String> now = versions(connection, nodes);
            for (Proven before : known) {
                if (!before.versions().entrySet().stream()
                        .allMatch(node -> node.getValue().equals(now.getOrDefault(node.getKey(), "")))) {
                    proven.remove(before.subject().view(), before);
                    unproven.add(before.subject());
                }
            }
        }
        return List.copyOf(unproven);
    }

    /** Why the rows of a view must not be recomputed, by the proofs themselves; by oid of the view. */
    public static Map<Long, Obstacle> obstacles(Connection connection, Collection<Subject> subjects)
            throws SQLException {
        Map<Long, Obstacle> obstacles = new HashMap<>();
        if (subjects.isEmpty()) {
            return obstacles;
        }
        TrustedCode.obstacle(
                        connection,
                        subjects.stream()
                                .flatMap(subject -> subject.relations().stream())
                                .toList(),
                        TrustedCode.Use.ROWS)
                .ifPresent(ofAny -> subjects.forEach(subject -> obstacles.put(subject.view(), ofAny)));
        if (!obstacles.isEmpty() && subjects.size() > 1) {
            Map<Long, Obstacle> ofEach = new HashMap<>();
            for (Subject subject : subjects) {
                TrustedCode.obstacle(connection, subject.relations(), TrustedCode.Use.ROWS)
                        .ifPresent(obstacle -> ofEach.put(subject.view(), obstacle));
            }
            // What was in reach of all together, and is in reach of none any more, counts for each of them.
            if (!ofEach.isEmpty()) {
                obstacles.keySet().retainAll(ofEach.keySet());
                obstacles.putAll(ofEach);
            }
        }
        Map<Long, Long> definitions = new HashMap<>();
        subjects.forEach(subject -> definitions.put(subject.view(), subject.definition()));
        OwnerAccess.obstacles(connection, definitions).forEach(obstacles::putIfAbsent);
        return obstacles;
    }

    private static Set<Node> reach(Connection connection, Subject subject) throws SQLException {
        Set<Node> reach = new HashSet<>();
        reach.add(ALL);
        // Its row says who the owner is.
        reach.add(new Node(PG_CLASS, subject.view()));
        return TrustSql.REACH.query(
                connection,
                row -> {
                    while (row.next()) {
                        reach.add(new Node(row.getLong(1), row.getLong(2)));
                    }
                    return reach;
                },
                KeptPlan.array(
                        connection,
                        "text",
                        subject.relations().stream().map(String::valueOf).toArray()),
                "false");
    }

    private static Map<Node, String> versions(Connection connection, Collection<Node> nodes) throws SQLException {
        Map<Node, String> versions = new HashMap<>();
        // Of an object without any row: one that appears is a change.
        nodes.forEach(node -> versions.put(node, ""));
        List<Node> ordered = List.copyOf(nodes);
        return ReachVersionSql.VERSIONS.query(
                connection,
                row -> {
                    while (row.next()) {
                        versions.put(new Node(row.getLong(1), row.getLong(2)), row.getString(3));
                    }
                    return versions;
                },
                KeptPlan.array(
                        connection, "int8", ordered.stream().map(Node::catalog).toArray()),
                KeptPlan.array(
                        connection, "int8", ordered.stream().map(Node::oid).toArray()));
    }
}
