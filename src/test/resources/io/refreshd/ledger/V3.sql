-- What an application may ask with no other privilege than to read the view.

ALTER TABLE refreshd.view_state ADD COLUMN suspended_xid xid8;
COMMENT ON COLUMN refreshd.view_state.suspended_xid IS
    'The transaction that wrote the suspension: whether it came before a request for a refresh or answers it.';

CREATE FUNCTION refreshd.is_alive() RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM refreshd.stream
                   WHERE beat_at > clock_timestamp() - 5 * beat_interval - interval '5 seconds')
$$;
COMMENT ON FUNCTION refreshd.is_alive() IS
    'Whether a daemon has been heard of within the last five heartbeats and five seconds.';

CREATE FUNCTION refreshd.request_refresh("view" regclass) RETURNS xid8
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- current_user is the owner of this function.
    caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    paused boolean;
BEGIN
    IF NOT has_any_column_privilege(caller, "view"::oid, 'SELECT') THEN
        RAISE EXCEPTION '% may not read %, and so not ask for its refresh', caller, "view"
            USING ERRCODE = 'insufficient_privilege', HINT = format('GRANT SELECT ON %s TO %I', "view", caller);
    END IF;
    SELECT s.paused INTO paused FROM refreshd.view_state s WHERE s.view_oid = "view"::oid;
    IF NOT FOUND OR NOT refreshd.is_alive() THEN
        RETURN NULL;
    ELSIF paused THEN
        -- An operator's own wish goes before a pause. A reader's does not.
        RAISE EXCEPTION '% is paused', "view"
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('refreshd resume ''%s''', "view");
    END IF;
    INSERT INTO refreshd.request (kind, view_oid, requested_by) VALUES ('refresh', "view"::oid, caller);
    PERFORM pg_logical_emit_message(true, 'refreshd:request', '');
    RETURN pg_current_xact_id();
END
$$;
COMMENT ON FUNCTION refreshd.request_refresh(regclass) IS
    'Asks the daemon to refresh a view now, dirty or not; takes effect with COMMIT. Whoever may read the view may ask. Returns '
    'what refreshd.wait_until_refreshed takes, and null if nobody would do it: no daemon is alive, or it does not look after the view.';

CREATE FUNCTION refreshd.wait_until_refreshed(
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
        -- What a refresh holds is named by its snapshot; if that saw the request, it saw all that had committed before.
        ELSIF pg_visible_in_snapshot(request, known.snapshot) THEN
            RETURN known.refreshed_at;
        END IF;
        SELECT * INTO state FROM refreshd.freshness f WHERE f.view_oid = "view"::oid;
        -- A wish has a suspended view tried again, and what the ledger said before it is no answer. Against what the catalog says
        -- no attempt is made.
        IF known.obstacle_what IS NOT NULL OR (known.suspended_what IS NOT NULL AND known.suspended_xid > request) THEN
            RAISE EXCEPTION '% is suspended: %', "view", state.reason
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = state.mend;
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

-- A view that was made a moment ago is not known yet; it is waited for like the rest.
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

INSERT INTO refreshd.schema_version (version) VALUES (3);
