package io.refreshd.faults;

import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.postgresql.PGConnection;

/** The statements of one transaction, each with its row in the journal. */
final class TransactionWriter {
    private static final List<String> ROLES = List.of("a", "b", "c");

    private final Connection connection;
    private final RandomGenerator random;
    private final AtomicLong nextId;
    private final long txn;

    TransactionWriter(Connection connection, RandomGenerator random, AtomicLong nextId) throws SQLException {
        this.connection = connection;
        this.random = random;
        this.nextId = nextId;
        this.txn = nextTxn(connection);
    }

    private static long nextTxn(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT nextval('oracle.txn')")) {
            row.next();
            return row.getLong(1);
        }
    }

    long txn() {
        return txn;
    }

    void random() throws SQLException {
        switch (random.nextInt(24)) {
            case 0, 1, 2 -> insert(1 + random.nextInt(4));
            case 3, 4, 5, 6 -> update("UPDATE main SET v = v + 1, txn = ? WHERE id = ?", "main", mainId());
            case 7, 8 -> moveRole();
            case 9 -> moveKey();
            case 10 -> irrelevant("UPDATE main SET note = note || 'x' WHERE id = " + mainId());
            case 11 -> irrelevant("UPDATE items SET note = 'y' WHERE id = " + (1 + random.nextInt(1000)));
            case 12 ->
                irrelevant("UPDATE lefts SET note = 'z' WHERE id = " + (1 + random.nextInt(CampaignSchema.PAIRS)));
            case 13, 14 -> delete();
            case 15, 16 -> pair();
            case 17, 18 -> transfer();
            case 19, 20 -> event();
            case 21 -> copy();
            case 22 -> deleteTags();
            default -> savepoint();
        }
    }

    private long mainId() {
        // Half of the keys are among the newest, most of which exist.
        long next = nextId.get();
        return random.nextBoolean() ? Math.max(1, next - random.nextLong(500)) : 1 + random.nextLong(next);
    }

    /** Inserts rows that are never changed. A view holds either all rows of a transaction or none. */
    void tags(int now, int wanted) throws SQLException {
        touch("tags", txn, txn);
        for (int i = 0; i < now; i++) {
            run("INSERT INTO tags (txn, wanted) VALUES (" + txn + ", " + wanted + ")");
        }
    }

    private void insert(int rows) throws SQLException {
        for (int i = 0; i < rows; i++) {
            long id = nextId.getAndIncrement();
            touch("main", id, id);
            run("INSERT INTO main VALUES (" + id + ", '" + role() + "', " + random.nextInt(1000) + ", '', " + txn
                    + ")");
        }
    }

    private String role() {
        return ROLES.get(random.nextInt(ROLES.size()));
    }

    private void update(String sql, String table, long key) throws SQLException {
        touch(table, key, key);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, txn);
            statement.setLong(2, key);
            statement.executeUpdate();
        }
    }

    private void moveRole() throws SQLException {
        update("UPDATE main SET role = '" + role() + "', txn = ? WHERE id = ?", "main", mainId());
    }

    private void moveKey() throws SQLException {
        long from = mainId();
        long to = nextId.getAndIncrement();
        touch("main", to, to);
        update("UPDATE main SET id = " + to + ", txn = ? WHERE id = ?", "main", from);
    }

    private void irrelevant(String sql) throws SQLException {
        run(sql);
    }

    private void delete() throws SQLException {
        for (int i = 0; i < 4; i++) {
            long id = mainId();
            touch("main", id, id);
            run("DELETE FROM main WHERE id = " + id);
        }
    }

    private void pair() throws SQLException {
        long id = 1 + random.nextInt(CampaignSchema.PAIRS);
        touch("pairs", id, id);
        run("UPDATE lefts SET ver = " + txn + " WHERE id = " + id);
        run("UPDATE rights SET ver = " + txn + " WHERE id = " + id);
    }

    private void transfer() throws SQLException {
        long first = 1 + random.nextInt(CampaignSchema.ACCOUNTS);
        long second = 1 + random.nextInt(CampaignSchema.ACCOUNTS);
        int amount = 1 + random.nextInt(100);
        touch("accounts", first, first);
        touch("accounts", second, second);
        run("UPDATE accounts SET balance = balance - " + amount + " WHERE id = " + first);
        run("UPDATE accounts SET balance = balance + " + amount + " WHERE id = " + second);
    }

    private void event() throws SQLException {
        long id = nextId.getAndIncrement();
        int day = random.nextInt(100);
        touch("events", id, id);
        run("INSERT INTO events VALUES (" + id + ", " + day + ", " + txn + ")");
        long old = Math.max(1, id - random.nextLong(200));
        touch("events", old, old);
        // Two of three times the row moves to the other partition.
        run(
                random.nextInt(3) == 0
                        ? "DELETE FROM events WHERE id = " + old
                        : "UPDATE events SET day = 99 - day, v = " + txn + " WHERE id = " + old);
    }

    private void copy() throws SQLException {
        int rows = 5 + random.nextInt(50);
        long first = nextId.getAndAdd(rows);
        touch("main", first, first + rows - 1);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < rows; i++) {
            lines.append(first + i)
                    .append('\t')
                    .append(role())
                    .append("\t1\tcopied\t")
                    .append(txn)
                    .append('\n');
        }
        try {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY main FROM STDIN", new StringReader(lines.toString()));
        } catch (java.io.IOException e) {
            throw new SQLException(e);
        }
    }

    private void deleteTags() throws SQLException {
        long old = Math.max(1, txn - 1 - random.nextLong(300));
        touch("tags", old, old);
        run("DELETE FROM tags WHERE txn = " + old);
    }

    private void savepoint() throws SQLException {
        run("SAVEPOINT s");
        insert(2);
        pair();
        if (random.nextBoolean()) {
            run("ROLLBACK TO SAVEPOINT s");
        }
        run("RELEASE SAVEPOINT s");
        insert(1);
    }

    void truncate() throws SQLException {
        String table = random.nextBoolean() ? "events" : "tags";
        touch(table, 0, Long.MAX_VALUE);
        run("TRUNCATE " + table);
    }

    void bulk() throws SQLException {
        touch("items", 0, Long.MAX_VALUE);
        run("UPDATE items SET amount = amount + " + (1 + random.nextInt(3)));
    }

    /** Deletes old rows and updates all others in one transaction. No reader may ever see the state in between. */
    void replaceMain() throws SQLException {
        touch("main", 0, Long.MAX_VALUE);
        run("DELETE FROM main WHERE id < " + (nextId.get() - 2 * CampaignSchema.ROWS));
        run("UPDATE main SET v = v + 1, txn = " + txn);
    }

    private void touch(String table, long lo, long hi) throws SQLException {
        run("INSERT INTO oracle.journal VALUES (" + txn + ", '" + table + "', " + lo + ", " + hi + ")");
    }

    void run(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
