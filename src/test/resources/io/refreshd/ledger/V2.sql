-- What the catalog says against refreshing a view: told by refreshd.freshness like a suspension, with what mends it.

ALTER TABLE refreshd.view_state ADD COLUMN obstacle_what text, ADD COLUMN obstacle_mend text;
COMMENT ON COLUMN refreshd.view_state.obstacle_what IS
    'Why the view cannot be refreshed at all, as the catalog has it; kept apart from suspended_what, which failures and operators decide.';

CREATE OR REPLACE VIEW refreshd.freshness AS
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
       CASE WHEN o.what IS NOT NULL THEN 'suspended'
            WHEN s.paused THEN 'paused'
            WHEN w.clean THEN 'fresh'
            WHEN b.what IS NOT NULL THEN 'blocked'
            ELSE 'dirty'
       END AS state,
       w.dirty_since,
       w.watermark,
       s.refreshed_at,
       s.last_duration,
       s.method,
       s.failures,
       coalesce(o.what, CASE WHEN NOT w.clean THEN b.what END) AS reason,
       coalesce(o.mend, CASE WHEN NOT w.clean THEN b.mend END) AS mend
FROM refreshd.view_state s
JOIN whole w ON w.root = s.view_oid
CROSS JOIN LATERAL (
    SELECT coalesce(s.obstacle_what, s.suspended_what) AS what,
           CASE WHEN s.obstacle_what IS NULL THEN s.suspended_mend ELSE s.obstacle_mend END AS mend
) o
LEFT JOIN LATERAL (
    SELECT format('stands on %I.%I, which is suspended: %s', u.view_schema, u.view_name,
                  coalesce(u.obstacle_what, u.suspended_what)) AS what,
           CASE WHEN u.obstacle_what IS NULL THEN u.suspended_mend ELSE u.obstacle_mend END AS mend
    FROM chain c
    JOIN refreshd.view_state u ON u.view_oid = c.member
    WHERE c.root = s.view_oid AND c.member <> s.view_oid AND coalesce(u.obstacle_what, u.suspended_what) IS NOT NULL
    ORDER BY u.view_schema, u.view_name
    LIMIT 1
) b ON true;

INSERT INTO refreshd.schema_version (version) VALUES (2);
