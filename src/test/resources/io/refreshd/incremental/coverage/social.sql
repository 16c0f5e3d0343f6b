-- A federated social network: accounts of this and of other servers, and tables that joins of its framework made without a key.
CREATE SCHEMA social;
SET search_path = social;

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    username varchar NOT NULL,
    domain varchar,
    display_name varchar,
    discoverable boolean,
    suspended_at timestamp,
    silenced_at timestamp
);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    email varchar NOT NULL,
    current_sign_in_ip inet,
    current_sign_in_at timestamp,
    approved boolean NOT NULL
);
CREATE TABLE session_activations (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    ip inet,
    updated_at timestamp NOT NULL
);
CREATE TABLE statuses (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    reblog_of_id bigint,
    in_reply_to_id bigint,
    language varchar,
    sensitive boolean NOT NULL,
    visibility smallint NOT NULL,
    body text,
    created_at timestamp NOT NULL,
    deleted_at timestamp
);
CREATE INDEX ON statuses (account_id);
CREATE TABLE follows (
    id bigint PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    target_account_id bigint NOT NULL REFERENCES accounts,
    created_at timestamp NOT NULL,
    UNIQUE (account_id, target_account_id)
);
CREATE TABLE tags (id bigint PRIMARY KEY, name varchar NOT NULL, trendable boolean);
CREATE TABLE statuses_tags (status_id bigint NOT NULL, tag_id bigint NOT NULL);
CREATE UNIQUE INDEX ON statuses_tags (tag_id, status_id);
CREATE TABLE domain_blocks (id bigint PRIMARY KEY, domain varchar NOT NULL, severity int NOT NULL);
CREATE TABLE domain_allows (id bigint PRIMARY KEY, domain varchar NOT NULL);

CREATE MATERIALIZED VIEW recent_habits AS
SELECT a.id AS account_id,
       mode() WITHIN GROUP (ORDER BY recent.language) AS language,
       mode() WITHIN GROUP (ORDER BY recent.sensitive) AS sensitive
FROM accounts a
CROSS JOIN LATERAL (
    SELECT s.language, s.sensitive
    FROM statuses s
    WHERE s.account_id = a.id AND s.deleted_at IS NULL AND s.reblog_of_id IS NULL
    ORDER BY s.id DESC
    LIMIT 20
) recent
WHERE a.suspended_at IS NULL AND a.discoverable
GROUP BY a.id;
COMMENT ON MATERIALIZED VIEW recent_habits IS 'nested aggregates';

CREATE MATERIALIZED VIEW servers AS
WITH known AS (
    SELECT domain, count(*) AS accounts FROM accounts WHERE domain IS NOT NULL GROUP BY domain
)
SELECT domain, accounts FROM known
UNION
SELECT b.domain, coalesce(k.accounts, 0) FROM domain_blocks b LEFT JOIN known k ON k.domain = b.domain
UNION
SELECT w.domain, coalesce(k.accounts, 0) FROM domain_allows w LEFT JOIN known k ON k.domain = w.domain;
COMMENT ON MATERIALIZED VIEW servers IS 'union';

CREATE MATERIALIZED VIEW suggested_accounts AS
SELECT account_id, sum(points) AS points, array_agg(reason ORDER BY reason) AS reasons
FROM (
    SELECT f.target_account_id AS account_id, count(*) / 2.0 AS points, 'followed'::text AS reason
    FROM follows f
    JOIN users u ON u.account_id = f.account_id
    WHERE u.current_sign_in_at >= now() - interval '30 days'
    GROUP BY f.target_account_id
    HAVING count(*) >= 2
    UNION ALL
    SELECT s.account_id, count(*) / 5.0, 'active'
    FROM statuses s
    WHERE s.created_at >= now() - interval '30 days' AND s.deleted_at IS NULL
    GROUP BY s.account_id
) scored
GROUP BY account_id;
COMMENT ON MATERIALIZED VIEW suggested_accounts IS 'rest: clock';

CREATE MATERIALIZED VIEW addresses_of_users AS
SELECT user_id, ip, max(used_at) AS used_at
FROM (
    SELECT id AS user_id, current_sign_in_ip AS ip, current_sign_in_at AS used_at
    FROM users WHERE current_sign_in_at IS NOT NULL
    UNION ALL
    SELECT user_id, ip, updated_at FROM session_activations
) used
GROUP BY user_id, ip;
COMMENT ON MATERIALIZED VIEW addresses_of_users IS 'union';

CREATE MATERIALIZED VIEW tag_use_by_day AS
SELECT st.tag_id, date_trunc('day', s.created_at) AS day, count(*) AS uses, count(DISTINCT s.account_id) AS accounts
FROM statuses_tags st
JOIN statuses s ON s.id = st.status_id
WHERE s.visibility = 0
GROUP BY st.tag_id, date_trunc('day', s.created_at);
COMMENT ON MATERIALIZED VIEW tag_use_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW account_counters AS
SELECT a.id,
       (SELECT count(*) FROM follows f WHERE f.target_account_id = a.id) AS followers,
       (SELECT count(*) FROM follows f WHERE f.account_id = a.id) AS following,
       (SELECT max(s.created_at) FROM statuses s WHERE s.account_id = a.id AND s.deleted_at IS NULL) AS last_status_at
FROM accounts a;
COMMENT ON MATERIALIZED VIEW account_counters IS 'scalar sub-query';

CREATE MATERIALIZED VIEW timeline AS
SELECT s.id, s.created_at, a.username || coalesce('@' || a.domain, '') AS handle, coalesce(original.body, s.body) AS body,
       original.account_id AS original_account_id
FROM statuses s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN statuses original ON original.id = s.reblog_of_id
WHERE s.visibility IN (0, 1) AND s.deleted_at IS NULL AND a.silenced_at IS NULL;
CREATE UNIQUE INDEX ON timeline (id);
COMMENT ON MATERIALIZED VIEW timeline IS 'join';
