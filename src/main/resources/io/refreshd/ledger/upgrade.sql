-- From any older version to the newest: what CREATE TABLE IF NOT EXISTS in schema.sql and CREATE OR REPLACE in surface.sql cannot
-- do. Those scripts run after this one. Each step does nothing where it was done before.

-- Version 5 gave columns other names. Views follow a renamed column of a table; the columns of the views have names of their own.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN
        SELECT a.attrelid::regclass AS relation, a.attname AS name, r.new_name,
               r.relation || '_' || r.old_name || '_not_null' AS old_constraint,
               r.relation || '_' || r.new_name || '_not_null' AS new_constraint
        FROM (VALUES ('stream', 'stretch', 'epoch'),
                     ('view_state', 'blind', 'untracked'),
                     ('view_state', 'suspended_mend', 'suspended_remedy'),
                     ('view_state', 'obstacle_mend', 'obstacle_remedy'),
                     ('own_claim', 'mend', 'remedy'),
                     ('freshness', 'mend', 'remedy')) AS r (relation, old_name, new_name)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass('refreshd.' || r.relation) AND a.attname = r.old_name
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', old.relation, old.name, old.new_name);
        -- PostgreSQL 18 names NOT NULL constraints by their columns, older ones have no such constraints.
        IF EXISTS (SELECT FROM pg_catalog.pg_constraint c
                   WHERE c.conrelid = old.relation AND c.conname = old.old_constraint) THEN
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I',
                           old.relation, old.old_constraint, old.new_constraint);
        END IF;
    END LOOP;
END
$$;

ALTER TABLE refreshd.view_state                                                                 -- since version
    ADD COLUMN IF NOT EXISTS obstacle_what text, ADD COLUMN IF NOT EXISTS obstacle_remedy text, -- 2
    ADD COLUMN IF NOT EXISTS suspended_xid xid8,                                                -- 3
    ADD COLUMN IF NOT EXISTS commit_time timestamptz,                                           -- 4
    ADD COLUMN IF NOT EXISTS storage_xid xid,                                                   -- 5
    ADD COLUMN IF NOT EXISTS untracked_what text, ADD COLUMN IF NOT EXISTS untracked_remedy text, -- 5
    ADD COLUMN IF NOT EXISTS frozen text,                                                       -- 5
    ADD COLUMN IF NOT EXISTS suspended_sql text[] NOT NULL DEFAULT '{}',                        -- 5
    ADD COLUMN IF NOT EXISTS obstacle_sql text[] NOT NULL DEFAULT '{}',                         -- 5
    ADD COLUMN IF NOT EXISTS untracked_sql text[] NOT NULL DEFAULT '{}',                        -- 5
    ADD COLUMN IF NOT EXISTS closed_until timestamptz;                                          -- 5
ALTER TABLE refreshd.lease
    ADD COLUMN IF NOT EXISTS timeline integer,                                                  -- 4
    ADD COLUMN IF NOT EXISTS lock_key bigint;                                                   -- 5
ALTER TABLE refreshd.stream
    ADD COLUMN IF NOT EXISTS commit_time timestamptz,                                           -- 4
    ADD COLUMN IF NOT EXISTS read_to pg_lsn,                                                    -- 5
    ADD COLUMN IF NOT EXISTS attempts integer,                                                  -- 5
    ADD COLUMN IF NOT EXISTS slot_decoded bigint;                                               -- 5

-- Until version 4 the reasons of failures were the words of the server, which may quote rows. They move to a table of their own.
DO $$
BEGIN
    IF to_regclass('refreshd.failure_message') IS NULL THEN
        CREATE TABLE refreshd.failure_message (
            view_oid  oid         PRIMARY KEY,
            failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            message   text        NOT NULL
        );
        INSERT INTO refreshd.failure_message (view_oid, message)
        SELECT DISTINCT ON (s.view_oid) s.view_oid, s.suspended_what
        FROM refreshd.view_state s WHERE s.suspended_what IS NOT NULL;
        UPDATE refreshd.view_state
        SET suspended_what = 'the last refresh failed before refreshd was upgraded'
        WHERE suspended_what IS NOT NULL;
        UPDATE refreshd.refresh_history SET detail = 'it failed before refreshd was upgraded' WHERE detail IS NOT NULL;
    END IF;
END
$$;
