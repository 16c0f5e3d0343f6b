package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.ChangedKeys;
import io.refreshd.incremental.KeyText;
import io.refreshd.incremental.KeyedSql;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.StoreLayout.GroupMap;
import io.refreshd.incremental.WayChooser;
import io.refreshd.ledger.MissedRows;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.TableId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The maps of one view in a {@link Round}: by them the groups are found to which changed rows belonged and belong, and they are brought up
 * to date with the view.
 *
 * <p>Invariant: a map is corrected after it has been asked, in the transaction in which the view is. So it always says to which groups
 * the rows belonged that the view holds.
 *
 * <p>Thread: the one that owns the connection.
 */
final class MapsOfRound {
    private final Handle transaction;
    private final StoreLayout view;
    private final boolean keysMayHoldNull;
    /** The recompute keys of each map, by its table: two uses of one column have one. */
    private final Map<StoreLayout, Set<List<String>>> asked = new HashMap<>();

    private final TotalsOfRound totals;

    private boolean changed;

    MapsOfRound(Handle transaction, StoreLayout view) {
        this(transaction, view, false);
    }

    /** @param keysMayHoldNull whether the recompute keys of the maps may be those of another view's groups */
    MapsOfRound(Handle transaction, StoreLayout view, boolean keysMayHoldNull) {
        this.transaction = transaction;
        this.view = view;
        this.totals = new TotalsOfRound(view);
        this.keysMayHoldNull = keysMayHoldNull;
    }

    /** Why keys cannot be told by their text; empty if they can. */
    Optional<String> obstacle(PlainSession session) {
        return view.maps().stream()
                .flatMap(map -> KeyText.obstacle(map.store().keyTypes(), session::valueOf)
                        .or(() -> KeyText.obstacle(map.store().types(map.key()), session::valueOf))
                        .stream())
                .findFirst();
    }

    /**
     * Look-ups in the view alone: those in maps are replaced by the keys of the groups to which the rows belonged and belong.
     *
     * @return empty if there are too many
     */
    Optional<List<KeyLookup>> inView(List<KeyLookup> lookups, PlainSession session) throws SQLException {
        asked.clear();
        totals.found(Set.of(), Set.of());
        List<KeyLookup> found = new ArrayList<>(
                lookups.stream().filter(lookup -> lookup.map() == 0).toList());
        List<KeyLookup> inMaps = new ArrayList<>(
                lookups.stream().filter(lookup -> lookup.map() > 0).toList());
        for (int number = 1; number <= view.maps().size(); number++) {
            int wanted = number;
            GroupMap map = view.maps().get(number - 1);
            List<KeyLookup> ofMap =
                    inMaps.stream().filter(lookup -> lookup.map() == wanted).toList();
            Set<List<String>> keys = rowsOf(map, ofMap, session);
            if (keys.isEmpty()) {
                continue;
            }
            asked.computeIfAbsent(map.store(), store -> new HashSet<>()).addAll(keys);
            Set<List<String>> groups = ask(
                    session,
                    sql(map.store()).groups(keys, map.key(), WayChooser.MOST_KEYS + 1),
                    map.key().size());
            if (keys.size() > WayChooser.MOST_KEYS || groups.size() > WayChooser.MOST_KEYS) {
                return Optional.empty();
            }
            if (map.totals().isPresent()) {
                totals.found(keys, groups);
            }
            // What the groups are joined with comes later: the view, or another map.
            (map.of() == 0 ? found : inMaps)
                    .add(new KeyLookup(
                            new TableId(
                                    map.store().names().store().schema(),
                                    map.store().names().store().name()),
                            map.positions(),
                            map.store().types(map.key()),
                            groups,
                            List.of(),
                            map.of()));
        }
        return Optional.of(found);
    }

    private Set<List<String>> rowsOf(GroupMap map, List<KeyLookup> lookups, PlainSession session) throws SQLException {
        StoreLayout store = map.store();
        ChangedKeys keys = ChangedKeys.of(lookups, store.names().recomputeKey(), store.keyTypes());
        Set<List<String>> found = new HashSet<>(keys.recompute());
        if (!keys.lookups().isEmpty()) {
            found.addAll(ask(
                    session,
                    sql(store).keys(keys.lookups(), WayChooser.MOST_KEYS + 1),
                    store.names().recomputeKey().size()));
        }
        return found;
    }

    private RoundSql sql(StoreLayout map) {
        return new RoundSql(map, keysMayHoldNull, List.of());
    }

    private Set<List<String>> ask(PlainSession session, KeyedSql sql, int parts) throws SQLException {
        return session.query(transaction.getConnection(), sql.text(), sql.parameters(), row -> {
            Set<List<String>> keys = new HashSet<>();
            while (row.next()) {
                String[] key = new String[parts];
                for (int part = 0; part < parts; part++) {
                    key[part] = row.getString(part + 1);
                }
                keys.add(Arrays.asList(key));
            }
            return keys;
        });
    }

    /** Corrects the rows by which the groups were found. */
    void correct(PlainSession session) throws SQLException {
        Set<List<String>> again = new HashSet<>();
        if (totals.concernRows()) {
            again.addAll(correctTotals(session));
        }
        for (Map.Entry<StoreLayout, Set<List<String>>> map : asked.entrySet()) {
            RoundSql sql = sql(map.getKey());
            List<List<String>> keys = List.copyOf(map.getValue());
            for (int from = 0; from < keys.size(); ) {
                int to = (int) Math.min(keys.size(), (long) from + sql.keysAtOnce());
                run(session, sql.difference(keys.subList(from, to)));
                from = to;
            }
        }
        if (!again.isEmpty()) {
            run(session, totals.differenceOf(again));
        }
    }

    /** @return the groups that must be computed again */
    private Set<List<String>> correctTotals(PlainSession session) throws SQLException {
        KeyedSql sql = totals.difference();
        return session.query(transaction.getConnection(), sql.text(), sql.parameters(), row -> {
            row.next();
            changed |= rowsOf(row) > 0;
            return MissedRows.texts(row.getArray(4));
        });
    }

    void correctAll(PlainSession session) throws SQLException {
        for (StoreLayout map :
                view.maps().stream().map(GroupMap::store).distinct().toList()) {
            run(session, sql(map).differenceOfAll());
        }
        for (GroupMap map : view.maps()) {
            if (map.totals().isPresent()) {
                run(session, sql(map.totals().get().store()).differenceOfAll());
            }
        }
    }

    /** Whether groups are brought up to date from their totals, so that their rows are not read. */
    boolean haveTotals() {
        return totals.exist();
    }

    /** The statement that corrects the view's rows with these recompute keys, after the maps. */
    KeyedSql difference(RoundSql sql, Collection<List<String>> keys) {
        return totals.know(keys) ? sql.difference(keys, totals.shown()) : sql.difference(keys);
    }

    private void run(PlainSession session, KeyedSql sql) throws SQLException {
        changed |= session.query(transaction.getConnection(), sql.text(), sql.parameters(), row -> {
            row.next();
            return rowsOf(row) > 0;
        });
    }

    private static long rowsOf(ResultSet row) throws SQLException {
        return row.getLong(1) + row.getLong(2) + row.getLong(3);
    }

    /** Whether any row of a map was changed. */
    boolean changed() {
        return changed;
    }
}
