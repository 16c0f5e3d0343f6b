package io.refreshd.demo;

import java.util.random.RandomGenerator;

/**
 * The writes of the workload. Each is one statement, and so one commit. It takes a key and a number, and returns the roles whose
 * views it affects; it returns no row if it changed none.
 */
enum WriteKind {
    CHANGE(44, """
            UPDATE main SET title = 'item ' || p.n, amount = p.n % 1000 FROM p WHERE main.id = p.id
            RETURNING main.role_id"""),
    INSERT(20, """
            , added AS (
                INSERT INTO main (role_id, user_id, title, amount)
                SELECT 1 + p.n % 4, 1 + p.n / 4 % (SELECT count(*)::int FROM users), 'item ' || p.n, p.n % 1000 FROM p
                RETURNING id, role_id, title),
            described AS (
                INSERT INTO details SELECT id, 'details of ' || title FROM added WHERE id % 2 = 0)
            SELECT role_id FROM added"""),
    DELETE(12, "DELETE FROM main USING p WHERE main.id = p.id RETURNING main.role_id"),
    /** Moves a row from one role's view to another's. */
    MOVE(10, """
            , moved AS (
                UPDATE main SET role_id = 1 + (main.role_id + p.n % 3) % 4 FROM p WHERE main.id = p.id
                RETURNING old.role_id AS before, new.role_id AS after)
            SELECT before FROM moved UNION SELECT after FROM moved"""),
    /** Changes a column that no view reads. */
    NOTE(8, "UPDATE main SET internal_note = 'note ' || p.n FROM p WHERE main.id = p.id RETURNING NULL::integer"),
    /** Changes a row that only the view of role b reads. */
    DETAILS(4, """
            UPDATE details SET body = 'details ' || p.n FROM p, main WHERE details.id = p.id AND main.id = p.id
            RETURNING CASE main.role_id WHEN 2 THEN 2 END"""),
    /** Changes a name that the views of the roles a and c read. */
    RENAME(2, """
            , renamed AS (
                UPDATE users SET name = 'user ' || p.n FROM p WHERE users.id = 1 + p.id % (SELECT count(*) FROM users)
                RETURNING users.id)
            SELECT DISTINCT role_id FROM main, renamed WHERE main.user_id = renamed.id AND role_id IN (1, 3)""");

    private static final int TOTAL_WEIGHT =
            java.util.Arrays.stream(values()).mapToInt(kind -> kind.weight).sum();

    private final int weight;
    private final String statement;

    WriteKind(int weight, String statement) {
        this.weight = weight;
        this.statement = statement;
    }

    /** The statement with two parameters: a key of {@code main}, and any number. */
    String sql() {
        return "WITH p (id, n) AS (VALUES (?::bigint, ?::integer)) " + statement;
    }

    static WriteKind pick(RandomGenerator random) {
        int point = random.nextInt(TOTAL_WEIGHT);
        for (WriteKind kind : values()) {
            point -= kind.weight;
            if (point < 0) {
                return kind;
            }
        }
        throw new AssertionError("the weights do not add up");
    }
}
