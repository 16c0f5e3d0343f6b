package io.refreshd.bench;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * How exactly the daemon decides: for one change after the other, the views that it refreshed against the views that the
 * change altered.
 */
final class DaemonDecisions {
    private static final int CHANGES = 10;

    private final BenchDatabase database;
    private final Note note;
    private final Random random;

    /** Records a result. */
    interface Note {
        void note(String group, String name, Object value);
    }

    DaemonDecisions(BenchDatabase database, Note note, Random random) {
        this.database = database;
        this.note = note;
        this.random = random;
    }

    void run(String title, int views) throws Exception {
        for (String identity : List.of("FULL", "DEFAULT")) {
            database.reset();
            database.execute("ALTER TABLE main REPLICA IDENTITY " + identity);
            try (MeasuredDaemon daemon = MeasuredDaemon.start(database, "100ms", "5s")) {
                Waiting.until("the views of " + daemon.pid() + " are fresh", () -> settled("0/0"));
                for (ExactRouting.Kind kind : ExactRouting.KINDS) {
                    String keysOnly = identity.equals("FULL") ? "" : ", keys alone in the log";
                    changes(title + keysOnly + ", " + kind.title(), kind, views, daemon);
                }
            }
        }
    }

    private void changes(String title, ExactRouting.Kind kind, int views, MeasuredDaemon daemon) throws Exception {
        int exact = 0;
        long refreshes = 0;
        List<Double> cpu = new ArrayList<>();
        for (int i = 0; i < CHANGES; i++) {
            String before = one("SELECT coalesce(max(id), 0) FROM refreshd.refresh_history");
            String sql = kind.sql(random, views);
            Set<String> altered = altered(sql, kind);
            double used = Procfs.cpuSeconds(daemon.pid());
            database.execute(sql);
            String position = one("SELECT pg_current_wal_insert_lsn()");
            Waiting.until("all views are fresh after " + sql, () -> settled(position));
            cpu.add(Procfs.cpuSeconds(daemon.pid()) - used);
            List<String> refreshed = database.query("SELECT view_name FROM refreshd.refresh_history WHERE id > "
                    + before + " AND outcome = 'refreshed' ORDER BY id");
            refreshes += refreshed.size();
            exact += altered.equals(new HashSet<>(refreshed)) && refreshed.size() == altered.size() ? 1 : 0;
        }
        note.note(
                title,
                "by the daemon",
                "of %d changes %d refreshed exactly the views that they altered; %d refreshes, altered %d"
                        .formatted(CHANGES, exact, refreshes, CHANGES * kind.altered()));
        note.note(title, "CPU of the daemon until all was fresh", Sample.of(cpu));
    }

    /** The altered views by the content of the row before and after the change. */
    private Set<String> altered(String sql, ExactRouting.Kind kind) throws SQLException {
        Set<String> altered = new HashSet<>();
        String row = " FROM main " + sql.substring(sql.indexOf("WHERE"));
        if (kind.altered() > 0) {
            altered.add("role_" + one("SELECT role_id" + row));
        }
        if (kind.altered() > 1) {
            altered.add("role_" + one("SELECT " + sql.substring(sql.indexOf("= ") + 2, sql.indexOf(" WHERE")) + row));
        }
        return altered;
    }

    private boolean settled(String position) throws SQLException {
        return one("SELECT (SELECT acknowledged >= '" + position + "' FROM refreshd.stream)"
                        + " AND NOT EXISTS (SELECT FROM refreshd.view_state WHERE marked > covered)")
                .equals("t");
    }

    private String one(String sql) throws SQLException {
        return database.query(sql).getFirst();
    }
}
