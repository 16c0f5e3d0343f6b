package io.refreshd.refresh;

import io.refreshd.catalog.ProvenReach;
import io.refreshd.catalog.ProvenReach.Subject;
import io.refreshd.model.Obstacle;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Proves for all views of a round that its statements run trusted code alone, and that each owner may read what the definition reads.
 *
 * <p>Invariant: the proof is read on another connection than the round's. In the round's snapshot it would be as old as the snapshot.
 *
 * <p>Thread: any may call any method.
 */
final class RoundProof {
    private final Jdbi others;
    private final ProvenReach known;

    /** @param nanos a monotonic clock */
    RoundProof(Jdbi others, LongSupplier nanos) {
        this.others = others;
        this.known = new ProvenReach(nanos);
    }

    /** @return why the rows of a view must not be recomputed; a view of which nothing is said is proven */
    Map<RoundMember, Obstacle> obstacles(List<RoundMember> members) throws SQLException {
        Map<RoundMember, Obstacle> obstacles = new HashMap<>();
        if (members.isEmpty()) {
            return obstacles;
        }
        List<Subject> subjects = members.stream().map(RoundProof::subject).toList();
        try (Handle other = others.open()) {
            if (!known.unknown(subjects).isEmpty()) {
                other.useTransaction(
                        TransactionIsolationLevel.REPEATABLE_READ,
                        transaction -> known.learn(transaction.getConnection(), subjects));
            }
            Connection connection = other.getConnection();
            Map<Long, Obstacle> ofViews = ProvenReach.obstacles(connection, known.unproven(connection, subjects));
            for (RoundMember member : members) {
                Obstacle obstacle = ofViews.get(member.task().oid());
                if (obstacle != null) {
                    obstacles.put(member, obstacle);
                }
            }
        }
        return obstacles;
    }

    /** The same, and does the work while another thread reads the proof: each takes a millisecond or two of a round of one row. */
    Map<RoundMember, Obstacle> obstacles(List<RoundMember> members, LaterOfViews.Work meanwhile)
            throws InterruptedException, SQLException {
        FutureTask<Map<RoundMember, Obstacle>> proof = new FutureTask<>(() -> obstacles(members));
        Thread.ofVirtual().name("refreshd-proof").start(proof);
        meanwhile.run();
        try {
            return proof.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case SQLException ofServer -> throw ofServer;
                case RuntimeException other -> throw other;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    private static Subject subject(RoundMember member) {
        return new Subject(
                member.task().oid(),
                member.layout().definitionOid(),
                member.layout().oids());
    }
}
