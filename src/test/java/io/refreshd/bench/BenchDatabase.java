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
 * The server and the data of all rounds: laid out once, copied for each round, so that every contender begins with the same
 * files.
 */
final class BenchDatabase implements AutoCloseable {
    static final String PUBLICATION = "refreshd";
    /** The row whose way into {@link #PROBED} is timed; that of another role's view has the number of the role more. */
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

    /** @throws IllegalArgumentException if there are databases that could be somebody's */
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

    /** Another database with the same data, for who is compared second by second. Closed before this one. */
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
     * Gives copies room in every page of the table and keeps autovacuum from it. Else updates are a tenth cheaper for whoever's table
     * happened to grow while a statement of autovacuum kept old rows alive: with more room in a page it is pruned less often.
     */
    void loosen() throws SQLException {
        server.run(
                TEMPLATE,
                "ALTER TABLE main SET (fillfactor = 50, autovacuum_enabled = false)",
                "VACUUM FULL main",
                // What is written from here on may fill the pages.
                "ALTER TABLE main RESET (fillfactor)",
                "VACUUM ANALYZE main");
    }

    /** A fresh copy of the data. */
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

    /** Every view once, one after the other, as a plain client. */
    void refreshAll() throws SQLException {
        Refreshes refreshes = new Refreshes();
        try (Connection connection = connect()) {
            for (View view : layout.views()) {
                refreshes.refresh(connection, view.name());
            }
        }
    }

    /** Seconds that {@link #refreshAll} takes with this layout and without other load. */
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

    /** A view that this contender does not keep is no longer compared, and the report says so. */
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

    /** In an order in which a view comes after what it stands on. */
    List<View> views() {
        return layout.views();
    }

    String name() {
        return name;
    }

    /** Slots are the server's, so each database has one of its own name. */
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

    /** Views whose content is not what their definition yields. What the comparison costs is kept out of {@link #cpuSeconds}. */
    List<String> wrongViews() throws SQLException {
        List<String> wrong = new ArrayList<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            // All in this one process, whose time is known.
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

    /** Leaves nothing behind on a server that was given; the one beside leaves nothing on any. */
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
