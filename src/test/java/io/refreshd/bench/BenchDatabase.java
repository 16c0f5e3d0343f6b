package io.refreshd.bench;

import io.refreshd.bench.Layout.View;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A database of the benchmark. Its content is built once as a template and copied for each round, so that every contender
 * begins with the same files.
 */
final class BenchDatabase implements AutoCloseable {
    static final String PUBLICATION = "refreshd";
    /** The row whose changes are timed in {@link #PROBED}. The row for the view of role n is n further on. */
    static final int PROBE_ROW = 1;

    static final String PROBED = "role_0";

    private static final String DATABASE = "bench";
    private static final String BESIDE = "bench_beside";
    private static final String TEMPLATE = "bench_template";

    private final Server server;
    private final String name;
    private final ServerProcesses processes;
    private final Set<View> leftOut = new LinkedHashSet<>();
    private final Set<String> remarks = new LinkedHashSet<>();
    private Layout layout = Layout.NONE;
    private double cycle;
    private double comparing;

    private BenchDatabase(Server server, String name, ServerProcesses processes) {
        this.server = server;
        this.name = name;
        this.processes = processes;
    }

    /** @throws IllegalArgumentException if the server has databases of these names, which could belong to somebody */
    static BenchDatabase start(Server server) throws SQLException {
        if (server.given()
                && !server.query(
                                server.home(),
                                "SELECT 1 FROM pg_database WHERE datname IN ('" + DATABASE + "', '" + BESIDE + "', '"
                                        + TEMPLATE + "')")
                        .isEmpty()) {
            throw new IllegalArgumentException(
                    "the server already has a database " + DATABASE + ", " + BESIDE + " or " + TEMPLATE
                            + ", and the benchmark would drop it: drop it yourself if it is nobody's, or give another server");
        }
        try (Connection connection = server.connect(server.home())) {
            return new BenchDatabase(server, DATABASE, ServerProcesses.of(connection));
        }
    }

    /**
     * A second database with the same data, for two contenders that run second by second in turn. It is closed before this
     * one.
     */
    BenchDatabase beside() {
        BenchDatabase beside = new BenchDatabase(server, BESIDE, processes);
        beside.layout = layout;
        return beside;
    }

    void layOut(Layout next) throws SQLException {
        layout = next;
        server.run(
                server.home(),
                "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)",
                "DROP DATABASE IF EXISTS " + TEMPLATE,
                "CREATE DATABASE " + TEMPLATE);
        server.run(TEMPLATE, next.statements().toArray(String[]::new));
        cycle = 0;
    }

    /**
     * Makes room in every page of the table and turns autovacuum off for the table.
     *
     * <p>Otherwise updates are a tenth cheaper for the contender whose table happened to grow while autovacuum kept old rows
     * alive: pages with more room are pruned less often.
     */
    void makeRoomInPages() throws SQLException {
        server.run(
                TEMPLATE,
                "ALTER TABLE main SET (fillfactor = 50, autovacuum_enabled = false)",
                "VACUUM FULL main",
                // Later writes may fill the pages.
                "ALTER TABLE main RESET (fillfactor)",
                "VACUUM ANALYZE main");
    }

    /** Replaces the database by a fresh copy of the template. */
    void reset() throws SQLException {
        leftOut.clear();
        dropSlots();
        server.run(
                server.home(),
                "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)",
                "CREATE DATABASE " + name + " TEMPLATE " + TEMPLATE + " STRATEGY FILE_COPY",
                "CHECKPOINT");
    }

    private void dropSlots() throws SQLException {
        String of = "FROM pg_replication_slots WHERE database = '" + name + "'";
        for (String slot : server.query(server.home(), "SELECT slot_name " + of)) {
            String one = of + " AND active AND slot_name = '" + slot + "'";
            server.query(server.home(), "SELECT pg_terminate_backend(active_pid) " + one);
            Waiting.until(
                    "slot is free",
                    () -> server.query(server.home(), "SELECT 1 " + one).isEmpty());
            execute("SELECT pg_drop_replication_slot('" + slot + "')");
        }
    }

    /** Refreshes every view once, one after the other, as a plain client does. */
    void refreshAll() throws SQLException {
        Refreshes refreshes = new Refreshes();
        try (Connection connection = connect()) {
            for (View view : layout.views()) {
                refreshes.refresh(connection, view.name());
            }
        }
    }

    /** Seconds of {@link #refreshAll} with this layout and without other load. */
    double cycleSeconds() throws SQLException {
        if (cycle == 0) {
            reset();
            refreshAll();
            long begin = System.nanoTime();
            refreshAll();
            cycle = (System.nanoTime() - begin) / 1e9;
        }
        return cycle;
    }

    /** Leaves a view that the contender cannot maintain out of the comparison, with a remark in the report. */
    void leaveOut(View view, String remark) {
        leftOut.add(view);
        remarks.add(remark);
    }

    Set<String> remarks() {
        return remarks;
    }

    boolean offers(String extension) throws SQLException {
        String sql = "SELECT 1 FROM pg_available_extensions WHERE name = '" + extension + "'";
        return !server.query(server.home(), sql).isEmpty();
    }

    Server server() {
        return server;
    }

    ServerProcesses processes() {
        return processes;
    }

    int rows() {
        return layout.rows();
    }

    int roles() {
        return layout.roles();
    }

    int roleViews() {
        return layout.roleViews();
    }

    /** In dependency order. */
    List<View> views() {
        return layout.views();
    }

    /** Names of the views that can be incremental. */
    List<String> incrementalViews() {
        return layout.views().stream()
                .filter(view -> !view.definition().contains("sum("))
                .map(View::name)
                .toList();
    }

    String name() {
        return name;
    }

    /** The slot has the name of the database, since all databases of a server share one namespace of slots. */
    String slot() {
        return name;
    }

    String url() {
        return server.url(name);
    }

    Connection connect() throws SQLException {
        return server.connect(name);
    }

    void execute(String... statements) throws SQLException {
        server.run(name, statements);
    }

    List<String> query(String sql) throws SQLException {
        return server.query(name, sql);
    }

    long wal() throws SQLException {
        return Long.parseLong(query("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
                .getFirst());
    }

    double cpuSeconds() {
        return processes.cpuSeconds() - comparing;
    }

    /** The views that differ from their definition. {@link #cpuSeconds} does not contain the cost of this comparison. */
    List<String> wrongViews() throws SQLException {
        List<String> wrong = new ArrayList<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            // One process does all the work, so that its CPU time is the cost of the comparison.
            statement.execute("SET max_parallel_workers_per_gather = 0");
            statement.execute("SET jit = off");
            for (View view : layout.views()) {
                String different = "SELECT EXISTS ((%1$s EXCEPT ALL (%2$s)) UNION ALL ((%2$s) EXCEPT ALL %1$s))"
                        .formatted("SELECT " + view.columns() + " FROM " + view.name(), view.definition());
                if (!leftOut.contains(view) && one(statement, different).equals("t")) {
                    wrong.add(view.name());
                }
            }
            comparing += Procfs.cpuSeconds(Long.parseLong(one(statement, "SELECT pg_backend_pid()")));
        }
        return wrong;
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Drops the databases on a server that was given. The second database is always dropped. */
    @Override
    public void close() throws SQLException {
        boolean second = name.equals(BESIDE);
        if ((second || server.given()) && !layout.equals(Layout.NONE)) {
            dropSlots();
            server.run(server.home(), "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
            if (!second) {
                server.run(server.home(), "DROP DATABASE IF EXISTS " + TEMPLATE);
            }
        }
    }
}
