-- A registry of packages: versions, who owns them, what they depend on, and how often each was downloaded on a day.
CREATE SCHEMA registry;
SET search_path = registry;

CREATE TABLE packages (id int PRIMARY KEY, name varchar NOT NULL UNIQUE, description varchar, created_at timestamptz NOT NULL);
CREATE TABLE versions (
    id int PRIMARY KEY,
    package_id int NOT NULL REFERENCES packages,
    num varchar NOT NULL,
    yanked boolean NOT NULL,
    license varchar,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON versions (package_id);
CREATE TABLE version_downloads (
    version_id int NOT NULL REFERENCES versions,
    date date NOT NULL,
    downloads int NOT NULL,
    PRIMARY KEY (version_id, date)
);
CREATE TABLE dependencies (
    id int PRIMARY KEY,
    version_id int NOT NULL REFERENCES versions,
    package_id int NOT NULL REFERENCES packages,
    req varchar NOT NULL,
    optional boolean NOT NULL
);
CREATE TABLE people (id int PRIMARY KEY, login varchar NOT NULL, name varchar);
CREATE TABLE owners (
    package_id int NOT NULL REFERENCES packages,
    owner_id int NOT NULL,
    owner_kind int NOT NULL,
    deleted boolean NOT NULL,
    PRIMARY KEY (package_id, owner_id, owner_kind)
);
CREATE TABLE categories (id int PRIMARY KEY, slug varchar NOT NULL, path varchar NOT NULL);
CREATE TABLE packages_categories (package_id int NOT NULL, category_id int NOT NULL, PRIMARY KEY (package_id, category_id));
CREATE TABLE keywords (id int PRIMARY KEY, keyword varchar NOT NULL);
CREATE TABLE packages_keywords (package_id int NOT NULL, keyword_id int NOT NULL, PRIMARY KEY (package_id, keyword_id));

CREATE MATERIALIZED VIEW recent_downloads AS
SELECT v.package_id, sum(d.downloads) AS downloads
FROM version_downloads d
JOIN versions v ON v.id = d.version_id
WHERE d.date > date(CURRENT_TIMESTAMP - interval '90 days')
GROUP BY v.package_id;
COMMENT ON MATERIALIZED VIEW recent_downloads IS 'rest: clock';

CREATE MATERIALIZED VIEW package_downloads AS
SELECT v.package_id, sum(d.downloads) AS downloads, max(d.date) AS last_day
FROM version_downloads d
JOIN versions v ON v.id = d.version_id
GROUP BY v.package_id;
CREATE UNIQUE INDEX ON package_downloads (package_id);
COMMENT ON MATERIALIZED VIEW package_downloads IS 'group by a joined column';

CREATE MATERIALIZED VIEW default_versions AS
SELECT DISTINCT ON (package_id) package_id, id AS version_id, num, license
FROM versions
ORDER BY package_id, yanked, created_at DESC, id DESC;
COMMENT ON MATERIALIZED VIEW default_versions IS 'latest row';

CREATE MATERIALIZED VIEW dependents AS
SELECT d.package_id, latest.package_id AS dependent_id, latest.num, d.req, d.optional
FROM dependencies d
JOIN (
    SELECT v.*, row_number() OVER (PARTITION BY v.package_id ORDER BY v.id DESC) AS rank
    FROM versions v
    WHERE NOT v.yanked
) latest ON latest.id = d.version_id AND latest.rank = 1;
COMMENT ON MATERIALIZED VIEW dependents IS 'latest row';

CREATE MATERIALIZED VIEW package_search AS
SELECT p.id, p.name,
       setweight(to_tsvector('simple', p.name), 'A') || to_tsvector('english', coalesce(p.description, ''))
           || to_tsvector('simple', coalesce(k.words, '')) AS document
FROM packages p
LEFT JOIN LATERAL (
    SELECT string_agg(w.keyword, ' ' ORDER BY w.keyword) AS words
    FROM packages_keywords pk
    JOIN keywords w ON w.id = pk.keyword_id
    WHERE pk.package_id = p.id
) k ON true;
COMMENT ON MATERIALIZED VIEW package_search IS 'nested aggregates';

CREATE MATERIALIZED VIEW category_sizes AS
SELECT c.id, c.slug, c.path, count(pc.package_id) AS packages
FROM categories c
LEFT JOIN packages_categories pc ON pc.category_id = c.id
GROUP BY c.id;
COMMENT ON MATERIALIZED VIEW category_sizes IS 'group by a column';

CREATE MATERIALIZED VIEW package_owners AS
SELECT o.package_id, p.name, w.login, w.name AS full_name
FROM owners o
JOIN packages p ON p.id = o.package_id
JOIN people w ON w.id = o.owner_id
WHERE o.owner_kind = 0 AND NOT o.deleted;
COMMENT ON MATERIALIZED VIEW package_owners IS 'join';

CREATE MATERIALIZED VIEW downloads_by_day AS
SELECT date, sum(downloads) AS downloads FROM version_downloads GROUP BY date;
COMMENT ON MATERIALIZED VIEW downloads_by_day IS 'group by a column';
