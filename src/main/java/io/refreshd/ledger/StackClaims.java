package io.refreshd.ledger;

import io.refreshd.model.Lsn;
import io.refreshd.model.ViewId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * What can be claimed of views that read others: the lowest watermark among a view and all that it reads, as {@code refreshd.freshness} has
 * it. That view looks down from each view by itself, which takes the square of the depth of a stack if many are asked about, and anybody
 * may stack views. This looks at each view once.
 */
final class StackClaims {
    /**
     * A position and the commit time that it stands for.
     *
     * @param position null if nothing can be claimed
     */
    record Claim(@Nullable String position, @Nullable String at) {
        static final Claim NONE = new Claim(null, null);

        private Claim lower(Claim other) {
            if (position == null || other.position == null) {
                return NONE;
            }
            return Lsn.parse(other.position).compareTo(Lsn.parse(position)) < 0 ? other : this;
        }
    }

    private record Row(ViewId view, List<Long> upstream, Claim own) {}

    private final Map<Long, Row> rows;
    private final Map<Long, Claim> known = new HashMap<>();

    private StackClaims(Map<Long, Row> rows) {
        this.rows = rows;
    }

    /** @return for those of the views that read others and are clean; read in one statement, so that they fit together */
    static Map<ViewId, Claim> of(Handle handle, Collection<ViewId> views) {
        Map<Long, Row> rows = new HashMap<>();
        handle.createQuery("""
                        SELECT c.view_oid, c.view_schema, c.view_name, c.upstream::text[] AS upstream, c.watermark::text AS position,
                               c.commit_time::text AS at
                        FROM refreshd.own_claim c
                        WHERE EXISTS (SELECT FROM unnest((SELECT CAST(:schemas AS text[])), (SELECT CAST(:names AS text[])))
                                                  AS n (schema, name)
                                      JOIN refreshd.view_state s ON (s.view_schema, s.view_name) = (n.schema, n.name)
                                      WHERE s.upstream <> '{}' AND s.marked <= s.covered)
                        """)
                .bind("schemas", views.stream().map(ViewId::schema).toArray(String[]::new))
                .bind("names", views.stream().map(ViewId::name).toArray(String[]::new))
                .map((row, context) -> Map.entry(row.getLong("view_oid"), row(row)))
                .forEach(row -> rows.put(row.getKey(), row.getValue()));
        StackClaims claims = new StackClaims(rows);
        Map<ViewId, Claim> found = new HashMap<>();
        rows.forEach((oid, row) -> {
            if (!row.upstream().isEmpty()) {
                found.put(row.view(), claims.of(oid));
            }
        });
        return found;
    }

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                new ViewId(row.getString("view_schema"), row.getString("view_name")),
                List.of((String[]) row.getArray("upstream").getArray()).stream()
                        .map(Long::valueOf)
                        .toList(),
                new Claim(row.getString("position"), row.getString("at")));
    }

    /** Nothing recurses. A view that is not in the ledger, or that reads itself, has no claim. */
    private Claim of(long view) {
        Deque<Long> open = new ArrayDeque<>(List.of(view));
        Map<Long, Boolean> begun = new HashMap<>();
        while (!open.isEmpty()) {
            long next = open.element();
            Row row = rows.get(next);
            if (row == null || known.containsKey(next)) {
                known.putIfAbsent(next, Claim.NONE);
                open.pop();
            } else if (begun.put(next, true) == null) {
                row.upstream().stream().filter(oid -> !known.containsKey(oid)).forEach(open::push);
            } else {
                known.put(
                        next,
                        row.upstream().stream()
                                .map(oid -> known.getOrDefault(oid, Claim.NONE))
                                .reduce(row.own(), Claim::lower));
                open.pop();
            }
        }
        return known.getOrDefault(view, Claim.NONE);
    }

    /** The positions in the order of the views. */
    static @Nullable String[] positions(Map<ViewId, Claim> claims, Collection<ViewId> views) {
        return views.stream()
                .map(view -> Optional.ofNullable(claims.get(view))
                        .map(Claim::position)
                        .orElse(null))
                .toArray(String[]::new);
    }

    /** Their commit times in the order of the views. */
    static @Nullable String[] times(Map<ViewId, Claim> claims, Collection<ViewId> views) {
        return views.stream()
                .map(view ->
                        Optional.ofNullable(claims.get(view)).map(Claim::at).orElse(null))
                .toArray(String[]::new);
    }
}
