package io.refreshd.refresh;

import io.refreshd.model.Impact;
import io.refreshd.model.KeyProbe;
import io.refreshd.model.Snapshot;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.model.Xids;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks many views at once which of them show given rows. Of a row that was updated or deleted the log may hold nothing but the
 * key; but what the row was can be seen in the views: one that took it still shows it. So a thousand views are sorted out for
 * the price of a thousand descents into indexes, where comparing each of them with its definition costs a thousand plans.
 *
 * <p>On a connection of its own, where the questions stay prepared. Not thread-safe. Whoever asks sees to it that the views
 * are at rest meanwhile.
 */
public final class Membership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Membership.class);

    /** A refresh makes the server plan anew every question that the view is part of: so not all of them in one. */
    private static final int TOGETHER = 32;

    /** The log waits meanwhile, and "may show it" is an answer too. */
    private static final Duration LOCKED = Duration.ofMillis(100);

    private static final Duration LONGEST = Duration.ofSeconds(2);
    private static final int ALIVE_SECONDS = 2;

    /** Opens a connection. */
    public interface Connecting {
        Connection open() throws SQLException;
    }

    /** What views have in common that are asked with the same parameters. */
    private record Form(TableId table, List<Integer> positions, List<String> types) {
        static Form of(KeyProbe probe) {
            return new Form(probe.table(), probe.positions(), probe.types());
        }
    }

    private final Connecting connecting;
    private final Map<Form, List<MembershipQuestion>> questions = new HashMap<>();
    private final Map<Form, Map<ViewId, MembershipQuestion>> assigned = new HashMap<>();
    private @Nullable Connection connection;

    public Membership(Connecting connecting) {
        this.connecting = connecting;
    }

    /**
     * Those of the views that show any of the rows to be looked up, or may do so: in doubt all of them. A view whose
     * transactions are not all visible yet is among them, since a refresh could start that does not see them.
     */
    public Set<ViewId> showing(Collection<Impact> candidates) {
        Map<KeyProbe, List<ViewId>> byRows = new IdentityHashMap<>();
        for (Impact candidate : candidates) {
            candidate
                    .probes()
                    .forEach(probe -> byRows.computeIfAbsent(probe, p -> new ArrayList<>())
                            .add(candidate.view()));
        }
        Set<ViewId> showing = new HashSet<>();
        byRows.forEach((rows, views) -> showing.addAll(showing(rows, views)));
        showing.addAll(unseen(candidates));
        return showing;
    }

    private Set<ViewId> showing(KeyProbe rows, List<ViewId> views) {
        Map<MembershipQuestion, List<ViewId>> asked = new LinkedHashMap<>();
        Form form = Form.of(rows);
        views.forEach(view -> asked.computeIfAbsent(question(form, view), q -> new ArrayList<>())
                .add(view));
        Set<ViewId> showing = new HashSet<>();
        asked.forEach((question, some) -> {
            try {
                Set<ViewId> yes = ask(question, rows.keys());
                some.stream().filter(yes::contains).forEach(showing::add);
            } catch (SQLException e) {
                log.atDebug().addKeyValue("views", some).setCause(e).log("Could not be asked what they show");
                showing.addAll(some);
                question.forget();
            }
        });
        return showing;
    }

    private Set<ViewId> ask(MembershipQuestion question, Set<List<String>> keys) throws SQLException {
        Connection asked = connected();
        try {
            return question.ask(asked, keys);
        } catch (SQLException e) {
            // A server closes what is idle for too long, and a thousand views are too many to doubt for that.
            if (asked.isValid(ALIVE_SECONDS)) {
                throw e;
            }
            asked.close();
            return question.ask(connected(), keys);
        }
    }

    /** Always the same views together, whichever of them are in question: else nothing would stay prepared. */
    private MembershipQuestion question(Form form, ViewId view) {
        return assigned.computeIfAbsent(form, f -> new HashMap<>()).computeIfAbsent(view, v -> {
            List<MembershipQuestion> all = questions.computeIfAbsent(form, f -> new ArrayList<>());
            if (all.isEmpty() || all.getLast().size() == TOGETHER) {
                all.add(new MembershipQuestion(form.positions(), form.types()));
            }
            all.getLast().add(view);
            return all.getLast();
        });
    }

    /** Asked last: by then most are visible. */
    private Set<ViewId> unseen(Collection<Impact> candidates) {
        Predicate<Xids> visible;
        try (Statement statement = connected().createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_catalog.pg_current_snapshot()::text")) {
            row.next();
            Snapshot snapshot = Snapshot.parse(row.getString(1));
            visible = xids -> xids.areSeenBy(snapshot);
        } catch (SQLException e) {
            log.debug("It could not be asked what is visible", e);
            visible = xids -> false;
        }
        Set<ViewId> unseen = new HashSet<>();
        for (Impact candidate : candidates) {
            if (!visible.test(candidate.xids())) {
                unseen.add(candidate.view());
            }
        }
        return unseen;
    }

    private Connection connected() throws SQLException {
        Connection open = connection;
        if (open != null && !open.isClosed()) {
            return open;
        }
        statements().forEach(MembershipQuestion::forget);
        open = connecting.open();
        connection = open;
        try (Statement statement = open.createStatement()) {
            statement.execute("SET search_path = pg_catalog, pg_temp");
            statement.execute("SET default_transaction_read_only = on");
            statement.execute("SET lock_timeout = " + LOCKED.toMillis());
            statement.execute("SET statement_timeout = " + LONGEST.toMillis());
            // Planned once, for whatever keys, and by the index that is known to be there: a view that is empty when
            // the
            // question is planned may be large when it is asked.
            statement.execute("SET plan_cache_mode = force_generic_plan");
            statement.execute("SET enable_seqscan = off");
            statement.execute("SET jit = off");
        }
        return open;
    }

    /** Views may have been altered. */
    public void forget() {
        statements().forEach(MembershipQuestion::forget);
        questions.clear();
        assigned.clear();
    }

    private Stream<MembershipQuestion> statements() {
        return questions.values().stream().flatMap(List::stream);
    }

    @Override
    public void close() {
        Connection open = connection;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException e) {
                log.debug("Could not be closed", e);
            }
        }
    }
}
