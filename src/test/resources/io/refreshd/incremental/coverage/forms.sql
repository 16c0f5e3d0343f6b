-- Expressions and forms of FROM that views hold often, one for each view. All of them compute row by row.
CREATE SCHEMA forms;
SET search_path = forms;

CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN short_text AS text CHECK (length(VALUE) < 100);
CREATE FUNCTION full_name(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT a || ' ' || b $$;
CREATE TABLE t (
    id int PRIMARY KEY,
    n int,
    first text,
    last text,
    mood mood,
    at timestamptz,
    local timestamp,
    tags text[],
    doc jsonb,
    items json
);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL, v text);

CREATE MATERIALIZED VIEW order_by AS SELECT id, first FROM t ORDER BY first, id;
CREATE MATERIALIZED VIEW element_of_an_array AS SELECT id, tags[1] AS tag FROM t;
CREATE MATERIALIZED VIEW collated AS SELECT id, first COLLATE "C" AS first FROM t;
CREATE MATERIALIZED VIEW cast_to_a_domain AS SELECT id, first::short_text AS first FROM t;
CREATE MATERIALIZED VIEW cast_of_an_array AS SELECT id, tags::varchar[] AS tags FROM t;
CREATE MATERIALIZED VIEW cast_of_an_enum_to_text AS SELECT id, mood::text AS mood FROM t;
CREATE MATERIALIZED VIEW comparison_with_an_enum AS SELECT id FROM t WHERE mood = 'happy' OR mood IN ('sad', 'happy');
CREATE MATERIALIZED VIEW text_with_a_number AS SELECT id, first || n AS label FROM t;
CREATE MATERIALIZED VIEW concat AS SELECT id, concat(first, ' ', last) AS name FROM t;
CREATE MATERIALIZED VIEW concat_ws AS SELECT id, concat_ws(', ', last, first) AS name FROM t;
CREATE MATERIALIZED VIEW formatted AS SELECT id, format('%s %s', first, last) AS name FROM t;
CREATE MATERIALIZED VIEW to_char_of_a_time AS SELECT id, to_char(local, 'YYYY-MM') AS month FROM t;
CREATE MATERIALIZED VIEW to_char_of_a_number AS SELECT id, to_char(n, '000') AS n FROM t;
CREATE MATERIALIZED VIEW day_of_a_time_with_zone AS SELECT id, at::date AS day FROM t;
CREATE MATERIALIZED VIEW date_trunc_of_a_time_with_zone AS SELECT id, date_trunc('week', at) AS week FROM t;
CREATE MATERIALIZED VIEW time_at_a_zone AS SELECT id, (at AT TIME ZONE 'Europe/Berlin')::date AS day FROM t;
CREATE MATERIALIZED VIEW extracted AS SELECT id, extract(year FROM local) AS year, extract(epoch FROM at) AS epoch FROM t;
CREATE MATERIALIZED VIEW array_to_string AS SELECT id, array_to_string(tags, ', ') AS tags FROM t;
CREATE MATERIALIZED VIEW jsonb_build_object AS SELECT id, jsonb_build_object('n', n, 'first', first) AS o FROM t;
CREATE MATERIALIZED VIEW row_as_json AS SELECT id, to_jsonb(t) AS o FROM t;
CREATE MATERIALIZED VIEW element_of_json AS SELECT id, doc ->> 'a' AS a, items -> 0 AS b, doc #>> '{a,b}' AS c FROM t;
CREATE MATERIALIZED VIEW subscript_of_json AS SELECT id, doc['a'] AS a FROM t;
CREATE MATERIALIZED VIEW row_comparison AS SELECT id FROM t WHERE (n, id) > (2, 3);
CREATE MATERIALIZED VIEW own_function AS SELECT id, full_name(first, last) AS name FROM t;
CREATE MATERIALIZED VIEW regular_expression AS SELECT id, regexp_replace(lower(first), '[^a-z]+', '-', 'g') AS slug FROM t WHERE last ~* '^a';
CREATE MATERIALIZED VIEW like_any AS SELECT id FROM t WHERE first LIKE ANY (ARRAY['a%', 'b%']) AND n = ANY ('{1,2}');
CREATE MATERIALIZED VIEW full_text AS SELECT id, to_tsvector('english', first) AS d, to_tsvector(last) AS e FROM t;
CREATE MATERIALIZED VIEW join_of_values AS SELECT t.id, m.name FROM t JOIN (VALUES (1, 'one'), (2, 'two')) m(n, name) ON m.n = t.n;
CREATE MATERIALIZED VIEW unnest_in_from AS SELECT t.id, tag FROM t CROSS JOIN unnest(t.tags) tag;
CREATE MATERIALIZED VIEW json_elements_in_from AS SELECT t.id, e ->> 'x' AS x FROM t CROSS JOIN LATERAL jsonb_array_elements(t.doc -> 'list') e;
CREATE MATERIALIZED VIEW series_in_from AS SELECT t.id, g AS place FROM t CROSS JOIN LATERAL generate_series(1, t.n) g;
CREATE MATERIALIZED VIEW array_of_a_sub_query AS SELECT id, ARRAY (SELECT u.v FROM u WHERE u.t_id = t.id ORDER BY u.id) AS vs FROM t;
CREATE MATERIALIZED VIEW scalar_with_limit AS SELECT id, (SELECT u.v FROM u WHERE u.t_id = t.id ORDER BY u.id DESC LIMIT 1) AS v FROM t;
CREATE MATERIALIZED VIEW exists_somewhere AS SELECT id FROM t WHERE EXISTS (SELECT FROM u WHERE u.t_id = t.id AND u.v <> '');
CREATE MATERIALIZED VIEW in_and_not_in AS SELECT id FROM t WHERE id IN (SELECT u.t_id FROM u) AND n NOT IN (SELECT u.id FROM u);
CREATE MATERIALIZED VIEW join_using AS SELECT id, t.first, u.v FROM t LEFT JOIN u USING (id);
CREATE MATERIALIZED VIEW full_join AS SELECT coalesce(t.id, u.t_id) AS id, t.first, u.v FROM t FULL JOIN u ON u.t_id = t.id;
CREATE MATERIALIZED VIEW constant_sub_select AS SELECT t.id, p.most FROM t CROSS JOIN (SELECT 5 AS most) p WHERE t.n < p.most;
CREATE MATERIALIZED VIEW with_read_twice AS WITH w AS (SELECT id, t_id, v FROM u WHERE v <> '') SELECT a.id, b.v FROM w a JOIN w b ON b.t_id = a.id;
CREATE MATERIALIZED VIEW alias_of_a_join AS SELECT j.first, j.v FROM (t JOIN u ON u.t_id = t.id) AS j(a, n, first);
