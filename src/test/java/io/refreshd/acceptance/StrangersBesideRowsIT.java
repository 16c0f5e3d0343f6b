package io.refreshd.acceptance;

import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What those who share the database can write, lock, define, set or send: roles that may only log in, owners of a view, a partition or a
 * type, readers of a view, and the application itself. refreshd has the documented privileges.
 */
class StrangersBesideRowsIT extends ScriptedCases {
    private static final String PARTS = """
            CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)
            CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (10)
            CREATE TABLE p2 PARTITION OF parts FOR VALUES FROM (10) TO (20)
            INSERT INTO parts VALUES (1, 'one'), (11, 'eleven')
            view of_parts SELECT id, v FROM parts
            GRANT USAGE, CREATE ON SCHEMA {schema} TO {other}
            super: ALTER TABLE p1 OWNER TO {other}
            """;

    /** A view of somebody who owns nothing else. */
    private static final String OWNED = """
            GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}, {other}
            GRANT SELECT ON a, b TO {owner}, {other}
            owner: view hers SELECT id, v FROM a
            """;

    StrangersBesideRowsIT() {
        super(cases(), true);
    }

    static Stream<Case> cases() {
        return Stream.of(code(), locks(), rights(), definitions(), values(), log())
                .flatMap(kind -> kind);
    }

    private static String each(int from, int to, String separator, IntFunction<String> text) {
        return IntStream.range(from, to).mapToObj(text).collect(Collectors.joining(separator));
    }

    /** Code of others that comes into reach while refreshd looks rows up, audits and recomputes. */
    private static Stream<Case> code() {
        return Stream.of(
                of("an index expression that comes after the proof", CODE + JOINED, """
                        UPDATE a SET v = 'x' WHERE id = 1
                        check
                        CREATE INDEX odd ON a (v, {schema}.one(1))
                        UPDATE a SET v = 'y' WHERE id = 1
                        check of_a of_b
                        DROP INDEX odd
                        UPDATE a SET v = 'z' WHERE id = 1
                        """),
                of("statistics that come after the proof", CODE + JOINED, """
                        CREATE STATISTICS odd ON v, ({schema}.one(1)) FROM a
                        ANALYZE a
                        UPDATE a SET v = 'y' WHERE id = 1
                        check of_a of_b
                        DROP STATISTICS odd
                        UPDATE a SET v = 'z' WHERE id = 1
                        """),
                of("a constraint of a domain that comes after the proof", CODE + """
                        CREATE DOMAIN dom AS text
                        CREATE TABLE d (id int PRIMARY KEY, v text)
                        INSERT INTO d VALUES (1, 'one')
                        view of_d SELECT id, v::dom AS v FROM d
                        """, """
                        UPDATE d SET v = 'x' WHERE id = 1
                        check
                        ALTER DOMAIN dom ADD CONSTRAINT odd CHECK ({schema}.act())
                        UPDATE d SET v = 'y' WHERE id = 1
                        INSERT INTO d VALUES (2, 'two')
                        """),
                of("a policy that calls", CODE + JOINED, """
                        CREATE POLICY odd ON a USING ({schema}.act())
                        ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY
                        UPDATE a SET v = 'y' WHERE id = 1
                        check of_a of_b
                        ALTER TABLE a DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY
                        DROP POLICY odd ON a
                        UPDATE a SET v = 'z' WHERE id = 2
                        """),
                of("an index of a partition of another owner", CODE + PARTS, """
                        INSERT INTO parts VALUES (2, 'two')
                        check
                        other: CREATE INDEX odd ON p1 (v, {schema}.one(1))
                        other: ANALYZE p1
                        UPDATE parts SET v = 'x' WHERE id = 2
                        check
                        other: ALTER TABLE p1 ADD CHECK ({schema}.one(id) = 1)
                        UPDATE parts SET v = 'y' WHERE id = 2
                        """),
                of("temporary objects beside the functions of the ledger", CODE, """
                        GRANT USAGE ON SCHEMA {schema} TO {stranger}
                        stranger: CREATE TEMP TABLE freshness (view_oid oid)
                        stranger: CREATE TEMP TABLE pg_class (oid oid, relkind "char")
                        stranger: CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK ({schema}.act())
                        stranger: CREATE DOMAIN pg_temp.oid AS pg_catalog.oid CHECK ({schema}.act())
                        stranger: CREATE DOMAIN pg_temp.timestamptz AS pg_catalog.timestamptz CHECK ({schema}.act())
                        stranger: CREATE DOMAIN pg_temp.pg_lsn AS pg_catalog.pg_lsn CHECK ({schema}.act())
                        stranger: CREATE DOMAIN pg_temp.name AS pg_catalog.name CHECK ({schema}.act())
                        stranger: CREATE FUNCTION pg_temp.clock_timestamp() RETURNS pg_catalog.timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM {schema}.act(); RETURN now(); END'
                        stranger: SET search_path = pg_temp, {schema}
                        INSERT INTO b VALUES (10, 'v')
                        stranger: SELECT refreshd.wait_until_fresh('{schema}.of_b'::regclass)
                        stranger: SELECT refreshd.is_alive()
                        stranger: !SELECT refreshd.request_refresh('{schema}.of_b'::regclass)
                        stranger: !SELECT refreshd.wait_until_refreshed('{schema}.of_b'::regclass, '4611686018427387904'::xid8, '-1 second')
                        """),
                of("a cast that is created for two types", CODE + """
                        CREATE TYPE st AS ENUM ('a', 'b')
                        CREATE TABLE e (id int PRIMARY KEY, s st)
                        INSERT INTO e VALUES (1, 'a')
                        CREATE FUNCTION shown(st) RETURNS json LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM {schema}.act(); RETURN ''1''; END'
                        view of_e SELECT id, to_jsonb(s) AS j FROM e
                        """, """
                        UPDATE e SET s = 'b' WHERE id = 1
                        check
                        CREATE CAST (st AS json) WITH FUNCTION shown(st)
                        UPDATE e SET s = 'a' WHERE id = 1
                        check
                        DROP CAST (st AS json)
                        """));
    }

    /** Locks that others can take, and what stays open. */
    private static Stream<Case> locks() {
        return Stream.of(
                of("a prepared transaction that locks a table", """
                        BEGIN
                        LOCK TABLE a
                        INSERT INTO a VALUES (10, 'v')
                        PREPARE TRANSACTION 'locks a table'
                        INSERT INTO b VALUES (11, 'meanwhile')
                        check of_b
                        COMMIT PREPARED 'locks a table'
                        """),
                of("locks of a reader", """
                        GRANT USAGE ON SCHEMA {schema} TO {stranger}
                        GRANT SELECT ON a, of_a TO {stranger}
                        stranger: BEGIN
                        stranger: LOCK TABLE a, refreshd.freshness IN ACCESS SHARE MODE
                        stranger: DECLARE c CURSOR FOR SELECT * FROM of_a, refreshd.freshness
                        stranger: FETCH c
                        INSERT INTO a VALUES (10, 'v')
                        check
                        stranger: ROLLBACK
                        stranger: BEGIN
                        stranger: !LOCK TABLE refreshd.freshness IN ROW SHARE MODE
                        stranger: ROLLBACK
                        stranger: !SELECT * FROM of_a FOR KEY SHARE
                        stranger: !SELECT * FROM a FOR KEY SHARE
                        stranger: !SELECT * FROM refreshd.view_state FOR KEY SHARE
                        stranger: !REFRESH MATERIALIZED VIEW of_a
                        """),
                of("locks of rows", """
                        2: BEGIN
                        2: SELECT * FROM a, b FOR UPDATE
                        INSERT INTO a VALUES (10, 'v')
                        check
                        2: ROLLBACK
                        """),
                of("a role that may maintain a view", """
                        GRANT USAGE ON SCHEMA {schema} TO {stranger}
                        GRANT MAINTAIN ON of_a TO {stranger}
                        stranger: BEGIN
                        stranger: REFRESH MATERIALIZED VIEW of_a WITH NO DATA
                        INSERT INTO a VALUES (10, 'v')
                        INSERT INTO b VALUES (10, 'v')
                        check of_b
                        stranger: ROLLBACK
                        check
                        stranger: REFRESH MATERIALIZED VIEW of_a WITH NO DATA
                        INSERT INTO a VALUES (11, 'v')
                        check of_b
                        stranger: REFRESH MATERIALIZED VIEW of_a
                        stranger: REINDEX TABLE of_a
                        stranger: CLUSTER of_a USING of_a_id_idx
                        stranger: VACUUM FULL of_a
                        INSERT INTO a VALUES (12, 'v')
                        """),
                of("a snapshot that is held", """
                        stranger: BEGIN ISOLATION LEVEL REPEATABLE READ
                        stranger: SELECT pg_export_snapshot(), pg_current_xact_id()
                        INSERT INTO a VALUES (10, 'v')
                        check
                        stranger: ROLLBACK
                        """),
                of("a role that may end sessions", """
                        super: GRANT pg_signal_backend TO {stranger}
                        INSERT INTO a VALUES (10, 'v')
                        stranger: SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '{refreshd}'
                        UPDATE a SET v = 'w' WHERE id = 10
                        stranger: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{refreshd}'
                        INSERT INTO a VALUES (11, 'v')
                        super: REVOKE pg_signal_backend FROM {stranger}
                        """));
    }

    /** Roles, memberships and owners that change. */
    private static Stream<Case> rights() {
        return Stream.of(
                of("objects that are dropped with their owner", OWNED.replace("owner", "leaver"), """
                        INSERT INTO a VALUES (10, 'v')
                        leaver: DROP OWNED BY CURRENT_USER
                        INSERT INTO a VALUES (11, 'v')
                        """),
                of("a view that is reassigned", OWNED.replace("owner", "mover"), """
                        INSERT INTO a VALUES (10, 'v')
                        super: REASSIGN OWNED BY {mover} TO {other}
                        INSERT INTO a VALUES (11, 'v')
                        check
                        REVOKE SELECT ON a FROM {other}
                        INSERT INTO a VALUES (12, 'v')
                        suspended hers permission denied|42501|insufficient_privilege
                        GRANT SELECT ON a TO {other}
                        super: ALTER MATERIALIZED VIEW hers OWNER TO {mover}
                        """),
                of("a role that is renamed", OWNED, """
                        super: ALTER ROLE {owner} RENAME TO {owner}_renamed
                        INSERT INTO a VALUES (10, 'v')
                        check
                        super: ALTER ROLE {owner}_renamed RENAME TO {owner}
                        INSERT INTO a VALUES (11, 'v')
                        """),
                of("a membership that is not inherited", OWNED, """
                        super: GRANT {owner} TO {refreshd} WITH INHERIT FALSE
                        INSERT INTO a VALUES (10, 'v')
                        suspended hers may not refresh
                        check of_a of_b
                        super: GRANT {owner} TO {refreshd} WITH INHERIT TRUE, SET FALSE
                        INSERT INTO a VALUES (11, 'v')
                        check
                        super: GRANT {owner} TO {refreshd} WITH INHERIT TRUE, SET TRUE
                        """),
                of("a membership that is taken back for MAINTAIN", OWNED, """
                        super: REVOKE {owner} FROM {refreshd}
                        INSERT INTO a VALUES (10, 'v')
                        suspended hers may not refresh
                        owner: GRANT MAINTAIN ON hers TO {refreshd}
                        INSERT INTO a VALUES (11, 'v')
                        check
                        owner: REVOKE MAINTAIN ON hers FROM {refreshd}
                        super: GRANT pg_maintain TO {refreshd}
                        INSERT INTO a VALUES (12, 'v')
                        check
                        super: REVOKE pg_maintain FROM {refreshd}
                        super: GRANT {owner} TO {refreshd}
                        """),
                of("roles that a stranger would like to alter", """
                        stranger: !ALTER ROLE {refreshd} SET work_mem = '64kB'
                        stranger: !ALTER ROLE {refreshd} IN DATABASE {database} SET statement_timeout = 1
                        stranger: !ALTER DATABASE {database} SET default_transaction_read_only = on
                        stranger: !SET ROLE {refreshd}
                        stranger: !SET SESSION AUTHORIZATION {refreshd}
                        stranger: !ALTER PUBLICATION refreshd SET (publish = '')
                        stranger: !SELECT pg_drop_replication_slot('slot_{database}')
                        stranger: !SELECT pg_replication_slot_advance('slot_{database}', pg_current_wal_lsn())
                        stranger: !SELECT * FROM pg_logical_slot_peek_binary_changes('slot_{database}', NULL, 1)
                        stranger: !DELETE FROM refreshd.view_state
                        stranger: !INSERT INTO refreshd.request (kind, view_oid) VALUES ('pause', 1)
                        stranger: !CREATE TABLE refreshd.mine (id int)
                        stranger: !COMMENT ON VIEW refreshd.freshness IS 'mine'
                        INSERT INTO a VALUES (10, 'v')
                        """),
                of("settings of the role while it is connected", """
                        super: ALTER ROLE {refreshd} SET statement_timeout = 1
                        super: ALTER ROLE {refreshd} SET default_transaction_read_only = on
                        super: ALTER ROLE {refreshd} IN DATABASE {database} SET search_path = {schema}, public
                        super: ALTER ROLE {refreshd} IN DATABASE {database} SET role = '{stranger}'
                        super: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{refreshd}'
                        INSERT INTO a VALUES (10, 'v')
                        check
                        super: ALTER ROLE {refreshd} IN DATABASE {database} RESET ALL
                        super: ALTER ROLE {refreshd} RESET ALL
                        """),
                of("a view of the same name by another owner", OWNED, """
                        INSERT INTO a VALUES (10, 'v')
                        owner: DROP MATERIALIZED VIEW hers
                        owner: DROP VIEW is_hers
                        other: view hers SELECT id, upper(v) AS v FROM b
                        INSERT INTO a VALUES (11, 'v')
                        INSERT INTO b VALUES (11, 'v')
                        """),
                of("requests by the thousand", """
                        GRANT USAGE ON SCHEMA {schema} TO {stranger}
                        GRANT SELECT ON of_a TO {stranger}
                        stranger: SELECT count(refreshd.request_refresh('{schema}.of_a')) FROM generate_series(1, 3000)
                        stranger: !SELECT refreshd.request_refresh('{schema}.of_b')
                        stranger: !SELECT refreshd.wait_until_fresh('{schema}.of_a', 'FFFFFFFF/FFFFFFFF', '100 milliseconds')
                        stranger: !SELECT refreshd.wait_until_fresh('{schema}.of_a', 'FFFFFFFF/FFFFFFFF', '-178000000 years')
                        stranger: !SELECT refreshd.wait_until_fresh('pg_class')
                        stranger: !SELECT refreshd.wait_until_fresh(0::regclass)
                        INSERT INTO a VALUES (10, 'v')
                        """));
    }

    /** DDL of those who own what they alter. */
    private static Stream<Case> definitions() {
        return Stream.of(
                of("a partition that another owner drops", PARTS, """
                        INSERT INTO parts VALUES (2, 'two')
                        other: BEGIN
                        other: LOCK TABLE p1
                        INSERT INTO a VALUES (10, 'v')
                        check of_a of_b
                        other: DROP TABLE p1
                        other: COMMIT
                        INSERT INTO parts VALUES (12, 'twelve')
                        """),
                of("a table that moves to another schema", JOINED, """
                        CREATE SCHEMA {schema}_elsewhere
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER TABLE a SET SCHEMA {schema}_elsewhere
                        INSERT INTO {schema}_elsewhere.a VALUES (11, 'after')
                        COMMIT
                        UPDATE {schema}_elsewhere.a SET v = 'later' WHERE id = 1
                        check
                        CREATE TABLE a (id int PRIMARY KEY, v text)
                        INSERT INTO a VALUES (12, 'of another table')
                        DELETE FROM {schema}_elsewhere.a WHERE id = 2
                        """),
                of("tables of other columns that swap their names", JOINED + """
                        CREATE TABLE c (k2 int UNIQUE NOT NULL, w text, v text, id int PRIMARY KEY)
                        INSERT INTO c VALUES (8, 'w', 'c1', 1), (9, 'w', 'c2', 2)
                        view of_c SELECT id, v FROM c
                        """, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER TABLE a RENAME TO x
                        ALTER TABLE c RENAME TO a
                        ALTER TABLE x RENAME TO c
                        UPDATE a SET v = 'was c' WHERE id = 1
                        INSERT INTO a VALUES (20, 'w', 'was c', 11)
                        UPDATE c SET v = 'was a' WHERE id = 2
                        COMMIT
                        UPDATE a SET v = 'later' WHERE id = 2
                        DELETE FROM c WHERE id = 1
                        """),
                of("a view that moves to another schema", """
                        CREATE SCHEMA {schema}_elsewhere
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER MATERIALIZED VIEW of_a SET SCHEMA {schema}_elsewhere
                        ALTER VIEW is_of_a SET SCHEMA {schema}_elsewhere
                        COMMIT
                        INSERT INTO a VALUES (11, 'after')
                        """),
                of("views that swap their names", """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER MATERIALIZED VIEW of_a RENAME TO x
                        ALTER MATERIALIZED VIEW of_b RENAME TO of_a
                        ALTER MATERIALIZED VIEW x RENAME TO of_b
                        ALTER VIEW is_of_a RENAME TO x
                        ALTER VIEW is_of_b RENAME TO is_of_a
                        ALTER VIEW x RENAME TO is_of_b
                        INSERT INTO b VALUES (10, 'before')
                        COMMIT
                        INSERT INTO a VALUES (11, 'after')
                        DELETE FROM b WHERE id = 1
                        """),
                of("values of an enum that are renamed and added", """
                        CREATE TYPE st AS ENUM ('a', 'b')
                        CREATE TABLE e (id int PRIMARY KEY, s st)
                        INSERT INTO e VALUES (1, 'a'), (2, 'b')
                        view of_e SELECT id, s, s::text AS t FROM e
                        view by_s SELECT max(id) AS id, s, count(*) AS n FROM e GROUP BY s
                        view least SELECT id % 2 AS id, min(s) AS s FROM e GROUP BY id % 2
                        incremental joined SELECT e.id, e.s, a.v FROM e LEFT JOIN a ON a.id = e.id
                        """, """
                        BEGIN
                        INSERT INTO e VALUES (3, 'a')
                        ALTER TYPE st RENAME VALUE 'a' TO 'z'
                        INSERT INTO e VALUES (4, 'z')
                        COMMIT
                        UPDATE e SET s = 'b' WHERE id = 4
                        ALTER TYPE st ADD VALUE 'first' BEFORE 'z'
                        UPDATE e SET s = 'first' WHERE id IN (2, 3)
                        """),
                of("a domain that is altered", """
                        CREATE DOMAIN dom AS int DEFAULT 7
                        CREATE TABLE d (id int PRIMARY KEY, v dom)
                        INSERT INTO d VALUES (1, 1)
                        view of_d SELECT id, v FROM d
                        """, """
                        INSERT INTO d VALUES (2, 2)
                        ALTER DOMAIN dom ADD CONSTRAINT small CHECK (value < 100)
                        INSERT INTO d VALUES (3, 3)
                        ALTER DOMAIN dom RENAME TO other_dom
                        ALTER DOMAIN other_dom SET DEFAULT 8
                        INSERT INTO d (id) VALUES (4)
                        ALTER DOMAIN other_dom DROP CONSTRAINT small
                        UPDATE d SET v = 1000 WHERE id = 1
                        """),
                of("a column that is dropped and made again", COUNTED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER TABLE a DROP COLUMN w
                        ALTER TABLE a ADD COLUMN w int DEFAULT 3
                        INSERT INTO a VALUES (11, 'after', 300, 5)
                        UPDATE a SET v = 'u' WHERE id = 1
                        COMMIT
                        ALTER TABLE a DROP COLUMN w, ADD COLUMN w text DEFAULT 'x', ALTER COLUMN v SET STORAGE EXTERNAL
                        UPDATE a SET v = 'last' WHERE id = 11
                        """),
                of("an index of the replica identity that is dropped", """
                        ALTER TABLE a REPLICA IDENTITY USING INDEX a_k_key
                        UPDATE a SET v = 'u' WHERE id = 1
                        ALTER TABLE a DROP CONSTRAINT a_k_key
                        INSERT INTO a VALUES (10, 'v')
                        retry UPDATE a SET v = 'unseen' WHERE id = 1
                        ALTER TABLE a REPLICA IDENTITY DEFAULT
                        UPDATE a SET v = 'seen' WHERE id = 2
                        """),
                of("indexes that are built anew", JOINED, """
                        REINDEX INDEX CONCURRENTLY a_pkey
                        INSERT INTO a VALUES (10, 'v')
                        REINDEX INDEX CONCURRENTLY of_a_id_idx
                        CLUSTER of_a USING of_a_id_idx
                        UPDATE a SET v = 'w' WHERE id = 1
                        CREATE UNIQUE INDEX CONCURRENTLY a_other ON a (id)
                        BEGIN
                        ALTER TABLE a DROP CONSTRAINT a_pkey, ADD CONSTRAINT a_pkey PRIMARY KEY USING INDEX a_other
                        UPDATE a SET v = 'x' WHERE id = 2
                        COMMIT
                        DELETE FROM a WHERE id = 1
                        """),
                of("a unique index that is lost for a while", """
                        DROP INDEX of_a_id_idx
                        CREATE UNIQUE INDEX partial ON of_a (id) WHERE id > 0
                        CREATE UNIQUE INDEX expression ON of_a ((id + 1))
                        INSERT INTO a VALUES (10, 'v')
                        suspended of_a unique index
                        check of_b
                        CREATE UNIQUE INDEX again ON of_a (id) NULLS NOT DISTINCT
                        """),
                of("a table with a foreign key of a stranger", """
                        CREATE TABLE referenced (id int PRIMARY KEY, v text)
                        INSERT INTO referenced VALUES (1, 'one'), (2, 'two')
                        view of_referenced SELECT id, v FROM referenced
                        GRANT USAGE, CREATE ON SCHEMA {schema} TO {other}
                        GRANT REFERENCES ON referenced TO {other}
                        other: CREATE TABLE referencing (id int PRIMARY KEY REFERENCES referenced ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED)
                        other: INSERT INTO referencing VALUES (1), (2)
                        other: view of_referencing SELECT id FROM referencing
                        """, """
                        other: BEGIN
                        other: INSERT INTO referencing VALUES (3)
                        INSERT INTO referenced VALUES (3, 'three')
                        other: COMMIT
                        UPDATE referenced SET id = 5 WHERE id = 1
                        DELETE FROM referenced WHERE id = 2
                        !TRUNCATE referenced
                        """),
                of("rows that a trigger writes at COMMIT", JOINED, """
                        CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO {schema}.b VALUES (NEW.id, ''by trigger''); UPDATE {schema}.a SET v = v || ''!'' WHERE id = NEW.id; RETURN NULL; END'
                        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION more()
                        BEGIN
                        INSERT INTO a VALUES (10, 'v'), (11, 'v')
                        DELETE FROM a WHERE id = 1
                        COMMIT
                        """),
                of("statements with several writes", JOINED + COUNTED, """
                        WITH gone AS (DELETE FROM a WHERE id = 1 RETURNING id, v), came AS (INSERT INTO b SELECT id + 100, v FROM gone RETURNING id) INSERT INTO a SELECT id, 'came' FROM came
                        MERGE INTO a USING (VALUES (2, 'merged'), (20, 'new')) AS s (id, v) ON a.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)
                        MERGE INTO b USING a ON a.id = b.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = 'left' WHEN NOT MATCHED THEN INSERT (id, v) VALUES (a.id, 'mirrored')
                        """),
                of("names that forge lines and colours", """
                        CREATE TABLE U&"line\\000a\\000dbreak" (U&"key\\001b[31m\\202e" int PRIMARY KEY, U&"tab\\0009\\2028\\feff" text)
                        CREATE MATERIALIZED VIEW U&"v\\000a{ ""state"": 1 } ''; --\\001b]0;x\\0007" AS SELECT U&"key\\001b[31m\\202e" AS id, U&"tab\\0009\\2028\\feff" AS U&"\\200f\\0001" FROM U&"line\\000a\\000dbreak"
                        CREATE VIEW U&"is_v\\000a{ ""state"": 1 } ''; --\\001b]0;x\\0007" AS SELECT U&"key\\001b[31m\\202e" AS id, U&"tab\\0009\\2028\\feff" AS U&"\\200f\\0001" FROM U&"line\\000a\\000dbreak"
                        CREATE UNIQUE INDEX ON U&"v\\000a{ ""state"": 1 } ''; --\\001b]0;x\\0007" (id)
                        """, """
                        INSERT INTO U&"line\\000a\\000dbreak" VALUES (1, U&'\\202e')
                        """),
                of("schemas with names that mean something", """
                        !CREATE SCHEMA pg_temp
                        !CREATE SCHEMA pg_refreshd
                        CREATE SCHEMA "$user"
                        CREATE TABLE "$user".a (id int PRIMARY KEY, v text)
                        CREATE MATERIALIZED VIEW "$user".bystander AS SELECT id, v FROM "$user".a
                        CREATE UNIQUE INDEX ON "$user".bystander (id)
                        INSERT INTO "$user".a VALUES (1, 'v')
                        INSERT INTO a VALUES (10, 'v')
                        check
                        DROP SCHEMA "$user" CASCADE
                        """),
                of(
                        "two hundred tables that are joined",
                        "view many SELECT a0.id, a199.v FROM "
                                + each(
                                        0,
                                        200,
                                        " JOIN ",
                                        i -> "a a" + i + (i == 0 ? "" : " ON a" + i + ".id = a" + (i - 1) + ".id"))
                                + """

                        INSERT INTO a VALUES (10, 'v')
                        unclaimed many too large to be examined
                        check of_a of_b
                        DROP MATERIALIZED VIEW many
                        DROP VIEW is_many
                        """),
                of(
                        "three hundred sub-selects in each other",
                        "view deep "
                                + "SELECT id, v FROM (".repeat(300) + "SELECT id, v FROM a" + ") x".repeat(300) + """

                        INSERT INTO a VALUES (10, 'v')
                        check
                        UPDATE a SET v = 'w' WHERE id = 1
                        check
                        DROP MATERIALIZED VIEW deep
                        DROP VIEW is_deep
                        """),
                of(
                        "a table of 1600 columns",
                        "CREATE TABLE wide (id int PRIMARY KEY, " + each(1, 1600, ", ", i -> "c" + i + " int") + """
                        )
                        view few SELECT id, c7, c1599 FROM wide
                        view every SELECT * FROM wide
                        INSERT INTO wide (id, c7, c1599) VALUES (1, 7, 1599), (2, NULL, 3)
                        check
                        UPDATE wide SET c8 = 9 WHERE id = 1
                        ALTER TABLE wide REPLICA IDENTITY FULL
                        UPDATE wide SET c1599 = 10, id = 3 WHERE id = 2
                        !ALTER TABLE wide ADD COLUMN more int
                        check
                        DROP TABLE wide CASCADE
                        """));
    }

    /** Values at the limits of their types. */
    private static Stream<Case> values() {
        return Stream.of(
                of("values at the limits of their types", """
                        CREATE TABLE odd (id int PRIMARY KEY, f float8, n numeric, d date, t timestamptz, i interval, b varbit, x xid8, l pg_lsn, c "char", m money, r int4range, j jsonb, y bytea, ti timetz, o oid, nm name, tx tid)
                        INSERT INTO odd (id, f, n) VALUES (1, 'NaN', 'NaN')
                        view of_odd SELECT * FROM odd
                        incremental by_n SELECT n, count(*) AS k, max(d) AS d, min(t) AS t FROM odd GROUP BY n
                        incremental by_t SELECT t, d, count(*) AS n, max(l) AS l FROM odd GROUP BY t, d
                        incremental shown SELECT odd.id, odd.f, odd.r, odd.j, odd.y, odd.ti, a.v FROM odd LEFT JOIN a ON a.id = odd.o::int4
                        """, """
                        INSERT INTO odd VALUES (2, '-0', 'Infinity', 'infinity', '-infinity', '178000000 years', B'', '18446744073709551615', 'FFFFFFFF/FFFFFFFF', '\\200', '-92233720368547758.08', '(,)', 'null', '\\x00', '24:00:00+15:59', 1, 'x', '(4294967295,65535)')
                        INSERT INTO odd VALUES (3, '0', '-Infinity', '4713-11-24 BC', '4713-11-24 00:00:00+00 BC', '-178000000 years', B'1', '3', '0/0', '', '92233720368547758.07', 'empty', '{"a": [1, 1.0, 1e2]}', '', '00:00:00-15:59', 2, '', '(0,0)')
                        UPDATE odd SET f = 0 WHERE id = 2
                        UPDATE odd SET f = '-0', n = 1.0, t = '294276-12-31 23:59:59.999999+00', d = '5874897-12-31', i = '1 mon' WHERE id = 3
                        check
                        UPDATE odd SET n = 1.00, i = '30 days', j = '{"a": 1.00}' WHERE id = 3
                        UPDATE odd SET f = 'Infinity', n = 'NaN', i = 'infinity', b = B'01' WHERE id = 2
                        UPDATE odd SET f = 1e-307, i = '-infinity' WHERE id = 1
                        check
                        DELETE FROM odd WHERE f = 'Infinity'
                        """),
                of("a key of eleven types", """
                        CREATE TABLE keyed (k1 xid8, k2 pg_lsn, k3 numeric, k4 float8, k5 timestamptz, k6 interval, k7 varbit, k8 bytea, k9 int4range, k10 "char", k11 name, id int UNIQUE, v text, PRIMARY KEY (k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11))
                        INSERT INTO keyed VALUES ('18446744073709551615', '0/0', 'NaN', '-0', 'infinity', '1 mon', B'', '', 'empty', '', '', 1, 'one')
                        view of_keyed SELECT * FROM keyed
                        """, """
                        UPDATE keyed SET v = 'u' WHERE id = 1
                        check
                        UPDATE keyed SET k4 = 0, k6 = '30 days', k3 = 1.0 WHERE id = 1
                        check
                        UPDATE keyed SET k3 = 1.00, v = 'w' WHERE id = 1
                        INSERT INTO keyed VALUES ('1', 'FFFFFFFF/FFFFFFFF', '-Infinity', 'NaN', '-infinity', '-178000000 years', B'10101', '\\x00ff', '(,)', '\\377', 'n', 2, 'two')
                        check
                        DELETE FROM keyed WHERE id = 1
                        UPDATE keyed SET k4 = 1e-320, k11 = E'line\\n\\\\' WHERE id = 2
                        """),
                of("a key that calls unequal bytes equal", """
                        CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)
                        CREATE TABLE c (key text COLLATE ci PRIMARY KEY, v text COLLATE ci, id int UNIQUE)
                        INSERT INTO c VALUES ('A', 'x', 1), ('b', 'X', 2)
                        view of_c SELECT id, key, v FROM c
                        """, """
                        UPDATE c SET key = 'a' WHERE id = 1
                        check of_c
                        UPDATE c SET v = 'X' WHERE id = 1
                        INSERT INTO c VALUES ('Z', 'y', 3)
                        check of_c
                        DELETE FROM c WHERE key = 'B'
                        UPDATE c SET v = 'y'
                        """),
                of("values of megabytes", """
                        CREATE TABLE giant (id int PRIMARY KEY, n int[], j jsonb, c point[], t text)
                        view of_giant SELECT id, n, j, t FROM giant
                        incremental shown SELECT g.id, g.n, g.t, a.v FROM giant g LEFT JOIN a ON a.id = g.id
                        """, """
                        INSERT INTO giant SELECT 1, array_agg(i), jsonb_agg(i), NULL, repeat('ä', 2000000) FROM generate_series(1, 300000) i
                        INSERT INTO giant SELECT 2, NULL, (repeat('[', 6000) || repeat(']', 6000))::jsonb, NULL, ''
                        check
                        UPDATE giant SET n = n || 1 WHERE id = 1
                        UPDATE giant SET c = '{"(1,2)"}'
                        check
                        DELETE FROM giant WHERE id = 1
                        """),
                of("large values that an update leaves alone", """
                        CREATE TABLE toasted (id int PRIMARY KEY, big text STORAGE EXTERNAL, w text, g int)
                        INSERT INTO toasted SELECT i, repeat('x' || i, 5000), 'w', i % 2 FROM generate_series(1, 4) i
                        view of_toasted SELECT id, big, w FROM toasted
                        incremental shown SELECT t.id, t.big, a.v FROM toasted t LEFT JOIN a ON a.id = t.id
                        incremental by_big SELECT big, count(*) AS n FROM toasted GROUP BY big
                        incremental by_g SELECT g, max(big) AS big FROM toasted GROUP BY g
                        """, """
                        UPDATE toasted SET w = 'u' WHERE id = 1
                        UPDATE toasted SET g = 1 WHERE id = 2
                        check
                        ALTER TABLE toasted REPLICA IDENTITY FULL
                        UPDATE toasted SET w = 'x', id = 10 WHERE id = 3
                        UPDATE toasted SET g = 0 WHERE id = 1
                        check
                        UPDATE toasted SET big = 'small' WHERE id = 10
                        DELETE FROM toasted WHERE id = 1
                        """),
                of("a generated key", """
                        CREATE TABLE g (x int, id int GENERATED ALWAYS AS (x + 1) STORED PRIMARY KEY, y int GENERATED ALWAYS AS (x % 3) STORED, z int GENERATED ALWAYS AS (x * 2) VIRTUAL)
                        CREATE TABLE h (id int PRIMARY KEY, x int, y int GENERATED ALWAYS AS (x % 3) STORED, z int GENERATED ALWAYS AS (x * 2) VIRTUAL)
                        INSERT INTO h VALUES (1, 1), (2, 2)
                        view of_h SELECT id, y, z FROM h
                        incremental by_y SELECT y, count(*) AS n, max(x) AS greatest FROM h GROUP BY y
                        """, """
                        INSERT INTO g VALUES (1)
                        UPDATE g SET x = 2
                        UPDATE h SET x = 5 WHERE id = 1
                        check
                        ALTER TABLE h ALTER COLUMN y SET EXPRESSION AS (x % 2)
                        INSERT INTO h VALUES (3, 3)
                        check
                        ALTER TABLE h ALTER COLUMN y DROP EXPRESSION
                        UPDATE h SET y = 9 WHERE id = 2
                        """));
    }

    /** What comes to the log, and how. */
    private static Stream<Case> log() {
        return Stream.of(
                of("messages with thousands of prefixes", """
                        stranger: SELECT count(pg_logical_emit_message(i % 2 = 0, 'refreshd:' || i, repeat('x', i % 100))) FROM generate_series(1, 20000) i
                        stranger: SELECT pg_logical_emit_message(true, E'refreshd:\\n\\x1b[31m{}', 'x', true), pg_logical_emit_message(false, 'refreshd:fence', repeat('9', 30), true)
                        stranger: BEGIN
                        stranger: SELECT count(pg_logical_emit_message(true, 'refreshd:request', '1')) FROM generate_series(1, 20000)
                        stranger: SAVEPOINT s
                        stranger: SELECT count(pg_logical_emit_message(true, 'refreshd:mark', '1')) FROM generate_series(1, 20000)
                        stranger: ROLLBACK TO s
                        stranger: COMMIT
                        INSERT INTO a VALUES (10, 'v')
                        """),
                of(
                        "three thousand savepoints in each other",
                        JOINED,
                        "BEGIN\n"
                                + each(
                                        0,
                                        3000,
                                        "; ",
                                        i -> "SAVEPOINT s" + i
                                                + (i % 10 == 0
                                                        ? "; INSERT INTO a VALUES (" + (1000 + i) + ", 'v', 'w', "
                                                                + (1000 + i) + ")"
                                                        : ""))
                                + "\nROLLBACK TO s1500\nINSERT INTO a VALUES (5, 'kept')\nRELEASE SAVEPOINT s700\nINSERT INTO b VALUES (5, 'kept')\nCOMMIT\n"),
                of("commits that are not flushed", """
                        SET synchronous_commit = off
                        INSERT INTO a VALUES (10, 'v')
                        INSERT INTO b VALUES (10, 'v')
                        UPDATE a SET v = 'w' WHERE id = 1
                        check
                        DELETE FROM a WHERE id = 2
                        """),
                of("rows that are written as a replica", COUNTED, """
                        super: SET session_replication_role = replica
                        super: INSERT INTO a VALUES (10, 'v')
                        super: UPDATE b SET v = 'w' WHERE id = 1
                        super: TRUNCATE b
                        super: INSERT INTO b VALUES (1, 'again', 'w', 9)
                        """),
                of("transactions that run beside each other", """
                        2: BEGIN ISOLATION LEVEL SERIALIZABLE
                        2: INSERT INTO a SELECT max(id) + 1, 'two' FROM a
                        3: BEGIN ISOLATION LEVEL SERIALIZABLE
                        3: INSERT INTO b SELECT max(id) + 1, 'three' FROM b
                        3: SELECT count(*) FROM a
                        2: SELECT count(*) FROM b
                        2: COMMIT
                        3: ?COMMIT
                        INSERT INTO a VALUES (50, 'after')
                        """));
    }
}
