-- A map that everybody edits: nodes, ways over them, relations, tags as JSON, and the history of each node.
CREATE SCHEMA map;
SET search_path = map;

CREATE TYPE member_type AS ENUM ('node', 'way', 'relation');
CREATE TABLE mappers (id bigint PRIMARY KEY, display_name varchar NOT NULL);
CREATE TABLE changesets (id bigint PRIMARY KEY, user_id bigint NOT NULL, created_at timestamp NOT NULL, num_changes int NOT NULL);
CREATE TABLE nodes (id bigint PRIMARY KEY, lat numeric(9, 6) NOT NULL, lon numeric(9, 6) NOT NULL, tags jsonb, version int NOT NULL);
CREATE TABLE node_history (id bigint, version int, changeset_id bigint NOT NULL, visible boolean NOT NULL, at timestamp NOT NULL, PRIMARY KEY (id, version));
CREATE TABLE ways (id bigint PRIMARY KEY, tags jsonb, version int NOT NULL);
CREATE TABLE way_nodes (way_id bigint, sequence_id int, node_id bigint NOT NULL, PRIMARY KEY (way_id, sequence_id));
CREATE INDEX ON way_nodes (node_id);
CREATE TABLE relations (id bigint PRIMARY KEY, tags jsonb);
CREATE TABLE relation_members (
    relation_id bigint,
    sequence_id int,
    member_type member_type NOT NULL,
    member_id bigint NOT NULL,
    member_role text NOT NULL,
    PRIMARY KEY (relation_id, sequence_id)
);

CREATE MATERIALIZED VIEW roads AS
SELECT id, tags ->> 'highway' AS class, tags ->> 'name' AS name, coalesce((tags ->> 'lanes')::int, 1) AS lanes
FROM ways
WHERE tags ? 'highway' AND tags ->> 'name' <> '';
CREATE UNIQUE INDEX ON roads (id);
COMMENT ON MATERIALIZED VIEW roads IS 'join';

CREATE MATERIALIZED VIEW way_bounds AS
SELECT wn.way_id, min(n.lat) AS south, max(n.lat) AS north, min(n.lon) AS west, max(n.lon) AS east
FROM way_nodes wn
JOIN nodes n ON n.id = wn.node_id
GROUP BY wn.way_id;
COMMENT ON MATERIALIZED VIEW way_bounds IS 'group by a column';

CREATE MATERIALIZED VIEW places_of_interest AS
SELECT 'node'::text AS kind, id, tags ->> 'amenity' AS amenity, tags ->> 'name' AS name FROM nodes WHERE tags ? 'amenity'
UNION ALL
SELECT 'way', id, tags ->> 'amenity', tags ->> 'name' FROM ways WHERE tags ? 'amenity';
CREATE UNIQUE INDEX ON places_of_interest (kind, id);
COMMENT ON MATERIALIZED VIEW places_of_interest IS 'union';

CREATE MATERIALIZED VIEW street_names AS
SELECT DISTINCT tags ->> 'name' AS name, tags ->> 'highway' AS class FROM ways WHERE tags ? 'highway';
COMMENT ON MATERIALIZED VIEW street_names IS 'distinct';

CREATE MATERIALIZED VIEW routes AS
SELECT r.id, r.tags ->> 'ref' AS ref, m.sequence_id, m.member_role, w.tags ->> 'name' AS road
FROM relation_members m
JOIN relations r ON r.id = m.relation_id
LEFT JOIN ways w ON w.id = m.member_id AND m.member_type = 'way'
WHERE r.tags ->> 'name' IS NOT NULL;
COMMENT ON MATERIALIZED VIEW routes IS 'join';

CREATE MATERIALIZED VIEW edits_by_day AS
SELECT user_id, created_at::date AS day, sum(num_changes) AS changes, count(*) AS changesets
FROM changesets
GROUP BY user_id, created_at::date;
COMMENT ON MATERIALIZED VIEW edits_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW current_nodes AS
SELECT DISTINCT ON (h.id) h.id, h.version, h.visible, m.display_name
FROM node_history h
JOIN changesets c ON c.id = h.changeset_id
LEFT JOIN mappers m ON m.id = c.user_id
ORDER BY h.id, h.version DESC;
COMMENT ON MATERIALIZED VIEW current_nodes IS 'latest row';

CREATE MATERIALIZED VIEW edits_of_mappers AS
SELECT m.display_name, count(h.id) AS edits, count(DISTINCT h.id) AS nodes
FROM node_history h
JOIN changesets c ON c.id = h.changeset_id
JOIN mappers m ON m.id = c.user_id
GROUP BY m.display_name;
COMMENT ON MATERIALIZED VIEW edits_of_mappers IS 'group by a joined column';
