#!/bin/bash
# What the connector needs in the database: a role, the publication of every table that a view reads, and the slot. The image of
# PostgreSQL runs it once, after init.sh.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -v debezium="$DEBEZIUM_PASSWORD" <<'SQL'
CREATE ROLE debezium LOGIN REPLICATION PASSWORD :'debezium';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO debezium;
CREATE PUBLICATION dbz_orders FOR TABLE roles, users, main, details;
-- Made here, and not by the connector: whatever commits from now on reaches the topic.
SELECT pg_create_logical_replication_slot('orders', 'pgoutput');
SQL
