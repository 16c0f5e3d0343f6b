-- The ledger: what refreshd must not forget. Owned by the role that refreshd connects as.

CREATE SCHEMA refreshd;
COMMENT ON SCHEMA refreshd IS 'Ledger of refreshd: which materialized views need a refresh, and how fresh each is.';

CREATE TABLE refreshd.schema_version (
    version    integer     PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- One row: how far the stream is known to be dealt with.
CREATE TABLE refreshd.stream (
    only_row          boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    slot              text        NOT NULL,
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    acknowledged      pg_lsn      NOT NULL,
    stretch           bigint      NOT NULL DEFAULT 1,
    beat_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN refreshd.stream.acknowledged IS
    'Every transaction that committed at or before this position has been routed and seen to be visible. '
    'It is written before the slot is told, so a slot that is ahead of it is not the slot that was left behind.';

COMMENT ON COLUMN refreshd.stream.stretch IS
    'Grows whenever the stream begins anew after a gap, so that a late word about the stretch before is not taken for one '
    'about this one.';

CREATE TABLE refreshd.view_state (
    view_schema    text        NOT NULL,
    view_name      text        NOT NULL,
    view_oid       oid         NOT NULL,
    lineage        text        NOT NULL,
    upstream       oid[]       NOT NULL DEFAULT '{}',
    blind          boolean     NOT NULL DEFAULT false,
    marked         bigint      NOT NULL,
    covered        bigint      NOT NULL DEFAULT 0,
    dirty_since    timestamptz,
    watermark      pg_lsn,
    snapshot       pg_snapshot,
    refreshed_at   timestamptz,
    last_duration  interval,
    method         text,
    refreshes      bigint      NOT NULL DEFAULT 0,
    failures       integer     NOT NULL DEFAULT 0,
    paused         boolean     NOT NULL DEFAULT false,
    suspended_what text,
    suspended_mend text,
    PRIMARY KEY (view_schema, view_name)
) WITH (fillfactor = 70);
COMMENT ON COLUMN refreshd.view_state.marked IS
    'Number of the newest need to refresh. The view is dirty while marked > covered: two columns that only grow, '
    'so that marking and refreshing at the same time cannot undo each other.';
COMMENT ON COLUMN refreshd.view_state.watermark IS
    'Every transaction that committed at or before this position is in the view. While the view is clean, '
    'refreshd.stream.acknowledged holds for it too; see refreshd.freshness.';
COMMENT ON COLUMN refreshd.view_state.lineage IS
    'Hash of what the content depends on besides rows; when it differs, decisions made before are in doubt.';

-- Tables whose changes are known to arrive completely.
CREATE TABLE refreshd.enrolled_table (
    table_schema text NOT NULL,
    table_name   text NOT NULL,
    table_oid    oid  NOT NULL,
    entry        text NOT NULL,
    PRIMARY KEY (table_schema, table_name)
);
COMMENT ON COLUMN refreshd.enrolled_table.entry IS
    'Identity of the table''s entry in the publication; a table that was taken out and put back has another one.';

-- Role views that were made from a template: only these may be dropped or replaced.
CREATE TABLE refreshd.role_view (
    view_schema text        NOT NULL,
    view_name   text        NOT NULL,
    view_oid    oid         NOT NULL,
    template    text        NOT NULL,
    role        text        NOT NULL,
    definition  text        NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (view_schema, view_name)
);

CREATE TABLE refreshd.refresh_history (
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
CREATE INDEX ON refreshd.refresh_history (view_schema, view_name, id DESC);

-- What applications and people may ask. A view that stands on others is as fresh as the stalest of them.
CREATE VIEW refreshd.freshness AS
WITH RECURSIVE chain (root, member) AS (
    SELECT view_oid, view_oid FROM refreshd.view_state
    UNION
    SELECT c.root, u.oid
    FROM chain c
    JOIN refreshd.view_state s ON s.view_oid = c.member
    CROSS JOIN LATERAL unnest(s.upstream) AS u (oid)
), member AS (
    SELECT s.view_oid,
           s.marked <= s.covered AS clean,
           s.dirty_since,
           CASE WHEN s.blind THEN NULL
                WHEN s.marked <= s.covered THEN greatest(s.watermark, t.acknowledged)
                ELSE s.watermark
           END AS watermark
    FROM refreshd.view_state s
    LEFT JOIN refreshd.stream t ON true
), whole AS (
    SELECT c.root,
           bool_and(coalesce(m.clean, false)) AS clean,
           min(m.dirty_since) AS dirty_since,
           -- One member of which nothing can be claimed leaves nothing to claim of the whole.
           CASE WHEN bool_and(m.watermark IS NOT NULL) THEN min(m.watermark) END AS watermark
    FROM chain c
    LEFT JOIN member m ON m.view_oid = c.member
    GROUP BY c.root
)
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       CASE WHEN s.suspended_what IS NOT NULL THEN 'suspended'
            WHEN s.paused THEN 'paused'
            WHEN w.clean THEN 'fresh'
            ELSE 'dirty'
       END AS state,
       w.dirty_since,
       w.watermark,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       s.suspended_what AS reason,
       s.suspended_mend AS mend
FROM refreshd.view_state s
JOIN whole w ON w.root = s.view_oid;
COMMENT ON VIEW refreshd.freshness IS
    'How fresh each view is. watermark: every transaction that committed at or before it is in the view; '
    'null if nothing can be claimed. dirty_since: commit time of the oldest change known to be missing.';

INSERT INTO refreshd.schema_version (version) VALUES (1);
