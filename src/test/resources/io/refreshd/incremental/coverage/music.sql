-- A catalog of music: artists, how they are credited, releases of several media, recordings.
CREATE SCHEMA music;
SET search_path = music;

CREATE TABLE area (id int PRIMARY KEY, name varchar NOT NULL, parent int);
CREATE TABLE artist (id int PRIMARY KEY, gid uuid NOT NULL, name varchar NOT NULL, area int REFERENCES area, edits_pending int NOT NULL);
CREATE TABLE artist_credit (id int PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE artist_credit_name (
    artist_credit int NOT NULL REFERENCES artist_credit,
    position smallint NOT NULL,
    artist int NOT NULL REFERENCES artist,
    name varchar NOT NULL,
    join_phrase text NOT NULL,
    PRIMARY KEY (artist_credit, position)
);
CREATE TABLE release_group (id int PRIMARY KEY, gid uuid NOT NULL, name varchar NOT NULL, artist_credit int NOT NULL);
CREATE TABLE release (id int PRIMARY KEY, gid uuid NOT NULL, name varchar NOT NULL, release_group int NOT NULL, artist_credit int NOT NULL, barcode varchar(255));
CREATE TABLE release_country (release int NOT NULL, country int NOT NULL, date_year smallint, date_month smallint, PRIMARY KEY (release, country));
CREATE TABLE release_unknown_country (release int PRIMARY KEY, date_year smallint, date_month smallint);
CREATE TABLE medium (id int PRIMARY KEY, release int NOT NULL, position int NOT NULL, format text);
CREATE INDEX ON medium (release);
CREATE TABLE recording (id int PRIMARY KEY, gid uuid NOT NULL, name varchar NOT NULL, artist_credit int NOT NULL, length int);
CREATE TABLE track (id int PRIMARY KEY, medium int NOT NULL, recording int NOT NULL, position int NOT NULL, name varchar NOT NULL, artist_credit int NOT NULL, length int);
CREATE INDEX ON track (medium);

CREATE MATERIALIZED VIEW track_list AS
SELECT t.id, t.position, coalesce(nullif(t.name, ''), r.name) AS title, ac.name AS artist, m.position AS medium, re.name AS release,
       rg.gid AS release_group_gid
FROM track t
JOIN recording r ON r.id = t.recording
JOIN artist_credit ac ON ac.id = t.artist_credit
JOIN medium m ON m.id = t.medium
JOIN release re ON re.id = m.release
JOIN release_group rg ON rg.id = re.release_group;
COMMENT ON MATERIALIZED VIEW track_list IS 'join';

CREATE MATERIALIZED VIEW artists_of_releases AS
SELECT acn.artist, re.id AS release FROM release re JOIN artist_credit_name acn ON acn.artist_credit = re.artist_credit
UNION
SELECT acn.artist, m.release
FROM track t
JOIN medium m ON m.id = t.medium
JOIN artist_credit_name acn ON acn.artist_credit = t.artist_credit;
COMMENT ON MATERIALIZED VIEW artists_of_releases IS 'union';

CREATE MATERIALIZED VIEW first_release_dates AS
SELECT DISTINCT ON (release) release, date_year, date_month
FROM (
    SELECT release, date_year, date_month FROM release_country
    UNION ALL
    SELECT release, date_year, date_month FROM release_unknown_country
) dated
ORDER BY release, date_year NULLS LAST, date_month NULLS LAST;
CREATE UNIQUE INDEX ON first_release_dates (release);
COMMENT ON MATERIALIZED VIEW first_release_dates IS 'latest row';

CREATE MATERIALIZED VIEW credit_texts AS
SELECT artist_credit, string_agg(name || join_phrase, '' ORDER BY position) AS credit, count(*) AS artists
FROM artist_credit_name
GROUP BY artist_credit;
COMMENT ON MATERIALIZED VIEW credit_texts IS 'group by a column';

CREATE MATERIALIZED VIEW artist_areas AS
SELECT a.id, a.name, ar.name AS area, up.name AS country
FROM artist a
LEFT JOIN area ar ON ar.id = a.area
LEFT JOIN area up ON up.id = ar.parent;
COMMENT ON MATERIALIZED VIEW artist_areas IS 'join';

CREATE MATERIALIZED VIEW release_lengths AS
SELECT m.release, count(*) AS media, sum(per_medium.tracks) AS tracks, sum(per_medium.length) AS length
FROM medium m
JOIN (
    SELECT t.medium, count(*) AS tracks, sum(coalesce(t.length, r.length)) AS length
    FROM track t
    JOIN recording r ON r.id = t.recording
    GROUP BY t.medium
) per_medium ON per_medium.medium = m.id
GROUP BY m.release;
COMMENT ON MATERIALIZED VIEW release_lengths IS 'nested aggregates';

CREATE MATERIALIZED VIEW artist_counts AS
SELECT a.id, a.name, coalesce(re.releases, 0) AS releases, coalesce(rc.recordings, 0) AS recordings
FROM artist a
LEFT JOIN (
    SELECT acn.artist, count(DISTINCT re.id) AS releases
    FROM artist_credit_name acn JOIN release re ON re.artist_credit = acn.artist_credit GROUP BY acn.artist
) re ON re.artist = a.id
LEFT JOIN (
    SELECT acn.artist, count(DISTINCT rc.id) AS recordings
    FROM artist_credit_name acn JOIN recording rc ON rc.artist_credit = acn.artist_credit GROUP BY acn.artist
) rc ON rc.artist = a.id
WHERE a.edits_pending = 0 OR re.releases IS NOT NULL;
COMMENT ON MATERIALIZED VIEW artist_counts IS 'nested aggregates';

CREATE MATERIALIZED VIEW recordings_of_artists AS
SELECT acn.artist, count(*) AS recordings, avg(rc.length) AS mean_length
FROM recording rc
JOIN artist_credit_name acn ON acn.artist_credit = rc.artist_credit
GROUP BY acn.artist;
COMMENT ON MATERIALIZED VIEW recordings_of_artists IS 'group by a joined column';
