-- The ledger: what refreshd must not forget. Owned by the role that refreshd connects as; the schema is there already.

COMMENT ON SCHEMA refreshd IS 'Ledger of refreshd: which materialized views need a refresh, and how fresh each is.';

CREATE TABLE refreshd.schema_version (
    version    integer     PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- One row: which run of which daemon may write here. Each write looks at it first, so that a daemon that has lost its place to
-- another one cannot write any more, whatever it still has under way.
CREATE TABLE refreshd.lease (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    token    bigint      NOT NULL UNIQUE,
    holder   text        NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN refreshd.lease.token IS
    'Unique on purpose: changing a key waits for those who hold it FOR KEY SHARE, changing anything else does not.';

-- One row: how far the stream is known to be dealt with.
CREATE TABLE refreshd.stream (
    only_row          boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    slot              text        NOT NULL,
    system_identifier bigint      NOT NULL,
    timeline          integer     NOT NULL,
    acknowledged      pg_lsn      NOT NULL,
    stretch           bigint      NOT NULL DEFAULT 1,
    beat_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_interval     interval    NOT NULL DEFAULT '1 second'
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

-- What operators ask of the daemon; it takes the rows away when it has done so. A message in the log tells it to look.
CREATE TABLE refreshd.request (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('refresh', 'pause', 'resume')),
    view_oid     oid         NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text        NOT NULL DEFAULT session_user
);

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

-- Read-your-writes. Names and oids of views are no secret: they stand in the catalog for everybody to read.
CREATE FUNCTION refreshd.wait_until_fresh(
    "view"  regclass,
    token   pg_lsn   DEFAULT pg_current_wal_insert_lsn(),
    timeout interval DEFAULT '10 seconds'
) RETURNS pg_lsn
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + timeout;
    pause    double precision := 0.002;
    known    refreshd.freshness;
    beat     refreshd.stream;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'wait_until_fresh needs READ COMMITTED: a % transaction sees no progress',
            current_setting('transaction_isolation') USING ERRCODE = 'active_sql_transaction';
    END IF;
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'wait_until_fresh cannot wait for its own transaction, which has written and not committed yet'
            USING ERRCODE = 'active_sql_transaction', HINT = 'Call it after COMMIT.';
    END IF;
    -- The fence stands behind every commit up to now. When the daemon reads it, all before it has been routed.
    IF current_setting('server_version_num')::integer >= 170000 THEN
        EXECUTE 'SELECT pg_logical_emit_message(false, ''refreshd:fence'', $1, true)' USING "view"::oid::text;
    ELSE
        PERFORM pg_logical_emit_message(false, 'refreshd:fence', "view"::oid::text);
    END IF;
    LOOP
        SELECT * INTO known FROM refreshd.freshness f WHERE f.view_oid = "view"::oid;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is not kept fresh by refreshd', "view" USING ERRCODE = 'undefined_object';
        ELSIF known.watermark >= token THEN
            RETURN known.watermark;
        ELSIF known.state = 'suspended' THEN
            RAISE EXCEPTION '% is suspended: %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.mend;
        ELSIF known.state = 'fresh' AND known.watermark IS NULL THEN
            RAISE EXCEPTION 'nothing can be claimed of %: it reads a source that the log does not show', "view"
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'refreshd status says which source, and why.';
        END IF;
        SELECT * INTO beat FROM refreshd.stream;
        IF beat.beat_at IS NULL OR clock_timestamp() - beat.beat_at > 5 * beat.beat_interval + interval '5 seconds' THEN
            RAISE EXCEPTION 'refreshd is away since %', coalesce(beat.beat_at::text, 'ever')
                USING ERRCODE = 'object_not_in_prerequisite_state';
        ELSIF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION '% is not fresh after %: it is %, and holds % of %', "view", timeout, known.state,
                coalesce(known.watermark::text, 'nothing for certain'), token USING ERRCODE = 'query_canceled';
        END IF;
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
END
$$;
COMMENT ON FUNCTION refreshd.wait_until_fresh(regclass, pg_lsn, interval) IS
    'Returns once the view holds every transaction that committed at or before the token: by default all that have '
    'committed by now. To be called after COMMIT. Cuts the quiet period short. Returns the view''s watermark.';

GRANT USAGE ON SCHEMA refreshd TO PUBLIC;
GRANT SELECT ON refreshd.freshness TO PUBLIC;

INSERT INTO refreshd.schema_version (version) VALUES (1);
