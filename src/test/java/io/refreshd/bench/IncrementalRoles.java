package io.refreshd.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * What a round of one changed row costs where there are many incremental role views, and which views it touches.
 *
 * <p>The time is the server's own: what it spent on statements in the database while rows were changed that a view shows, less what it
 * spent while as many rows were changed in a column that no view reads. So neither the writer nor what the daemon does in any case is
 * counted, and what marks the views and writes the ledger is.
 */
final class IncrementalRoles {
    private static final boolean FULL = Boolean.getBoolean("bench.full");
    private static final int VIEWS = Integer.getInteger("bench.incremental.views", FULL ? 1_000 : 100);
    private static final int ROWS_OF_A_ROLE = 500;
    private static final int CHANGES = 20;
    private static final int PAUSE_MILLIS = 300;
    private static final int PAIRS = FULL ? 3 : 1;
    /** Each look costs the server what is measured. */
    private static final Duration POLLED = Duration.ofSeconds(1);

    /** Makes views for further roles, as a conversion made that of role 0. A conversion takes a second, whose cost is another matter. */
    private static final String OTHERS = """
            DO $do$
            DECLARE
              made refreshd.incremental_view;
              store text;
              definition text;
              shown text;
            BEGIN
              SELECT * INTO STRICT made FROM refreshd.incremental_view;
              store := made.store_oid::regclass::text;
              definition := pg_get_viewdef(made.definition_oid);
              shown := pg_get_viewdef(made.view_oid);
              FOR role IN 1 .. %d LOOP
                EXECUTE format('CREATE VIEW refreshd_store.role_%%s_definition AS %%s',
                               role, replace(definition, 'role_id = 0', 'role_id = ' || role));
                EXECUTE format('CREATE TABLE refreshd_store.role_%%s (LIKE %%s INCLUDING ALL)', role, store);
                EXECUTE format('INSERT INTO refreshd_store.role_%%s SELECT * FROM refreshd_store.role_%%1$s_definition', role);
                EXECUTE format('CREATE VIEW role_%%s AS %%s', role, replace(shown, store, 'refreshd_store.role_' || role));
                INSERT INTO refreshd.incremental_view
                VALUES (('role_' || role)::regclass, ('refreshd_store.role_' || role)::regclass,
                        ('refreshd_store.role_' || role || '_definition')::regclass, made.recompute_key,
                        replace(made.definition, 'role_id = 0', 'role_id = ' || role));
              END LOOP;
            END $do$""".formatted(VIEWS - 1);

    private final BenchDatabase database;
    private final IncrementalCost.Notes notes;

    IncrementalRoles(BenchDatabase database, IncrementalCost.Notes notes) {
        this.database = database;
        this.notes = notes;
    }

    void run() throws Exception {
        Layout roles = Layout.ofRoles(2 * VIEWS * ROWS_OF_A_ROLE, VIEWS);
        database.layOut(new Layout(roles.rows(), VIEWS, roles.views().subList(0, 1)));
        database.reset();
        MeasuredDaemon.convert(database, database.incrementalViews());
        database.execute(OTHERS, "VACUUM ANALYZE");
        String title = "one changed row, %,d incremental role views".formatted(VIEWS);
        try (MeasuredDaemon daemon = MeasuredDaemon.start(database, RefreshdContender.INCREMENTAL_QUIET_PERIOD, "1s")) {
            Waiting.until("the views of " + daemon.pid() + " are fresh", POLLED, this::settled);
            change("title", 0); // each view's first round looks at the plans
            List<Double> cpu = new ArrayList<>();
            String before = "";
            for (int pair = 1; pair <= PAIRS; pair++) {
                double unread = changes("note", pair);
                if (pair == 1) {
                    before = one("SELECT coalesce(max(id), 0) FROM refreshd.refresh_history");
                }
                cpu.add((changes("title", pair) - unread) / CHANGES);
            }
            notes.note(title, "processor time of the server for a round", Table.millis(Sample.of(cpu)));
            notes.note(title, "views touched", touched(before));
            notes.note(title, "duration of a round", one("""
                    SELECT format('median %%s ms, greatest %%s ms',
                                  round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM duration))),
                                  round(1000 * max(extract(epoch FROM duration))))
                      FROM refreshd.refresh_history WHERE id > %s""".formatted(before)));
        }
    }

    /** @return seconds of processor time that the server spent on so many changes */
    private double changes(String column, int round) throws Exception {
        double before = database.cpuSeconds();
        change(column, round);
        return database.cpuSeconds() - before;
    }

    /** Changes one row of each of some views, one after the other. */
    private void change(String column, int round) throws Exception {
        for (int i = 0; i < CHANGES; i++) {
            database.execute("UPDATE main SET %1$s = %1$s || '.' WHERE id = %2$d"
                    .formatted(column, 1 + view(i) + 2 * VIEWS * round));
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        Waiting.until("the views are fresh", POLLED, this::settled);
    }

    /** Views that lie all over. */
    private static int view(int change) {
        return change * (VIEWS / CHANGES);
    }

    private String touched(String before) throws Exception {
        List<String> rounds = database.query("SELECT view_name || ' ' || coalesce(rows_changed::text, '?')"
                + " FROM refreshd.refresh_history WHERE outcome = 'refreshed' AND id > " + before + " ORDER BY id");
        List<String> concerned = IntStream.range(0, PAIRS)
                .boxed()
                .flatMap(pair -> IntStream.range(0, CHANGES).mapToObj(i -> "role_" + view(i) + " 1"))
                .toList();
        return String.format(
                Locale.ROOT,
                rounds.equals(concerned)
                        ? "of %d changes each made a round of the one view that shows the row, and of no other"
                        : "NOT the views concerned: %d changes made rounds of " + String.join(", ", rounds),
                PAIRS * CHANGES);
    }

    private boolean settled() throws Exception {
        return one("SELECT count(*) FROM refreshd.view_state WHERE marked <= covered")
                .equals(Integer.toString(VIEWS));
    }

    private String one(String sql) throws Exception {
        return database.query(sql).getFirst();
    }
}
