-- Figures of web pages: facts beside dimensions of days and editions, rolled up view upon view.
CREATE SCHEMA pages;
SET search_path = pages;

CREATE TABLE dates (date date PRIMARY KEY, month int NOT NULL, year int NOT NULL);
CREATE TABLE organisations (id int PRIMARY KEY, content_id uuid NOT NULL, title varchar NOT NULL);
CREATE TABLE editions (
    id bigint PRIMARY KEY,
    warehouse_item_id varchar NOT NULL,
    organisation_id int,
    base_path varchar,
    title varchar,
    live boolean NOT NULL,
    locale varchar
);
CREATE INDEX ON editions (warehouse_item_id);
CREATE TABLE metrics (
    id bigint PRIMARY KEY,
    date date NOT NULL REFERENCES dates,
    edition_id bigint NOT NULL REFERENCES editions,
    pviews int NOT NULL,
    useful_yes int NOT NULL,
    useful_no int NOT NULL
);
CREATE TABLE quality (edition_id bigint PRIMARY KEY REFERENCES editions, words int, reading_time int);

CREATE MATERIALIZED VIEW last_thirty_days AS
SELECT e.warehouse_item_id, sum(m.pviews) AS pviews
FROM metrics m
JOIN editions e ON e.id = m.edition_id
WHERE m.date > ('yesterday'::text)::date - interval '30 days'
GROUP BY e.warehouse_item_id;
COMMENT ON MATERIALIZED VIEW last_thirty_days IS 'rest: clock';

CREATE MATERIALIZED VIEW months AS
SELECT m.edition_id, d.year, d.month, sum(m.pviews) AS pviews, sum(m.useful_yes) AS useful_yes, sum(m.useful_no) AS useful_no
FROM metrics m
JOIN dates d ON d.date = m.date
GROUP BY m.edition_id, d.year, d.month;
COMMENT ON MATERIALIZED VIEW months IS 'group by a joined column';

CREATE MATERIALIZED VIEW search_document AS
SELECT latest.warehouse_item_id, latest.title, latest.base_path, t.pviews, q.words
FROM (SELECT * FROM editions WHERE live) latest
JOIN (
    SELECT e.warehouse_item_id, sum(m.pviews) AS pviews
    FROM metrics m JOIN editions e ON e.id = m.edition_id GROUP BY e.warehouse_item_id
) t ON t.warehouse_item_id = latest.warehouse_item_id
LEFT JOIN quality q ON q.edition_id = latest.id;
COMMENT ON MATERIALIZED VIEW search_document IS 'nested aggregates';

CREATE MATERIALIZED VIEW edition_facts AS
SELECT e.id, e.title, o.title AS organisation, q.words, q.reading_time
FROM editions e
LEFT JOIN organisations o ON o.id = e.organisation_id
LEFT JOIN quality q ON q.edition_id = e.id;
COMMENT ON MATERIALIZED VIEW edition_facts IS 'join';

CREATE MATERIALIZED VIEW latest_editions AS
SELECT e.warehouse_item_id, e.id, e.title, e.locale
FROM editions e
WHERE e.id = (SELECT max(other.id) FROM editions other WHERE other.warehouse_item_id = e.warehouse_item_id);
COMMENT ON MATERIALIZED VIEW latest_editions IS 'latest row';

CREATE MATERIALIZED VIEW organisation_months AS
SELECT o.title AS organisation, m.year, m.month, sum(m.pviews) AS pviews
FROM months m
JOIN editions e ON e.id = m.edition_id
JOIN organisations o ON o.id = e.organisation_id
GROUP BY o.title, m.year, m.month;
COMMENT ON MATERIALIZED VIEW organisation_months IS 'group by a joined column';

CREATE MATERIALIZED VIEW totals AS
SELECT count(DISTINCT edition_id) AS editions, sum(pviews) AS pviews, max(date) AS last_day FROM metrics;
COMMENT ON MATERIALIZED VIEW totals IS 'rest: aggregate over everything';
