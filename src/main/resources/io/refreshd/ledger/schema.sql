-- The tables of the ledger, as of the newest version. Run at installation, and again after upgrade.sql, where the script adds only
-- what is missing. The schema is there already; it belongs to the role that refreshd connects as.

COMMENT ON SCHEMA refreshd IS 'Ledger of refreshd: which materialized views need a refresh, and how fresh each is.';

CREATE TABLE IF NOT EXISTS refreshd.schema_version (
    version    integer     PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE refreshd.schema_version IS 'The versions that this ledger has had; the highest is the present one.';

CREATE TABLE IF NOT EXISTS refreshd.lease (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    token    bigint      NOT NULL UNIQUE,
    holder   text        NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    timeline integer,
    lock_key bigint
);
COMMENT ON TABLE refreshd.lease IS
    'One row: which run of which daemon may write to the ledger. Each write checks the token first, so that a daemon that another '
    'one has replaced writes nothing more.';
COMMENT ON COLUMN refreshd.lease.token IS
    'UNIQUE is for the lock: a change of a key column waits for transactions that hold the row FOR KEY SHARE, a change of any '
    'other column does not.';
COMMENT ON COLUMN refreshd.lease.timeline IS
    'Timeline of the server when the lease was taken. A token that was replicated to a server that was then promoted is not valid '
    'there.';
COMMENT ON COLUMN refreshd.lease.lock_key IS
    'Key of the advisory lock that the holder has for as long as its session lives. Each holder draws another one. Every role may '
    'take any advisory lock, so the lock of a role that may not write to the ledger does not count.';

CREATE TABLE IF NOT EXISTS refreshd.stream (
    only_row          boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    slot              text        NOT NULL,
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    acknowledged      pg_lsn      NOT NULL,
    epoch             bigint      NOT NULL DEFAULT 1,
    beat_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_interval     interval    NOT NULL DEFAULT '1 second',
    commit_time       timestamptz,
    read_to           pg_lsn,
    attempts          integer,
    slot_decoded      bigint
);
COMMENT ON TABLE refreshd.stream IS
    'One row: how far the log has been processed, on which server, and the daemon''s last heartbeat.';
COMMENT ON COLUMN refreshd.stream.acknowledged IS
    'Every transaction that committed at or before this position has been routed and is visible. The column is written before the '
    'slot is advanced, so a slot that is ahead of it is not the slot that this daemon left.';
COMMENT ON COLUMN refreshd.stream.epoch IS
    'Incremented whenever the stream starts again after a gap, so that a late write about the epoch before changes nothing.';
COMMENT ON COLUMN refreshd.stream.commit_time IS 'Commit time that acknowledged stands for, by the server''s clock.';
COMMENT ON COLUMN refreshd.stream.read_to IS
    'How far the log has ever been read in this epoch. It may be ahead of acknowledged, which waits until all before it is visible.';
COMMENT ON COLUMN refreshd.stream.attempts IS
    'Attempts at reading beyond read_to, the present one included, also those that ended with their process. After the third one the '
    'slot is given up.';

COMMENT ON COLUMN refreshd.stream.slot_decoded IS
    'Bytes that the server had decoded for the slot of Debezium''s connector, if changes are read from topics. It shrinks if the slot '
    'is made anew.';

CREATE TABLE IF NOT EXISTS refreshd.topic_offset (
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    topic_id    text    NOT NULL,
    next_offset bigint  NOT NULL,
    position    pg_lsn  NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE refreshd.topic_offset IS
    'Where reading goes on in Kafka''s topics, if changes are read from there. Everything before was marked durably.';
COMMENT ON COLUMN refreshd.topic_offset.topic_id IS 'Kafka''s id of the topic: a topic that is made anew has another one.';
COMMENT ON COLUMN refreshd.topic_offset.position IS
    'In a topic that keeps the order of the log: everything that committed after this position is at next_offset or behind it.';

CREATE TABLE IF NOT EXISTS refreshd.view_state (
    view_schema      text        NOT NULL,
    view_name        text        NOT NULL,
    view_oid         oid         NOT NULL,
    lineage          text        NOT NULL,
    upstream         oid[]       NOT NULL DEFAULT '{}',
    untracked        boolean     NOT NULL DEFAULT false,
    marked           bigint      NOT NULL,
    covered          bigint      NOT NULL DEFAULT 0,
    dirty_since      timestamptz,
    watermark        pg_lsn,
    snapshot         pg_snapshot,
    refreshed_at     timestamptz,
    last_duration    interval,
    method           text,
    refreshes        bigint      NOT NULL DEFAULT 0,
    failures         integer     NOT NULL DEFAULT 0,
    paused           boolean     NOT NULL DEFAULT false,
    suspended_what   text,
    suspended_remedy text,
    obstacle_what    text,
    obstacle_remedy  text,
    suspended_xid    xid8,
    commit_time      timestamptz,
    storage_xid      xid,
    untracked_what   text,
    untracked_remedy text,
    frozen           text,
    suspended_sql    text[]      NOT NULL DEFAULT '{}',
    obstacle_sql     text[]      NOT NULL DEFAULT '{}',
    untracked_sql    text[]      NOT NULL DEFAULT '{}',
    closed_until     timestamptz,
    PRIMARY KEY (view_schema, view_name)
) WITH (fillfactor = 70);
-- No update of a row changes view_oid, so updates stay HOT in spite of this index.
CREATE INDEX IF NOT EXISTS view_state_oid ON refreshd.view_state (view_oid);
COMMENT ON TABLE refreshd.view_state IS 'One row for each view that refreshd keeps fresh.';
COMMENT ON COLUMN refreshd.view_state.lineage IS
    'Hash of what the content depends on besides rows. If the hash in the catalog differs, decisions made before are not valid.';
COMMENT ON COLUMN refreshd.view_state.upstream IS 'The materialized views that this view reads.';
COMMENT ON COLUMN refreshd.view_state.untracked IS
    'The view reads a source whose changes the log does not show, so no position can be claimed for it.';
COMMENT ON COLUMN refreshd.view_state.marked IS
    'Number of the newest mark. The view is dirty while marked > covered. Both columns only grow, so that a mark and a refresh at '
    'the same time cannot undo each other.';
COMMENT ON COLUMN refreshd.view_state.watermark IS
    'Every transaction that committed at or before this position is in the view. While the view is clean, '
    'refreshd.stream.acknowledged holds for it too; see refreshd.freshness.';
COMMENT ON COLUMN refreshd.view_state.commit_time IS
    'When the newest transaction that committed at or before the watermark did so, by the server''s clock.';
COMMENT ON COLUMN refreshd.view_state.untracked_what IS
    'Which source that is, and why the log does not show its changes.';
COMMENT ON COLUMN refreshd.view_state.suspended_sql IS
    'The remedy''s statements in the order in which they run; suspended_remedy holds what words it has. The same for obstacle_sql and '
    'untracked_sql.';
COMMENT ON COLUMN refreshd.view_state.frozen IS
    'Why refreshd.stream.acknowledged does not hold for the view although it is clean: a transaction that has not ended has altered or '
    'locked what the view reads.';
COMMENT ON COLUMN refreshd.view_state.closed_until IS
    'Until then no refresh begins by itself, since the window of the view is closed. Null or past: it is open, or there is none.';
COMMENT ON COLUMN refreshd.view_state.obstacle_what IS
    'Why the view cannot be refreshed at all, by the catalog; apart from suspended_what, which failures and operators set.';
COMMENT ON COLUMN refreshd.view_state.suspended_xid IS
    'The transaction that wrote the suspension. It tells whether the suspension came before a request for a refresh or answers it.';
COMMENT ON COLUMN refreshd.view_state.storage_xid IS
    'The xmin of the row in pg_class that the last refresh by refreshd wrote. Every REFRESH of the view writes that row, whoever runs '
    'it. So if pg_class has another value now, somebody else has refreshed or altered the view since.';

CREATE TABLE IF NOT EXISTS refreshd.enrolled_table (
    table_schema text NOT NULL,
    table_name   text NOT NULL,
    table_oid    oid  NOT NULL,
    entry        text NOT NULL,
    PRIMARY KEY (table_schema, table_name)
);
COMMENT ON TABLE refreshd.enrolled_table IS 'Tables whose changes are known to arrive completely.';
COMMENT ON COLUMN refreshd.enrolled_table.entry IS
    'Identity of the table''s entry in the publication. A table that was taken out and put back has another one.';

CREATE TABLE IF NOT EXISTS refreshd.role_view (
    view_schema text        NOT NULL,
    view_name   text        NOT NULL,
    view_oid    oid         NOT NULL,
    template    text        NOT NULL,
    role        text        NOT NULL,
    definition  text        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (view_schema, view_name)
);
COMMENT ON TABLE refreshd.role_view IS
    'Role views that refreshd made from a template. refreshd drops and replaces no other view.';

CREATE TABLE IF NOT EXISTS refreshd.refresh_history (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view_schema  text        NOT NULL,
    view_name    text        NOT NULL,
    finished_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration     interval    NOT NULL,
    method       text        NOT NULL,
    outcome      text        NOT NULL,
    rows_changed bigint,
    watermark    pg_lsn,
    detail       text
);
CREATE INDEX IF NOT EXISTS refresh_history_view_schema_view_name_id_idx
    ON refreshd.refresh_history (view_schema, view_name, id DESC);
COMMENT ON TABLE refreshd.refresh_history IS 'The refreshes of the last week, at most 100,000.';
COMMENT ON COLUMN refreshd.refresh_history.detail IS
    'Why a refresh failed, without the words of the server, which may quote rows.';

CREATE TABLE IF NOT EXISTS refreshd.failure_message (
    view_oid  oid         PRIMARY KEY,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    message   text        NOT NULL
);
COMMENT ON TABLE refreshd.failure_message IS
    'What the server said when a view''s refresh failed last. It may quote rows, so it is shown by refreshd.freshness to those who may '
    'read the view, and to nobody else; grant nothing on this table.';

CREATE TABLE IF NOT EXISTS refreshd.request (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('refresh', 'pause', 'resume')),
    view_oid     oid         NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text        NOT NULL DEFAULT session_user
);
COMMENT ON TABLE refreshd.request IS
    'Requests to the daemon. A message in the log makes the daemon read this table; it deletes the rows that it has taken.';

CREATE TABLE IF NOT EXISTS refreshd.incremental_view (
    view_oid       oid   PRIMARY KEY,       -- the public view
    store_oid      oid   NOT NULL,
    definition_oid oid   NOT NULL,
    recompute_key  int[] NOT NULL,          -- numbers of the store's columns, from 1
    definition     text  NOT NULL,          -- the query as the user wrote it (pg_get_viewdef of the materialized view), for --back
    made_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE refreshd.incremental_view IS
    'Incremental views: plain views whose rows refreshd keeps in a table of schema refreshd_store, by what changed.';

CREATE TABLE IF NOT EXISTS refreshd.incremental_map (
    view_oid       oid     NOT NULL REFERENCES refreshd.incremental_view ON UPDATE CASCADE ON DELETE CASCADE,
    number         int     NOT NULL,        -- from 1
    store_oid      oid     NOT NULL,
    definition_oid oid     NOT NULL,
    recompute_key  int[]   NOT NULL,        -- numbers of the columns of this store
    group_key      int[]   NOT NULL,        -- numbers of the columns of this store that hold the key of the group
    positions      int[]   NOT NULL,        -- numbers of the columns of the view's store that hold the same values
    joined         boolean NOT NULL,        -- whether the groups are joined to what the view's recompute key belongs to
    of_map         int     NOT NULL DEFAULT 0, -- a later map whose rows are joined with the groups: the positions are those of its store; 0: none
    shown          text,                    -- not NULL: this store holds totals of the groups; the view's columns over them
    shown_if       text,                    -- which of these groups the view shows; empty if all
    of_values      boolean NOT NULL DEFAULT false, -- this store holds no groups, but the column by which rows of the view depend on a table's rows
    PRIMARY KEY (view_oid, number)
);
COMMENT ON TABLE refreshd.incremental_map IS
    'Which rows belong to which groups of an incremental view, or to which values: tables of schema refreshd_store, kept by the same rounds.';

CREATE TABLE IF NOT EXISTS refreshd.incremental_clock (
    view_oid          oid  NOT NULL REFERENCES refreshd.incremental_view ON UPDATE CASCADE ON DELETE CASCADE,
    expression        text NOT NULL,        -- of a bound in time
    bound_timestamptz timestamptz,          -- its value, in the column of its type
    bound_timestamp   timestamp,
    bound_date        date,
    PRIMARY KEY (view_oid, expression)
);
COMMENT ON TABLE refreshd.incremental_clock IS
    'Where the bounds in time of incremental views were when their rows were computed. Rounds alone write it, with the rows.';

CREATE TABLE IF NOT EXISTS refreshd.missed_rows (
    id             int8  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view_oid       oid   NOT NULL REFERENCES refreshd.incremental_view ON UPDATE CASCADE ON DELETE CASCADE,
    upstream_oid   oid   NOT NULL REFERENCES refreshd.incremental_view ON UPDATE CASCADE ON DELETE CASCADE,
    columns        int[],                   -- numbers of the columns of the upstream view's store; NULL: any row may have changed
    keys           text[]                   -- for each changed row the values of these columns
);
CREATE INDEX IF NOT EXISTS missed_rows_view_oid_idx ON refreshd.missed_rows (view_oid);
COMMENT ON TABLE refreshd.missed_rows IS
    'Rows of incremental views that changed in a round, for views that read them and took no part in it. Their next round deletes them.';
