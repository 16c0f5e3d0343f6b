package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.ChangedKeys;
import io.refreshd.incremental.KeyText;
import io.refreshd.incremental.KeyedSql;
import io.refreshd.incremental.RoundSql;
import io.refreshd.incremental.StoreLayout;
import io.refreshd.incremental.Way;
import io.refreshd.incremental.WayChooser;
import io.refreshd.model.FullRecompute;
import io.refreshd.model.KeyLookup;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.Snapshot;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One view in a {@link Round}: what its rows rest on, and the statements that make them what its definition gives.
 *
 * <p>Thread: the one that owns the connection.
 */
final class RoundMember {
    private final Handle transaction;
    private final RefreshTask task;
    private final StoreLayout layout;
    private final RoundSql sql;
    private final MapsOfRound maps;
    private final ClockOfRound clock;
    private final ViewRounds known;
    private final ToldRows told;
    private boolean rowsChanged;
    private @Nullable Snapshot snapshot;
    private @Nullable PlainSession session;
    /** The version of the definition, by which its rows are recomputed. */
    private String version = "";

    RoundMember(Handle transaction, RefreshTask task, StoreLayout layout, ViewRounds known) {
        this.transaction = transaction;
        this.task = task;
        this.layout = layout;
        this.told =
                new ToldRows(task.basis().stack().readers(), layout.columns().size());
        boolean stacked = !task.basis().stack().upstream().isEmpty();
        this.sql = new RoundSql(layout, stacked, told.asked());
        this.maps = new MapsOfRound(transaction, layout, stacked);
        this.clock = new ClockOfRound(transaction, task.oid(), task.basis().clock());
        this.known = known;
    }

    RefreshTask task() {
        return task;
    }

    ViewId view() {
        return task.view();
    }

    StoreLayout layout() {
        return layout;
    }

    /** Only to be asked once the member is {@link #prepared}. */
    Snapshot snapshot() {
        return Objects.requireNonNull(snapshot);
    }

    /**
     * Tells what the round's snapshot shows.
     *
     * @param version of the definition
     * @param owner the settings of a session of the view's owner
     */
    void prepared(Snapshot seen, String version, PlainSession owner) {
        this.snapshot = seen;
        this.version = version;
        this.session = owner.withOwnPath().sparse();
    }

    private PlainSession session() {
        return Objects.requireNonNull(session);
    }

    /** Whether the keys of all changes are needed: otherwise all rows are recomputed in any case. */
    boolean goesByKeys() {
        return !task.refreshesAll() && task.definitionIs(version);
    }

    /**
     * @param later the rows that changed since the task was made; empty: not known
     * @param below the rows that changed in views that this one reads
     */
    Way way(Optional<List<KeyLookup>> later, RoundStack.Below below) throws SQLException {
        if (!goesByKeys() || later.isEmpty()) {
            return new Way.Everything(whyEverything());
        }
        if (below.everything().isPresent()) {
            return new Way.Everything(below.everything().get());
        }
        List<KeyLookup> lookups = new ArrayList<>(task.lookups());
        lookups.addAll(later.get());
        lookups.addAll(below.lookups());
        Optional<String> unclear = clock.obstacle(session(), known, view()).or(() -> maps.obstacle(session()));
        if (unclear.isPresent()) {
            return new Way.Everything(unclear.get());
        }
        Optional<String> untold = clock.addTo(lookups, session());
        if (untold.isPresent()) {
            return new Way.Everything(untold.get());
        }
        Optional<List<KeyLookup>> inView = maps.inView(lookups, session());
        if (inView.isEmpty()) {
            return new Way.Everything("more than " + WayChooser.MOST_KEYS + " rows or groups changed");
        }
        ChangedKeys changed = ChangedKeys.of(inView.get(), layout.names().recomputeKey(), layout.keyTypes());
        Optional<String> reason = KeyText.obstacle(layout.keyTypes(), session()::valueOf)
                .or(() -> everythingInstead(changed.count(), WayChooser::everythingAtOnce));
        if (reason.isPresent()) {
            return new Way.Everything(reason.get());
        }
        Set<List<String>> keys = new HashSet<>(changed.recompute());
        if (!changed.lookups().isEmpty()) {
            keys.addAll(lookUp(changed.lookups()));
        }
        if (!keys.isEmpty() && !maps.haveTotals() && !known.chooser().isKnown(keys.size())) {
            lookAtPlans(keys);
        }
        return everythingInstead(keys.size(), WayChooser::everythingInstead)
                .<Way>map(Way.Everything::new)
                .orElseGet(() -> new Way.Keys(keys, changed.count()));
    }

    /** What would be cheaper is no reason where it is forbidden. */
    private Optional<String> everythingInstead(long keys, BiFunction<WayChooser, Long, Optional<String>> ask) {
        return mayRecomputeAll() || keys > WayChooser.MOST_KEYS ? ask.apply(known.chooser(), keys) : Optional.empty();
    }

    /** Whether all rows may be recomputed without a further word of the operator. */
    boolean mayRecomputeAll() {
        return task.basis().fullRecompute() == FullRecompute.ALLOW;
    }

    /**
     * Whether the definition, or a table that it reads, is not as it was when changes were routed. What is put back a moment later leaves no
     * trace, so that rows recomputed in between would stay. Of a view of which nothing is claimed everything is recomputed instead.
     */
    boolean isAltered() {
        return task.routed().isPresent() && !task.definitionIs(version);
    }

    private String whyEverything() {
        if (!task.definitionIs(version)) {
            return "the definition, or a table that it reads, was altered a moment ago";
        }
        return task.refreshesAll()
                ? task.basis().everything()
                : "the keys of changes that came meanwhile are not known";
    }

    /** Is done once for each magnitude of keys: the planner's costs, and whether an index leads to the rows of a key. */
    private void lookAtPlans(Set<List<String>> keys) throws SQLException {
        PlanReader reader = new PlanReader(transaction, session());
        List<List<String>> once = keys.stream().limit(sql.keysAtOnce()).toList();
        double costOfKeys = reader.cost(sql.differenceToPlan(once)) * keys.size() / once.size();
        known.chooser()
                .planned(
                        costOfKeys,
                        keys.size(),
                        reader.cost(sql.differenceOfAll().text()));
        // What is dear is told by the server's costs.
        transaction.execute(PageCosts.OF_SERVER);
        known.foundMissing(
                task.view(),
                reader.look(sql.rows(Set.of(keys.iterator().next()))).missingIndex(task.view()));
        transaction.execute(PageCosts.IN_MEMORY);
    }

    private Set<List<String>> lookUp(List<KeyLookup> lookups) throws SQLException {
        int parts = layout.names().recomputeKey().size();
        KeyedSql query = sql.keys(lookups, WayChooser.MOST_KEYS + 1);
        return session().query(transaction.getConnection(), query.text(), query.parameters(), row -> {
            Set<List<String>> keys = new HashSet<>();
            while (row.next()) {
                List<String> key = new ArrayList<>();
                for (int part = 1; part <= parts; part++) {
                    key.add(row.getString(part));
                }
                keys.add(key);
            }
            return keys;
        });
    }

    /** Whether nothing was pending and no row changed that the view reads. */
    boolean idles(Way way) {
        return way instanceof Way.Keys some
                && some.keys().isEmpty()
                && some.changed() == 0
                && task.basis().stack().accompanies();
    }

    /** @return how many rows of the table were changed */
    long apply(Way way) throws SQLException {
        return switch (way) {
            case Way.Keys some -> {
                maps.correct(session());
                long rows = 0;
                List<List<String>> keys = List.copyOf(some.keys());
                for (int from = 0; from < keys.size(); ) {
                    int to = (int) Math.min(keys.size(), (long) from + sql.keysAtOnce());
                    rows += correct(maps.difference(sql, keys.subList(from, to)));
                    from = to;
                }
                clock.keep(session(), false);
                yield rows;
            }
            case Way.Everything all -> {
                transaction.execute(PageCosts.OF_SERVER);
                maps.correctAll(session());
                clock.keep(session(), true);
                long rows = correct(sql.differenceOfAll());
                transaction.execute(PageCosts.IN_MEMORY);
                yield rows;
            }
        };
    }

    /** What the views that read this one have to know; empty if no row was changed. */
    Optional<ToldRows> told() {
        if (rowsChanged
                && told.asked().stream()
                        .anyMatch(columns -> KeyText.obstacle(layout.types(columns), session()::valueOf)
                                .isPresent())) {
            told.unknown();
        }
        return rowsChanged ? Optional.of(told) : Optional.empty();
    }

    /** Whether rows of maps or bounds in time were changed; they have to be committed although the view shows nothing of them. */
    boolean mapsChanged() {
        return maps.changed() || clock.moved();
    }

    private long correct(KeyedSql difference) throws SQLException {
        return session().query(transaction.getConnection(), difference.text(), difference.parameters(), row -> {
            row.next();
            long rows = row.getLong(1) + row.getLong(2) + row.getLong(3);
            told.add(row, 4);
            rowsChanged |= rows > 0;
            return rows;
        });
    }

    /** The way took so long: what the next choice goes by. */
    void took(Way way, Duration time) {
        known.chooser().took(way, time);
    }

    /** Whether to recompute all rows is known to take no longer than this. */
    boolean takesAsAWholeAtMost(Duration time) {
        return known.chooser()
                .everythingTook()
                .filter(took -> took.compareTo(time) <= 0)
                .isPresent();
    }
}
