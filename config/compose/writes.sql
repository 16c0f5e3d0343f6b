-- What the application does all day: one commit every 200 ms, on all kinds of rows.
UPDATE main SET title = 'item ' || id || ' at ' || to_char(clock_timestamp(), 'HH24:MI:SS'), role_id = 1 + (random() * 3)::int
WHERE id = 1 + (random() * 19999)::bigint
\watch 0.2
