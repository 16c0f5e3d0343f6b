-- What SQL clients may use: views and functions. Run at installation and at every upgrade. CREATE OR REPLACE keeps the privileges
-- that others granted or revoked, and the views that others defined on these. Columns and parameters that it cannot change are
-- renamed or dropped by upgrade.sql before.

CREATE OR REPLACE VIEW refreshd.own_claim AS
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       s.upstream,
       s.paused,
       s.marked <= s.covered AS clean,
       s.dirty_since,
       CASE WHEN s.untracked THEN NULL
            WHEN s.marked <= s.covered AND s.frozen IS NULL THEN greatest(s.watermark, t.acknowledged)
            ELSE s.watermark
       END AS watermark,
       CASE WHEN s.untracked THEN NULL
            WHEN s.marked <= s.covered AND s.frozen IS NULL AND t.acknowledged >= coalesce(s.watermark, '0/0')
            THEN t.commit_time
            ELSE s.commit_time
       END AS commit_time,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       coalesce(s.obstacle_what, s.suspended_what) AS what,
       -- Statements and words together, for people.
       CASE WHEN s.obstacle_what IS NULL
            THEN concat_ws('; -- ', nullif(array_to_string(s.suspended_sql, '; '), ''), nullif(s.suspended_remedy, ''))
            ELSE concat_ws('; -- ', nullif(array_to_string(s.obstacle_sql, '; '), ''), nullif(s.obstacle_remedy, ''))
       END AS remedy,
       -- Why nothing can be claimed of the view; null if its watermark is not.
       CASE WHEN s.untracked
            THEN coalesce(s.untracked_what, 'it reads a source whose changes the log does not show')
            WHEN s.watermark IS NULL AND (s.marked > s.covered OR t.acknowledged IS NULL)
            THEN 'no refresh has brought it to a known position of the log yet'
       END AS unclaimed_what,
       CASE WHEN s.untracked
            THEN nullif(concat_ws('; -- ', nullif(array_to_string(s.untracked_sql, '; '), ''), nullif(s.untracked_remedy, '')), '')
       END AS unclaimed_remedy,
       s.frozen,
       CASE WHEN s.obstacle_what IS NULL THEN s.suspended_sql ELSE s.obstacle_sql END AS remedy_sql,
       CASE WHEN s.untracked THEN s.untracked_sql ELSE '{}' END AS unclaimed_sql,
       s.closed_until
FROM refreshd.view_state s
LEFT JOIN refreshd.stream t ON true;
COMMENT ON VIEW refreshd.own_claim IS
    'What can be claimed of each view by itself, without the views that it reads. Clients rely on refreshd.freshness.';

-- A view that reads other materialized views is as fresh as the stalest of them. The recursive search runs only for views that read
-- others, and separately for each: a query for one view among a thousand must not pay for all of them.
CREATE OR REPLACE VIEW refreshd.freshness AS
SELECT view_schema,
       view_name,
       view_oid,
       CASE WHEN what IS NOT NULL THEN 'suspended'
            WHEN paused THEN 'paused'
            WHEN opens IS NOT NULL THEN 'waiting'
            WHEN NOT clean THEN 'dirty'
            WHEN watermark IS NULL THEN 'untracked'
            ELSE 'fresh'
       END AS state,
       dirty_since,
       watermark,
       refreshed_at,
       last_duration,
       method,
       failures,
       coalesce(what, 'waits for its window until ' || opens, unclaimed_what, frozen) AS reason,
       CASE WHEN what IS NOT NULL THEN remedy
            WHEN opens IS NOT NULL
            THEN format('it passes by itself; without waiting: refreshd refresh %I.%I', view_schema, view_name)
            WHEN unclaimed_what IS NOT NULL THEN unclaimed_remedy
            WHEN frozen IS NOT NULL THEN 'it passes by itself, at the latest when that transaction has ended: see pg_locks'
       END AS remedy,
       CASE WHEN watermark IS NOT NULL THEN commit_time END AS commit_time,
       CASE WHEN failures > 0 THEN said.message END AS server_message,
       CASE WHEN what IS NOT NULL THEN remedy_sql
            WHEN opens IS NOT NULL THEN '{}'
            WHEN unclaimed_what IS NOT NULL THEN unclaimed_sql
            WHEN frozen IS NOT NULL THEN '{}'
       END AS remedy_sql
FROM refreshd.own_claim
-- When the window opens that the view waits for. Not clock_timestamp(): a volatile function would cost the plan its index.
CROSS JOIN LATERAL (SELECT CASE WHEN NOT clean AND NOT paused AND closed_until > statement_timestamp() THEN closed_until END
                    AS opens) awaited
-- The words of the server may quote rows. They are for who may read the view: current_user is whoever runs the query.
CROSS JOIN LATERAL (SELECT (SELECT f.message
                            FROM refreshd.failure_message f
                            JOIN pg_catalog.pg_class c ON c.oid = f.view_oid
                            WHERE f.view_oid = own_claim.view_oid AND has_table_privilege(c.oid, 'SELECT')
                              AND has_schema_privilege(c.relnamespace, 'USAGE')) AS message) said
WHERE upstream = '{}'
UNION ALL
SELECT s.view_schema,
       s.view_name,
       s.view_oid,
       CASE WHEN s.what IS NOT NULL THEN 'suspended'
            WHEN s.paused THEN 'paused'
            WHEN w.clean AND w.watermark IS NULL THEN 'untracked'
            WHEN w.clean THEN 'fresh'
            WHEN w.blocked_what IS NOT NULL THEN 'blocked'
            WHEN CASE WHEN s.clean THEN w.waits_what IS NOT NULL ELSE s.closed_until > statement_timestamp() END THEN 'waiting'
            ELSE 'dirty'
       END,
       w.dirty_since,
       w.watermark,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       r.what,
       r.remedy,
       w.commit_time,
       CASE WHEN s.failures > 0 THEN said.message END,
       r.sql
FROM refreshd.own_claim s
CROSS JOIN LATERAL (SELECT (SELECT f.message
                            FROM refreshd.failure_message f
                            JOIN pg_catalog.pg_class c ON c.oid = f.view_oid
                            WHERE f.view_oid = s.view_oid AND has_table_privilege(c.oid, 'SELECT')
                              AND has_schema_privilege(c.relnamespace, 'USAGE')) AS message) said
CROSS JOIN LATERAL (
    -- OFFSET 0 makes the planner use the index: it estimates a chain of a hundred members, and would scan the table for each view.
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
           -- If nothing can be claimed of one member, nothing can be claimed of the view.
           CASE WHEN bool_and(m.watermark IS NOT NULL) THEN min(m.watermark) END AS watermark,
           CASE WHEN bool_and(m.watermark IS NOT NULL) THEN (array_agg(m.commit_time ORDER BY m.watermark))[1]
           END AS commit_time,
           (array_agg(format('stands on %I.%I, which is suspended: %s', m.view_schema, m.view_name, m.what)
                      ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.what IS NOT NULL AND c.member <> s.view_oid))[1] AS blocked_what,
           (array_agg(m.remedy ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.what IS NOT NULL AND c.member <> s.view_oid))[1] AS blocked_remedy,
           (array_agg(m.view_oid ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.what IS NOT NULL AND c.member <> s.view_oid))[1] AS blocked_by,
           (array_agg(format('stands on %I.%I, which waits for its window until %s', m.view_schema, m.view_name, m.closed_until)
                      ORDER BY m.closed_until)
            FILTER (WHERE NOT m.clean AND m.closed_until > statement_timestamp() AND c.member <> s.view_oid))[1] AS waits_what,
           (array_agg(m.view_oid ORDER BY m.closed_until)
            FILTER (WHERE NOT m.clean AND m.closed_until > statement_timestamp() AND c.member <> s.view_oid))[1] AS waits_by,
           (array_agg(CASE WHEN m.view_oid IS NULL THEN format('stands on %s, which is not kept fresh', c.member::regclass)
                           ELSE format('stands on %I.%I, of which nothing can be claimed: %s',
                                       m.view_schema, m.view_name, m.unclaimed_what) END
                      ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.watermark IS NULL AND c.member <> s.view_oid))[1] AS unclaimed_what,
           (array_agg(CASE WHEN m.view_oid IS NULL THEN 'add it to views.include' ELSE m.unclaimed_remedy END
                      ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.watermark IS NULL AND c.member <> s.view_oid))[1] AS unclaimed_remedy,
           (array_agg(m.view_oid ORDER BY m.view_schema, m.view_name)
            FILTER (WHERE m.watermark IS NULL AND c.member <> s.view_oid))[1] AS unclaimed_by,
           (array_agg(m.frozen ORDER BY m.view_schema, m.view_name) FILTER (WHERE m.frozen IS NOT NULL))[1] AS frozen
    FROM chain c
    LEFT JOIN LATERAL (SELECT * FROM refreshd.own_claim r WHERE r.view_oid = c.member OFFSET 0) m ON true
) w
-- The first reason that applies, with its own remedy: suspended, blocked, waiting, nothing can be claimed, frozen.
LEFT JOIN LATERAL (
    SELECT v.what, v.remedy, v.sql
    FROM (VALUES (1, s.what, s.remedy, s.remedy_sql),
                 (2, CASE WHEN NOT w.clean THEN w.blocked_what END, w.blocked_remedy,
                  (SELECT m.remedy_sql FROM refreshd.own_claim m WHERE m.view_oid = w.blocked_by)),
                 (3, CASE WHEN s.paused OR w.clean THEN NULL
                          WHEN s.clean THEN w.waits_what
                          WHEN s.closed_until > statement_timestamp() THEN 'waits for its window until ' || s.closed_until
                     END,
                  (SELECT format('it passes by itself; without waiting: refreshd refresh %I.%I', m.view_schema, m.view_name)
                   FROM refreshd.own_claim m WHERE m.view_oid = CASE WHEN s.clean THEN w.waits_by ELSE s.view_oid END), '{}'),
                 (4, CASE WHEN w.watermark IS NULL THEN s.unclaimed_what END, s.unclaimed_remedy, s.unclaimed_sql),
                 (5, CASE WHEN w.watermark IS NULL THEN w.unclaimed_what END, w.unclaimed_remedy,
                  coalesce((SELECT m.unclaimed_sql FROM refreshd.own_claim m WHERE m.view_oid = w.unclaimed_by), '{}')),
                 (6, w.frozen, 'it passes by itself, at the latest when that transaction has ended: see pg_locks', '{}')) AS v (rank, what, remedy, sql)
    WHERE v.what IS NOT NULL
    ORDER BY v.rank LIMIT 1
) r ON true
WHERE s.upstream <> '{}';
COMMENT ON VIEW refreshd.freshness IS
    'How fresh each view is. watermark: every transaction that committed at or before it is in the view; '
    'null if nothing can be claimed. dirty_since: commit time of the oldest change known to be missing.';
COMMENT ON COLUMN refreshd.freshness.state IS
    'fresh; untracked: lacks no change that is known, and nothing can be claimed; dirty; waiting: for its window; suspended; '
    'blocked; paused.';
COMMENT ON COLUMN refreshd.freshness.reason IS
    'Why the view is suspended or blocked, or why nothing can be claimed of it: for everybody, without values of rows.';
COMMENT ON COLUMN refreshd.freshness.remedy_sql IS
    'The statements of the remedy in the order in which they run; empty if words alone help. remedy holds both, for people.';
COMMENT ON COLUMN refreshd.freshness.server_message IS
    'What the server said when the last refresh failed, which may quote rows: only for who may SELECT from the view, else null.';
COMMENT ON COLUMN refreshd.freshness.commit_time IS
    'The commit time that the watermark stands for, by the server''s clock: for people. What may be relied on is the watermark.';

CREATE OR REPLACE FUNCTION refreshd.is_alive() RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM refreshd.stream
                   WHERE beat_at > clock_timestamp() - 5 * beat_interval - interval '5 seconds')
$$;
COMMENT ON FUNCTION refreshd.is_alive() IS 'Whether a daemon wrote a heartbeat within the last five intervals and five seconds.';

-- The functions below are SECURITY DEFINER and tell of any view to anybody: names and oids are readable in the catalog anyway.
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
        -- What waiting cannot change is an error at once.
        IF NOT FOUND THEN
            -- A materialized view that was created a moment ago may be registered while we wait.
            IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = "view"::oid AND c.relkind = 'm')
               AND NOT EXISTS (SELECT FROM refreshd.incremental_view i WHERE i.view_oid = "view"::oid) THEN
                RAISE EXCEPTION '% is not kept fresh by refreshd: it is no materialized view, or no longer', "view"
                    USING ERRCODE = 'undefined_object';
            END IF;
        ELSIF known.watermark >= token THEN
            RETURN known.watermark;
        ELSIF known.state = 'suspended' THEN
            RAISE EXCEPTION '% is suspended: %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.remedy;
        ELSIF known.state = 'blocked' THEN
            RAISE EXCEPTION '% is blocked: it %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.remedy;
        -- A view that is paused and clean still advances with the stream.
        ELSIF known.state = 'paused' AND known.dirty_since IS NOT NULL THEN
            RAISE EXCEPTION '% is paused, and lacks what has been committed since %', "view", known.dirty_since
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('refreshd resume ''%s''', "view");
        ELSIF known.state = 'waiting' THEN
            RAISE EXCEPTION '% %, and lacks what has been committed since %', "view", known.reason, known.dirty_since
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = known.remedy;
        -- While a transaction alters what a view reads nothing may be claimed of it: that passes.
        ELSIF known.state = 'untracked'
              AND NOT EXISTS (SELECT FROM refreshd.view_state s
                              WHERE s.view_oid = "view"::oid AND s.frozen IS NOT NULL AND NOT s.untracked) THEN
            RAISE EXCEPTION 'nothing can be claimed of %: %', "view", known.reason
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = coalesce(nullif(known.remedy, ''), 'refreshd status says more.');
        ELSIF NOT fenced THEN
            -- The message comes after every commit up to now. When the daemon reads it, all those have been routed. It is not sent
            -- before the view is registered: the daemon ignores a message about a view that it does not know.
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
                coalesce(known.watermark::text, 'nothing for certain'), token
                USING ERRCODE = 'query_canceled', HINT = coalesce(known.reason, 'refreshd status says why.');
        END IF;
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
END
$$;
COMMENT ON FUNCTION refreshd.wait_until_fresh(regclass, pg_lsn, interval) IS
    'Read your own writes: returns once the view holds every transaction that committed at or before the token, by default all '
    'that have committed by now. To be called after COMMIT. Cuts the quiet period short. Returns the view''s watermark.';

CREATE OR REPLACE FUNCTION refreshd.request_refresh("view" regclass) RETURNS xid8
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Not current_user: within this function that is its owner.
    caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    paused boolean;
    closed timestamptz;
BEGIN
    IF NOT has_any_column_privilege(caller, "view"::oid, 'SELECT') THEN
        RAISE EXCEPTION '% may not read %, and so not ask for its refresh', caller, "view"
            USING ERRCODE = 'insufficient_privilege', HINT = format('GRANT SELECT ON %s TO %I', "view", caller);
    END IF;
    SELECT s.paused, s.closed_until INTO paused, closed FROM refreshd.view_state s WHERE s.view_oid = "view"::oid;
    IF NOT FOUND OR NOT refreshd.is_alive() THEN
        RETURN NULL;
    ELSIF paused THEN
        -- An operator's request for a refresh overrides a pause, a reader's does not.
        RAISE EXCEPTION '% is paused', "view"
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('refreshd resume ''%s''', "view");
    ELSIF closed > clock_timestamp() THEN
        -- The same holds of a window.
        RAISE EXCEPTION '% is refreshed in its window only, which opens at %', "view", closed
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('refreshd refresh ''%s''', "view");
    END IF;
    INSERT INTO refreshd.request (kind, view_oid, requested_by) VALUES ('refresh', "view"::oid, caller);
    PERFORM pg_logical_emit_message(true, 'refreshd:request', '');
    RETURN pg_current_xact_id();
END
$$;
COMMENT ON FUNCTION refreshd.request_refresh(regclass) IS
    'Asks the daemon to refresh a view now, dirty or not; takes effect with COMMIT. Whoever may read the view may ask. Returns the '
    'request for refreshd.wait_until_refreshed, or null if nobody would do it: no daemon is alive, or the view is not registered.';

CREATE OR REPLACE FUNCTION refreshd.wait_until_refreshed(
    "view"  regclass,
    request xid8,
    timeout interval DEFAULT '10 seconds'
) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + timeout;
    pause    double precision := 0.002;
    known    refreshd.view_state;
    state    refreshd.freshness;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'wait_until_refreshed needs READ COMMITTED: a % transaction sees no progress',
            current_setting('transaction_isolation') USING ERRCODE = 'active_sql_transaction';
    ELSIF request = pg_current_xact_id_if_assigned() THEN
        RAISE EXCEPTION 'wait_until_refreshed cannot wait for what its own transaction asked for: nobody sees it yet'
            USING ERRCODE = 'active_sql_transaction', HINT = 'Call it after COMMIT.';
    END IF;
    LOOP
        SELECT * INTO known FROM refreshd.view_state s WHERE s.view_oid = "view"::oid;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is not kept fresh by refreshd any longer', "view" USING ERRCODE = 'undefined_object';
        -- The snapshot names what the refresh saw. If it saw the request, it saw all that had committed before.
        ELSIF pg_visible_in_snapshot(request, known.snapshot) THEN
            RETURN known.refreshed_at;
        END IF;
        SELECT * INTO state FROM refreshd.freshness f WHERE f.view_oid = "view"::oid;
        -- A request makes the daemon try a suspended view again, so a suspension from before the request is no answer. Against an
        -- obstacle in the catalog no attempt is made.
        IF known.obstacle_what IS NOT NULL OR (known.suspended_what IS NOT NULL AND known.suspended_xid > request) THEN
            RAISE EXCEPTION '% is suspended: %', "view", state.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = state.remedy;
        ELSIF NOT refreshd.is_alive() THEN
            RAISE EXCEPTION 'refreshd is away' USING ERRCODE = 'object_not_in_prerequisite_state';
        ELSIF clock_timestamp() >= deadline THEN
            RAISE EXCEPTION '% was not refreshed within %: it is %', "view", timeout, state.state
                USING ERRCODE = 'query_canceled';
        END IF;
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
END
$$;
COMMENT ON FUNCTION refreshd.wait_until_refreshed(regclass, xid8, interval) IS
    'Returns once the view was refreshed after the request, also a view of which no position can be claimed. To be called after '
    'the COMMIT of the request. Returns when that refresh was.';
