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

CREATE VIEW refreshd.own_claim AS
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       s.upstream,
       s.paused,
       s.marked <= s.covered AS clean,
       s.dirty_since,
       CASE WHEN s.blind THEN NULL
            WHEN s.marked <= s.covered THEN greatest(s.watermark, t.acknowledged)
            ELSE s.watermark
       END AS watermark,
       CASE WHEN s.blind THEN NULL
            WHEN s.marked <= s.covered AND t.acknowledged >= coalesce(s.watermark, '0/0') THEN t.commit_time
            ELSE s.commit_time
       END AS commit_time,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       coalesce(s.obstacle_what, s.suspended_what) AS what,
       CASE WHEN s.obstacle_what IS NULL THEN s.suspended_mend ELSE s.obstacle_mend END AS mend
FROM refreshd.view_state s
LEFT JOIN refreshd.stream t ON true;
COMMENT ON VIEW refreshd.own_claim IS
    'What could be claimed of each view if it stood on no other. What may be relied on is refreshd.freshness.';

-- What a view stands on is looked for only where it stands on something, and for that view alone: whoever asks for one among
-- a thousand must not pay for all of them, nor all for a search that most do not need.
CREATE OR REPLACE VIEW refreshd.freshness AS
SELECT view_schema,
       view_name,
       view_oid,
       CASE WHEN what IS NOT NULL THEN 'suspended' WHEN paused THEN 'paused' WHEN clean THEN 'fresh' ELSE 'dirty' END AS state,
       dirty_since,
       watermark,
       refreshed_at,
       last_duration,
       method,
       failures,
       what AS reason,
       mend,
       CASE WHEN watermark IS NOT NULL THEN commit_time END AS commit_time
FROM refreshd.own_claim
WHERE upstream = '{}'
UNION ALL
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       CASE WHEN s.what IS NOT NULL THEN 'suspended'
            WHEN s.paused THEN 'paused'
            WHEN w.clean THEN 'fresh'
            WHEN w.blocked_what IS NOT NULL THEN 'blocked'
            ELSE 'dirty'
       END,
       w.dirty_since,
       w.watermark,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       coalesce(s.what, CASE WHEN NOT w.clean THEN w.blocked_what END),
       coalesce(s.mend, CASE WHEN NOT w.clean THEN w.blocked_mend END),
       w.commit_time
FROM refreshd.own_claim s
CROSS JOIN LATERAL (
    -- OFFSET 0: by the index. The planner takes a chain to be a hundred long, and would read the whole table for each view.
    WITH RECURSIVE chain (member) AS (
        SELECT s.view_oid
        UNION
        SELECT u.oid
        FROM chain c
        CROSS JOIN LATERAL (SELECT r.upstream FROM refreshd.view_state r WHERE r.view_oid = c.member OFFSET 0) r
        CROSS JOIN LATERAL unnest(r.upstream) AS u (oid)
    )
    SELECT bool_and(coalesce(m.clean, false)) AS clean,
           min(m.dirty_since) AS dirty_since,
           -- One member of which nothing can be claimed leaves nothing to claim of the whole.
           CASE WHEN bool_and(m.watermark IS NOT NULL) THEN min(m.watermark) END AS watermark,
           CASE WHEN bool_and(m.watermark IS NOT NULL) THEN (array_agg(m.commit_time ORDER BY m.watermark))[1]
           END AS commit_time,
           (array_agg(format('stands on %I.%I, which is suspended: %s', m.view_schema, m.view_name, m.what)
                      ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.what IS NOT NULL AND c.member <> s.view_oid))[1] AS blocked_what,
           (array_agg(m.mend ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.what IS NOT NULL AND c.member <> s.view_oid))[1] AS blocked_mend
    FROM chain c
    LEFT JOIN LATERAL (SELECT * FROM refreshd.own_claim r WHERE r.view_oid = c.member OFFSET 0) m ON true
) w
WHERE s.upstream <> '{}';
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
