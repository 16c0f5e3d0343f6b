-- A chat for teams: keys are text, times are milliseconds, and what an installation adds to its users stands in properties.
CREATE SCHEMA chat;
SET search_path = chat;

CREATE TYPE channel_type AS ENUM ('D', 'O', 'G', 'P');
CREATE TABLE teams (id varchar(26) PRIMARY KEY, name varchar(64) UNIQUE, deleteat bigint);
CREATE TABLE users (id varchar(26) PRIMARY KEY, username varchar(64) UNIQUE, locale varchar(5), deleteat bigint);
CREATE TABLE bots (userid varchar(26) PRIMARY KEY, ownerid varchar(190));
CREATE TABLE channels (
    id varchar(26) PRIMARY KEY,
    teamid varchar(26),
    type channel_type,
    displayname varchar(64),
    deleteat bigint
);
CREATE TABLE channelmembers (
    channelid varchar(26),
    userid varchar(26),
    roles varchar(256),
    msgcount bigint,
    PRIMARY KEY (channelid, userid)
);
CREATE TABLE posts (
    id varchar(26) PRIMARY KEY,
    userid varchar(26),
    channelid varchar(26),
    rootid varchar(26),
    type varchar(26),
    createat bigint,
    deleteat bigint,
    props jsonb
);
CREATE INDEX ON posts (channelid, deleteat, createat);
CREATE TABLE fileinfo (id varchar(26) PRIMARY KEY, postid varchar(26), size bigint, deleteat bigint);
CREATE TABLE propertyfields (id varchar(26) PRIMARY KEY, groupid varchar(26), name varchar(255), deleteat bigint);
CREATE TABLE propertyvalues (
    id varchar(26) PRIMARY KEY,
    targetid varchar(26) NOT NULL,
    fieldid varchar(26) NOT NULL,
    value jsonb NOT NULL
);

CREATE MATERIALIZED VIEW posts_of_teams_by_day AS
SELECT to_timestamp(p.createat / 1000)::date AS day, count(*) AS posts, c.teamid
FROM posts p
JOIN channels c ON p.channelid = c.id
GROUP BY day, c.teamid;
COMMENT ON MATERIALIZED VIEW posts_of_teams_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW bot_posts_by_day AS
SELECT date_trunc('day', to_timestamp(p.createat / 1000) AT TIME ZONE 'UTC') AS day, count(*) AS posts, c.teamid
FROM posts p
JOIN bots b ON p.userid = b.userid
JOIN channels c ON p.channelid = c.id
GROUP BY 1, c.teamid;
COMMENT ON MATERIALIZED VIEW bot_posts_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW posts_of_users_by_day AS
SELECT userid, (createat / 86400000) AS day, count(*) AS posts, max(createat) AS last_at
FROM posts
WHERE deleteat = 0 OR deleteat IS NULL
GROUP BY userid, (createat / 86400000);
COMMENT ON MATERIALIZED VIEW posts_of_users_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW file_totals AS
SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM fileinfo WHERE deleteat = 0;
COMMENT ON MATERIALIZED VIEW file_totals IS 'rest: aggregate over everything';

CREATE MATERIALIZED VIEW attributes AS
SELECT v.targetid, jsonb_object_agg(f.name, v.value) FILTER (WHERE f.name IS NOT NULL) AS attributes
FROM propertyvalues v
LEFT JOIN propertyfields f ON f.id = v.fieldid AND f.deleteat = 0
GROUP BY v.targetid;
COMMENT ON MATERIALIZED VIEW attributes IS 'group by a column';

CREATE MATERIALIZED VIEW memberships AS
SELECT m.channelid, m.userid, u.username, c.displayname, c.type::text AS kind, t.name AS team
FROM channelmembers m
JOIN users u ON u.id = m.userid
JOIN channels c ON c.id = m.channelid
LEFT JOIN teams t ON t.id = c.teamid
WHERE u.deleteat = 0 OR c.type <> 'D';
COMMENT ON MATERIALIZED VIEW memberships IS 'join';

CREATE MATERIALIZED VIEW team_activity AS
SELECT t.id, t.name, count(per_channel.channelid) AS channels, sum(per_channel.posts) AS posts, max(per_channel.last_at) AS last_at
FROM teams t
LEFT JOIN (
    SELECT c.teamid, p.channelid, count(*) AS posts, max(p.createat) AS last_at
    FROM posts p
    JOIN channels c ON c.id = p.channelid
    GROUP BY c.teamid, p.channelid
) per_channel ON per_channel.teamid = t.id
GROUP BY t.id;
COMMENT ON MATERIALIZED VIEW team_activity IS 'nested aggregates';
