-- A forum: categories, topics, posts, votes, and a table of visits that has no key at all.
CREATE SCHEMA forum;
SET search_path = forum;

CREATE TABLE members (id int PRIMARY KEY, username text NOT NULL, trust_level int NOT NULL, suspended_till timestamptz);
CREATE TABLE categories (id int PRIMARY KEY, name text NOT NULL, read_restricted boolean NOT NULL);
CREATE TABLE topics (
    id int PRIMARY KEY,
    category_id int REFERENCES categories,
    user_id int NOT NULL REFERENCES members,
    title text NOT NULL,
    bumped_at timestamp NOT NULL,
    deleted_at timestamp
);
CREATE TABLE posts (
    id int PRIMARY KEY,
    topic_id int NOT NULL REFERENCES topics,
    user_id int NOT NULL,
    post_number int NOT NULL,
    raw text NOT NULL,
    created_at timestamp NOT NULL,
    deleted_at timestamp
);
CREATE INDEX ON posts (topic_id, post_number);
CREATE TABLE votes (user_id int NOT NULL, post_id int NOT NULL, score smallint NOT NULL, published timestamptz NOT NULL, PRIMARY KEY (user_id, post_id));
CREATE INDEX ON votes (post_id);
CREATE TABLE topic_visits (topic_id int NOT NULL, user_id int, viewed_at date NOT NULL, ip_address inet);
CREATE TABLE badges (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE user_badges (id int PRIMARY KEY, badge_id int NOT NULL, user_id int NOT NULL, granted_at timestamp NOT NULL);

CREATE MATERIALIZED VIEW topic_statistics AS
SELECT t.id AS topic_id, count(p.id) AS posts, count(DISTINCT p.user_id) AS posters, max(p.created_at) AS last_posted_at
FROM topics t
LEFT JOIN posts p ON p.topic_id = t.id AND p.deleted_at IS NULL
GROUP BY t.id;
CREATE UNIQUE INDEX ON topic_statistics (topic_id);
COMMENT ON MATERIALIZED VIEW topic_statistics IS 'group by a column';

CREATE MATERIALIZED VIEW member_directory AS
WITH written AS (
    SELECT user_id, count(*) AS posts FROM posts WHERE deleted_at IS NULL GROUP BY user_id
), received AS (
    SELECT p.user_id, sum(v.score) AS score FROM votes v JOIN posts p ON p.id = v.post_id GROUP BY p.user_id
)
SELECT m.id, m.username, coalesce(w.posts, 0) AS posts, coalesce(r.score, 0) AS score
FROM members m
LEFT JOIN written w ON w.user_id = m.id
LEFT JOIN received r ON r.user_id = m.id
WHERE m.trust_level > 0;
COMMENT ON MATERIALIZED VIEW member_directory IS 'nested aggregates';

CREATE MATERIALIZED VIEW post_scores AS
SELECT post_id, sum(score) AS score, count(*) FILTER (WHERE score > 0) AS upvotes, max(published) AS last_vote_at
FROM votes
GROUP BY post_id;
COMMENT ON MATERIALIZED VIEW post_scores IS 'group by a column';

CREATE MATERIALIZED VIEW hot_topics AS
SELECT t.id, t.title, log(10, 2 + t.category_id) / power(extract(epoch FROM now() - t.bumped_at) / 3600 + 2, 1.8) AS rank
FROM topics t
WHERE t.deleted_at IS NULL;
COMMENT ON MATERIALIZED VIEW hot_topics IS 'rest: clock';

CREATE MATERIALIZED VIEW latest_topics AS
SELECT ranked.category_id, ranked.id AS topic_id, ranked.title, ranked.bumped_at
FROM (
    SELECT t.*, row_number() OVER (PARTITION BY t.category_id ORDER BY t.bumped_at DESC, t.id) AS place
    FROM topics t
    WHERE t.deleted_at IS NULL
) ranked
WHERE ranked.place = 1;
COMMENT ON MATERIALIZED VIEW latest_topics IS 'latest row';

CREATE MATERIALIZED VIEW visitors_of_topics AS
SELECT DISTINCT topic_id, user_id FROM topic_visits WHERE user_id IS NOT NULL;
COMMENT ON MATERIALIZED VIEW visitors_of_topics IS 'distinct';

CREATE MATERIALIZED VIEW leaderboard AS
SELECT p.user_id, sum(v.score) AS score, rank() OVER (ORDER BY sum(v.score) DESC) AS place
FROM votes v
JOIN posts p ON p.id = v.post_id
GROUP BY p.user_id;
COMMENT ON MATERIALIZED VIEW leaderboard IS 'rest: window over everything';

CREATE VIEW public_topics AS
SELECT t.id, t.title, t.category_id, c.name AS category FROM topics t JOIN categories c ON c.id = t.category_id
WHERE t.deleted_at IS NULL AND NOT c.read_restricted;
CREATE MATERIALIZED VIEW public_posts AS
SELECT p.id, p.raw, p.post_number, t.title, t.category, m.username
FROM posts p
JOIN public_topics t ON t.id = p.topic_id
LEFT JOIN members m ON m.id = p.user_id
WHERE p.deleted_at IS NULL;
COMMENT ON MATERIALIZED VIEW public_posts IS 'join';

CREATE MATERIALIZED VIEW badge_holders AS
SELECT m.username, b.name AS badge, ub.granted_at
FROM user_badges ub
JOIN badges b ON b.id = ub.badge_id
JOIN members m ON m.id = ub.user_id;
COMMENT ON MATERIALIZED VIEW badge_holders IS 'join';

CREATE MATERIALIZED VIEW member_cards AS
SELECT m.id, m.username,
       (SELECT count(*) FROM user_badges ub WHERE ub.user_id = m.id) AS badges,
       (SELECT string_agg(b.name, ', ' ORDER BY b.name) FROM user_badges ub JOIN badges b ON b.id = ub.badge_id WHERE ub.user_id = m.id) AS names
FROM members m;
COMMENT ON MATERIALIZED VIEW member_cards IS 'scalar sub-query';

CREATE MATERIALIZED VIEW category_activity AS
WITH per_topic AS (
    SELECT topic_id, count(*) AS posts, max(created_at) AS last_at FROM posts GROUP BY topic_id
)
SELECT c.id, c.name, count(t.id) AS topics, sum(pt.posts) AS posts, max(pt.last_at) AS last_at
FROM categories c
LEFT JOIN topics t ON t.category_id = c.id
LEFT JOIN per_topic pt ON pt.topic_id = t.id
GROUP BY c.id, c.name;
COMMENT ON MATERIALIZED VIEW category_activity IS 'nested aggregates';
