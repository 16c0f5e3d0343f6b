package io.refreshd.acceptance;

import java.util.stream.Stream;

/** DDL and other doings of those who share the database, beside rows that are written. */
class DdlBesideRowsIT extends ScriptedCases {
    DdlBesideRowsIT() {
        super(cases(), false);
    }

    static Stream<Case> cases() {
        return Stream.of(
                of("tables that swap their names", JOINED + COUNTED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER TABLE a RENAME TO x
                        ALTER TABLE b RENAME TO a
                        ALTER TABLE x RENAME TO b
                        INSERT INTO a VALUES (11, 'was b')
                        INSERT INTO b VALUES (12, 'was a')
                        COMMIT
                        INSERT INTO a VALUES (13, 'after')
                        DELETE FROM b WHERE id = 1
                        """),
                of("columns that swap their names", JOINED + COUNTED + "ALTER TABLE a REPLICA IDENTITY FULL", """
                        BEGIN
                        INSERT INTO a (id, v, w) VALUES (10, 'v', 'w')
                        ALTER TABLE a RENAME v TO x
                        ALTER TABLE a RENAME w TO v
                        ALTER TABLE a RENAME x TO w
                        INSERT INTO a (id, v, w) VALUES (11, 'was w', 'was v')
                        UPDATE a SET w = 'was v too' WHERE id = 1
                        COMMIT
                        UPDATE a SET w = 'later' WHERE id = 2
                        """),
                of("keys that swap their names", JOINED, """
                        ALTER TABLE a REPLICA IDENTITY FULL
                        BEGIN
                        ALTER TABLE a RENAME id TO x
                        ALTER TABLE a RENAME k TO id
                        ALTER TABLE a RENAME x TO k
                        UPDATE a SET v = 'u', k = k + 50 WHERE k = 1
                        COMMIT
                        DELETE FROM a WHERE k = 2
                        """),
                of("a partition that is detached and attached", """
                        CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)
                        CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (10)
                        CREATE TABLE p2 PARTITION OF parts FOR VALUES FROM (10) TO (20)
                        INSERT INTO parts VALUES (1, 'one'), (11, 'eleven')
                        view of_parts SELECT id, v FROM parts
                        incremental sum_of_parts SELECT v, count(*) AS n FROM parts GROUP BY v
                        """, """
                        INSERT INTO parts VALUES (2, 'two')
                        ALTER TABLE parts DETACH PARTITION p1 CONCURRENTLY
                        INSERT INTO p1 VALUES (3, 'three')
                        check
                        BEGIN
                        INSERT INTO p1 VALUES (4, 'four')
                        ALTER TABLE parts ATTACH PARTITION p1 FOR VALUES FROM (0) TO (10)
                        INSERT INTO parts VALUES (5, 'five')
                        COMMIT
                        UPDATE parts SET id = 12 WHERE id = 5
                        """),
                of("a partition that stays half detached", """
                        CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)
                        CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (10)
                        CREATE TABLE p2 PARTITION OF parts FOR VALUES FROM (10) TO (20)
                        INSERT INTO parts VALUES (1, 'one'), (11, 'eleven')
                        view of_parts SELECT id, v FROM parts
                        """, """
                        2: BEGIN
                        2: SELECT * FROM parts
                        SET statement_timeout = '200ms'
                        !ALTER TABLE parts DETACH PARTITION p1 CONCURRENTLY
                        RESET statement_timeout
                        2: COMMIT
                        check
                        INSERT INTO p1 VALUES (6, 'six')
                        INSERT INTO parts VALUES (12, 'twelve')
                        ALTER TABLE parts DETACH PARTITION p1 FINALIZE
                        INSERT INTO p1 VALUES (7, 'seven')
                        INSERT INTO parts VALUES (13, 'thirteen')
                        """),
                of("a prepared transaction that is committed", JOINED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'prepared')
                        ALTER TABLE a ADD COLUMN late int DEFAULT 5
                        INSERT INTO a VALUES (11, 'prepared')
                        PREPARE TRANSACTION 'committed later'
                        INSERT INTO b VALUES (12, 'meanwhile')
                        check of_b
                        COMMIT PREPARED 'committed later'
                        """),
                of("a prepared transaction that is rolled back", """
                        BEGIN
                        INSERT INTO a VALUES (10, 'prepared')
                        ALTER TABLE a RENAME v TO x
                        PREPARE TRANSACTION 'rolled back later'
                        INSERT INTO b VALUES (12, 'meanwhile')
                        check of_b
                        ROLLBACK PREPARED 'rolled back later'
                        INSERT INTO a VALUES (13, 'after')
                        """),
                of("a prepared transaction that alters a role", """
                        stranger: BEGIN
                        stranger: ALTER ROLE CURRENT_USER SET work_mem = '1MB'
                        stranger: PREPARE TRANSACTION 'of a stranger'
                        INSERT INTO a VALUES (10, 'meanwhile')
                        check
                        stranger: ROLLBACK PREPARED 'of a stranger'
                        """),
                of("rows of another origin", """
                        SELECT pg_replication_origin_create('elsewhere')
                        SELECT pg_replication_origin_session_setup('elsewhere')
                        BEGIN
                        SELECT pg_replication_origin_xact_setup('0/1234', '2125-01-01')
                        INSERT INTO a VALUES (10, 'origin')
                        COMMIT
                        UPDATE a SET v = 'origin' WHERE id = 1
                        SELECT pg_replication_origin_session_reset()
                        SELECT pg_replication_origin_drop('elsewhere')
                        """),
                of("a table that is replaced", JOINED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'old')
                        DROP TABLE a CASCADE
                        CREATE TABLE a (id int PRIMARY KEY, v text)
                        INSERT INTO a VALUES (11, 'new')
                        CREATE MATERIALIZED VIEW of_a AS SELECT id, v FROM a
                        CREATE UNIQUE INDEX ON of_a (id)
                        CREATE VIEW is_of_a AS SELECT id, v FROM a
                        INSERT INTO a VALUES (12, 'newer')
                        COMMIT
                        suspended joined was dropped
                        DROP VIEW joined CASCADE
                        INSERT INTO a VALUES (13, 'after')
                        INSERT INTO b VALUES (13, 'after')
                        """),
                of("a plain view below that is replaced", """
                        CREATE VIEW mid AS SELECT id, v FROM a
                        view of_mid SELECT id, v FROM mid
                        incremental kept_of_mid SELECT m.id, m.v, b.v AS other FROM mid m LEFT JOIN b USING (id)
                        """, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        CREATE OR REPLACE VIEW mid AS SELECT id, upper(v) AS v FROM a WHERE id <> 2
                        INSERT INTO a VALUES (11, 'after')
                        COMMIT
                        INSERT INTO a VALUES (12, 'later')
                        CREATE OR REPLACE VIEW mid AS SELECT id, v FROM b
                        DELETE FROM b WHERE id = 1
                        """),
                of("a schema that is renamed", JOINED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER SCHEMA {schema} RENAME TO {schema}_renamed
                        INSERT INTO {schema}_renamed.a VALUES (11, 'after')
                        COMMIT
                        UPDATE {schema}_renamed.a SET v = 'later' WHERE id = 1
                        """),
                of("a replica identity that changes", JOINED + COUNTED, """
                        BEGIN
                        UPDATE a SET v = 'u' WHERE id = 1
                        ALTER TABLE a REPLICA IDENTITY FULL
                        UPDATE a SET id = 99 WHERE id = 2
                        ALTER TABLE a REPLICA IDENTITY USING INDEX a_k_key
                        UPDATE a SET id = 98, k = 97 WHERE id = 1
                        COMMIT
                        DELETE FROM a WHERE id = 98
                        ALTER TABLE a REPLICA IDENTITY DEFAULT
                        UPDATE a SET id = 95, k = 96 WHERE id = 99
                        """),
                of("a primary key that moves", JOINED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        ALTER TABLE a DROP CONSTRAINT a_pkey
                        INSERT INTO a VALUES (11, 'between')
                        ALTER TABLE a ADD PRIMARY KEY (k)
                        UPDATE a SET id = 88 WHERE id = 1
                        COMMIT
                        DELETE FROM a WHERE id = 2
                        UPDATE a SET id = 87 WHERE id = 88
                        """),
                of("no replica identity for a while", """
                        ALTER TABLE a REPLICA IDENTITY NOTHING
                        INSERT INTO a VALUES (10, 'v')
                        retry UPDATE a SET v = 'unseen' WHERE id = 1
                        ALTER TABLE a REPLICA IDENTITY DEFAULT
                        UPDATE a SET v = 'seen' WHERE id = 2
                        """),
                of("a table that leaves the publication", """
                        ALTER PUBLICATION refreshd DROP TABLE {schema}.a
                        INSERT INTO a VALUES (10, 'unseen')
                        """),
                of("a publication of inserts", COUNTED, """
                        ALTER PUBLICATION refreshd SET (publish = 'insert')
                        DELETE FROM a WHERE id = 1
                        TRUNCATE b
                        """),
                of("a publication by partition roots", """
                        CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)
                        CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (10)
                        view of_parts SELECT id, v FROM parts
                        """, """
                        ALTER PUBLICATION refreshd SET (publish_via_partition_root = true)
                        INSERT INTO parts VALUES (1, 'v')
                        """),
                of("a row filter", """
                        BEGIN
                        ALTER PUBLICATION refreshd DROP TABLE {schema}.a
                        ALTER PUBLICATION refreshd ADD TABLE ONLY {schema}.a WHERE (id < 0)
                        COMMIT
                        INSERT INTO a VALUES (10, 'unseen')
                        unclaimed of_a filter|column list
                        ALTER PUBLICATION refreshd DROP TABLE {schema}.a
                        INSERT INTO a VALUES (11, 'perhaps')
                        """),
                of("a column list", """
                        BEGIN
                        ALTER PUBLICATION refreshd DROP TABLE {schema}.a
                        ALTER PUBLICATION refreshd ADD TABLE ONLY {schema}.a (id)
                        COMMIT
                        UPDATE a SET v = 'unseen' WHERE id = 1
                        unclaimed of_a filter|column list
                        ALTER PUBLICATION refreshd DROP TABLE {schema}.a
                        """),
                of("a publication that is renamed", """
                        ALTER PUBLICATION refreshd RENAME TO elsewhere
                        INSERT INTO a VALUES (10, 'unseen')
                        ? ALTER PUBLICATION elsewhere RENAME TO refreshd
                        INSERT INTO a VALUES (11, 'seen')
                        check
                        DROP PUBLICATION IF EXISTS elsewhere
                        """),
                of("rows and TRUNCATE in one transaction", JOINED + COUNTED, """
                        BEGIN
                        INSERT INTO a VALUES (10, 'before')
                        TRUNCATE a, b RESTART IDENTITY CASCADE
                        INSERT INTO a VALUES (11, 'after')
                        SAVEPOINT s
                        TRUNCATE a
                        ROLLBACK TO s
                        INSERT INTO a VALUES (12, 'after') ON CONFLICT (id) DO UPDATE SET v = 'never'
                        INSERT INTO a VALUES (12, 'again') ON CONFLICT (id) DO UPDATE SET v = excluded.v
                        COMMIT
                        """),
                of("a child that is inherited", """
                        CREATE TABLE child (id int PRIMARY KEY, v text)
                        CREATE TABLE parent (id int PRIMARY KEY, v text)
                        INSERT INTO parent VALUES (1, 'p')
                        view of_parent SELECT id, v FROM parent
                        """, """
                        BEGIN
                        INSERT INTO child VALUES (2, 'before')
                        ALTER TABLE child INHERIT parent
                        INSERT INTO child VALUES (3, 'after')
                        COMMIT
                        check
                        UPDATE child SET v = 'later' WHERE id = 2
                        check
                        BEGIN
                        UPDATE child SET v = 'last' WHERE id = 3
                        ALTER TABLE child NO INHERIT parent
                        COMMIT
                        """),
                of("an index and a column of the view", """
                        BEGIN
                        DROP INDEX of_a_id_idx
                        CREATE UNIQUE INDEX of_a_other ON of_a (id)
                        ALTER MATERIALIZED VIEW of_a RENAME COLUMN v TO other
                        INSERT INTO a VALUES (10, 'v')
                        COMMIT
                        """),
                of("a view that somebody empties", """
                        REFRESH MATERIALIZED VIEW of_a WITH NO DATA
                        INSERT INTO a VALUES (10, 'v')
                        check of_b
                        REFRESH MATERIALIZED VIEW of_a
                        INSERT INTO a VALUES (11, 'v')
                        """),
                of("row types of others", """
                        CREATE TABLE shape (x int, y int)
                        CREATE VIEW other_shape AS SELECT 1 AS x, 2 AS y
                        CREATE TABLE shaped (id int PRIMARY KEY, c shape, cs shape[], o other_shape)
                        INSERT INTO shaped VALUES (1, ROW(1, 2), ARRAY[ROW(3, 4)::shape], ROW(5, 6))
                        view of_shape SELECT id, to_jsonb(c) AS j FROM shaped
                        view of_shapes SELECT id, to_json(cs)::text AS j FROM shaped
                        view of_other_shape SELECT id, to_jsonb(o) AS j FROM shaped
                        """, """
                        ALTER TABLE shape RENAME COLUMN x TO z
                        INSERT INTO a VALUES (10, 'v')
                        check
                        ALTER VIEW other_shape RENAME COLUMN x TO z
                        INSERT INTO shaped VALUES (2, ROW(1, 2))
                        """),
                of("a function that is IMMUTABLE by its word alone", """
                        CREATE FUNCTION looks(int) RETURNS text IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT v FROM a WHERE id = $1; END
                        CREATE FUNCTION deeper(int) RETURNS text IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT looks($1); END
                        """, """
                        view of_looks SELECT id, looks(id) AS v FROM b
                        view of_deeper SELECT id, deeper(id) AS v FROM b
                        UPDATE a SET v = 'changed' WHERE id = 1
                        unclaimed of_looks reads a table
                        unclaimed of_deeper reads a table
                        DROP MATERIALIZED VIEW of_looks
                        DROP MATERIALIZED VIEW of_deeper
                        """),
                of("row level security that comes and goes", JOINED, """
                        BEGIN
                        ALTER TABLE a ENABLE ROW LEVEL SECURITY
                        INSERT INTO a VALUES (10, 'v')
                        COMMIT
                        ALTER TABLE a FORCE ROW LEVEL SECURITY
                        UPDATE a SET v = 'x' WHERE id = 1
                        ALTER TABLE a DISABLE ROW LEVEL SECURITY
                        """));
    }
}
