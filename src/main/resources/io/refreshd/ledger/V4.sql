-- What happened on another history of the server is not written on this one; and what a watermark means to people.

ALTER TABLE refreshd.lease ADD COLUMN timeline integer;
COMMENT ON COLUMN refreshd.lease.timeline IS
    'Of the server when the lease was taken: a token that was replicated to a server that was promoted is worth nothing there.';

ALTER TABLE refreshd.stream ADD COLUMN commit_time timestamptz;
ALTER TABLE refreshd.view_state ADD COLUMN commit_time timestamptz;
COMMENT ON COLUMN refreshd.view_state.commit_time IS
    'When the newest of what committed at or before the watermark did so, by the server''s clock.';

-- No update of a row changes the oid, so they stay HOT.
CREATE INDEX view_state_oid ON refreshd.view_state (view_oid);

-- What a view stands on is found for each view by itself: whoever asks for one among a thousand must not pay for all of them.
CREATE OR REPLACE VIEW refreshd.freshness AS
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       CASE WHEN o.what IS NOT NULL THEN 'suspended'
            WHEN s.paused THEN 'paused'
            WHEN w.clean THEN 'fresh'
            WHEN w.blocked_what IS NOT NULL THEN 'blocked'
            ELSE 'dirty'
       END AS state,
       w.dirty_since,
       w.watermark,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       coalesce(o.what, CASE WHEN NOT w.clean THEN w.blocked_what END) AS reason,
       coalesce(o.mend, CASE WHEN NOT w.clean THEN w.blocked_mend END) AS mend,
       w.commit_time
FROM refreshd.view_state s
CROSS JOIN LATERAL (
    SELECT coalesce(s.obstacle_what, s.suspended_what) AS what,
           CASE WHEN s.obstacle_what IS NULL THEN s.suspended_mend ELSE s.obstacle_mend END AS mend
) o
CROSS JOIN LATERAL (
    WITH RECURSIVE chain (member) AS (
        SELECT s.view_oid
        UNION
        SELECT u.oid
        FROM chain c
        JOIN refreshd.view_state r ON r.view_oid = c.member
        CROSS JOIN LATERAL unnest(r.upstream) AS u (oid)
    ), claim AS (
        SELECT m.view_schema,
               m.view_name,
               coalesce(m.marked <= m.covered, false) AS clean,
               m.dirty_since,
               CASE WHEN m.blind THEN NULL
                    WHEN m.marked <= m.covered THEN greatest(m.watermark, t.acknowledged)
                    ELSE m.watermark
               END AS watermark,
               CASE WHEN m.blind THEN NULL
                    WHEN m.marked <= m.covered AND t.acknowledged >= coalesce(m.watermark, '0/0') THEN t.commit_time
                    ELSE m.commit_time
               END AS commit_time,
               CASE WHEN c.member <> s.view_oid THEN coalesce(m.obstacle_what, m.suspended_what) END AS what,
               CASE WHEN m.obstacle_what IS NULL THEN m.suspended_mend ELSE m.obstacle_mend END AS mend
        FROM chain c
        -- OFFSET 0: by the index. The planner takes a chain to be a hundred long, and would read the whole table for each view.
        LEFT JOIN LATERAL (SELECT * FROM refreshd.view_state r WHERE r.view_oid = c.member OFFSET 0) m ON true
        LEFT JOIN refreshd.stream t ON true
    )
    SELECT bool_and(clean) AS clean,
           min(dirty_since) AS dirty_since,
           -- One member of which nothing can be claimed leaves nothing to claim of the whole.
           CASE WHEN bool_and(watermark IS NOT NULL) THEN min(watermark) END AS watermark,
           CASE WHEN bool_and(watermark IS NOT NULL) THEN (array_agg(commit_time ORDER BY watermark))[1] END AS commit_time,
           (array_agg(format('stands on %I.%I, which is suspended: %s', view_schema, view_name, what)
                      ORDER BY view_schema, view_name) FILTER (WHERE what IS NOT NULL))[1] AS blocked_what,
           (array_agg(mend ORDER BY view_schema, view_name) FILTER (WHERE what IS NOT NULL))[1] AS blocked_mend
    FROM claim
) w;
COMMENT ON COLUMN refreshd.freshness.commit_time IS
    'The commit time that the watermark stands for, by the server''s clock: for people. What may be relied on is the watermark.';

-- What will not come by waiting is told at once.
CREATE OR REPLACE FUNCTION refreshd.wait_until_fresh(
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
    fenced   boolean := false;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'wait_until_fresh needs READ COMMITTED: a % transaction sees no progress',
            current_setting('transaction_isolation') USING ERRCODE = 'active_sql_transaction';
    END IF;
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'wait_until_fresh cannot wait for its own transaction, which has written and not committed yet'
            USING ERRCODE = 'active_sql_transaction', HINT = 'Call it after COMMIT.';
    END IF;
    LOOP
        SELECT * INTO known FROM refreshd.freshness f WHERE f.view_oid = "view"::oid;
        IF NOT FOUND THEN
            IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = "view"::oid AND c.relkind = 'm') THEN
                RAISE EXCEPTION '% is not kept fresh by refreshd: it is no materialized view, or no longer', "view"
                    USING ERRCODE = 'undefined_object';
            END IF;
        ELSIF known.watermark >= token THEN
            RETURN known.watermark;
        ELSIF known.state = 'suspended' THEN
            RAISE EXCEPTION '% is suspended: %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.mend;
        ELSIF known.state = 'blocked' THEN
            RAISE EXCEPTION '% is blocked: it %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.mend;
        -- One that is paused and clean still moves on with the stream.
        ELSIF known.state = 'paused' AND known.dirty_since IS NOT NULL THEN
            RAISE EXCEPTION '% is paused, and lacks what has been committed since %', "view", known.dirty_since
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('refreshd resume ''%s''', "view");
        ELSIF known.state = 'fresh' AND known.watermark IS NULL THEN
            RAISE EXCEPTION 'nothing can be claimed of %: it reads a source that the log does not show', "view"
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'refreshd status says which source, and why.';
        ELSIF NOT fenced THEN
            -- The fence stands behind every commit up to now. When the daemon reads it, all before it has been routed. A daemon
            -- that does not know the view yet would not heed it.
            IF current_setting('server_version_num')::integer >= 170000 THEN
                EXECUTE 'SELECT pg_logical_emit_message(false, ''refreshd:fence'', $1, true)' USING "view"::oid::text;
            ELSE
                PERFORM pg_logical_emit_message(false, 'refreshd:fence', "view"::oid::text);
            END IF;
            fenced := true;
        END IF;
        IF NOT refreshd.is_alive() THEN
            RAISE EXCEPTION 'refreshd is away since %', coalesce((SELECT beat_at::text FROM refreshd.stream), 'ever')
                USING ERRCODE = 'object_not_in_prerequisite_state';
        ELSIF clock_timestamp() >= deadline AND known.state IS NULL THEN
            RAISE EXCEPTION '% is not kept fresh by refreshd', "view" USING ERRCODE = 'undefined_object';
        ELSIF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION '% is not fresh after %: it is %, and holds % of %', "view", timeout, known.state,
                coalesce(known.watermark::text, 'nothing for certain'), token USING ERRCODE = 'query_canceled';
        END IF;
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
END
$$;

INSERT INTO refreshd.schema_version (version) VALUES (4);
