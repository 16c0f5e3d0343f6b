-- Continuous integration: pipelines and their jobs, which are partitioned; runners; merge requests; namespaces in a tree.
CREATE SCHEMA ci;
SET search_path = ci;

CREATE TYPE status AS ENUM ('created', 'running', 'success', 'failed', 'canceled');
CREATE TABLE namespaces (id bigint PRIMARY KEY, parent_id bigint, path text NOT NULL);
CREATE TABLE projects (id bigint PRIMARY KEY, namespace_id bigint NOT NULL REFERENCES namespaces, name text NOT NULL, archived boolean);
CREATE TABLE pipelines (
    id bigint PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES projects,
    ref text NOT NULL,
    sha char(40),
    status status NOT NULL,
    merge_request_id bigint,
    started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX ON pipelines (project_id, ref);
CREATE TABLE runners (id bigint PRIMARY KEY, description text, active boolean NOT NULL, tag_list text[] NOT NULL);
CREATE TABLE jobs (
    id bigint NOT NULL,
    partition_id bigint NOT NULL,
    pipeline_id bigint NOT NULL,
    runner_id bigint,
    name text NOT NULL,
    stage text,
    status status NOT NULL,
    queued_at timestamptz,
    started_at timestamptz,
    PRIMARY KEY (id, partition_id)
) PARTITION BY LIST (partition_id);
CREATE TABLE jobs_1 PARTITION OF jobs FOR VALUES IN (1, 2, 3, 4);
CREATE TABLE jobs_5 PARTITION OF jobs DEFAULT;
CREATE TABLE merge_requests (
    id bigint PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES projects,
    title text,
    created_at timestamptz NOT NULL,
    merged_at timestamptz
);
CREATE TABLE notes (id bigint PRIMARY KEY, merge_request_id bigint, author_id bigint NOT NULL, system boolean NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE approvals (merge_request_id bigint NOT NULL, user_id bigint NOT NULL, PRIMARY KEY (merge_request_id, user_id));

CREATE MATERIALIZED VIEW pipelines_by_day AS
SELECT project_id, date_trunc('day', finished_at, 'UTC') AS day, count(*) AS pipelines,
       count(*) FILTER (WHERE status = 'success') AS succeeded,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       max(finished_at - started_at) AS longest
FROM pipelines
WHERE finished_at IS NOT NULL
GROUP BY project_id, date_trunc('day', finished_at, 'UTC');
COMMENT ON MATERIALIZED VIEW pipelines_by_day IS 'group by an expression';

CREATE MATERIALIZED VIEW failing_jobs AS
SELECT p.project_id, j.name, count(*) AS runs, count(*) FILTER (WHERE j.status = 'failed') AS failures
FROM jobs j
JOIN pipelines p ON p.id = j.pipeline_id
GROUP BY p.project_id, j.name
HAVING count(*) FILTER (WHERE j.status = 'failed') > 0;
COMMENT ON MATERIALIZED VIEW failing_jobs IS 'group by a joined column';

CREATE MATERIALIZED VIEW latest_pipelines AS
SELECT DISTINCT ON (project_id, ref) project_id, ref, id AS pipeline_id, status, finished_at
FROM pipelines
ORDER BY project_id, ref, id DESC;
CREATE UNIQUE INDEX ON latest_pipelines (project_id, ref);
COMMENT ON MATERIALIZED VIEW latest_pipelines IS 'latest row';

CREATE MATERIALIZED VIEW project_status AS
SELECT pr.id, pr.name, last.status, last.sha, last.finished_at
FROM projects pr
LEFT JOIN LATERAL (
    SELECT p.status, p.sha, p.finished_at
    FROM pipelines p
    WHERE p.project_id = pr.id
    ORDER BY p.id DESC
    LIMIT 1
) last ON true
WHERE pr.archived IS NOT TRUE;
COMMENT ON MATERIALIZED VIEW project_status IS 'latest row';

CREATE MATERIALIZED VIEW namespace_paths AS
WITH RECURSIVE tree AS (
    SELECT id, path AS full_path, 1 AS depth FROM namespaces WHERE parent_id IS NULL
    UNION ALL
    SELECT n.id, t.full_path || '/' || n.path, t.depth + 1 FROM namespaces n JOIN tree t ON t.id = n.parent_id WHERE t.depth < 5
)
SELECT id, full_path, depth FROM tree;
COMMENT ON MATERIALIZED VIEW namespace_paths IS 'rest: recursion';

CREATE VIEW finished_pipelines AS SELECT * FROM pipelines WHERE status IN ('success', 'failed');
CREATE MATERIALIZED VIEW pipeline_list AS
SELECT p.id, n.path || '/' || pr.name AS project, p.ref, p.status, m.title AS merge_request
FROM finished_pipelines p
JOIN projects pr ON pr.id = p.project_id
JOIN namespaces n ON n.id = pr.namespace_id
LEFT JOIN merge_requests m ON m.id = p.merge_request_id;
COMMENT ON MATERIALIZED VIEW pipeline_list IS 'join';

CREATE MATERIALIZED VIEW merge_request_metrics AS
SELECT m.id, m.merged_at - m.created_at AS open_for, f.first_note_at, coalesce(f.notes, 0) AS notes, coalesce(a.approvals, 0) AS approvals
FROM merge_requests m
LEFT JOIN (
    SELECT merge_request_id, min(created_at) AS first_note_at, count(*) AS notes
    FROM notes WHERE NOT system GROUP BY merge_request_id
) f ON f.merge_request_id = m.id
LEFT JOIN (SELECT merge_request_id, count(*) AS approvals FROM approvals GROUP BY merge_request_id) a ON a.merge_request_id = m.id;
COMMENT ON MATERIALIZED VIEW merge_request_metrics IS 'nested aggregates';

CREATE MATERIALIZED VIEW runner_tags AS
SELECT r.id, unnest(r.tag_list) AS tag FROM runners r WHERE r.active;
COMMENT ON MATERIALIZED VIEW runner_tags IS 'rest: set-returning function';

CREATE MATERIALIZED VIEW project_load AS
SELECT project_id, avg(jobs) AS jobs_per_pipeline, max(jobs) AS most_jobs
FROM (
    SELECT p.project_id, p.id, count(j.id) AS jobs
    FROM pipelines p
    LEFT JOIN jobs j ON j.pipeline_id = p.id
    GROUP BY p.project_id, p.id
) per_pipeline
GROUP BY project_id;
COMMENT ON MATERIALIZED VIEW project_load IS 'nested aggregates';

CREATE MATERIALIZED VIEW project_cards AS
SELECT pr.id, pr.name,
       EXISTS (SELECT FROM pipelines p WHERE p.project_id = pr.id AND p.status = 'running') AS busy,
       (SELECT count(*) FROM merge_requests m WHERE m.project_id = pr.id AND m.merged_at IS NULL) AS open_merge_requests
FROM projects pr;
COMMENT ON MATERIALIZED VIEW project_cards IS 'scalar sub-query';
