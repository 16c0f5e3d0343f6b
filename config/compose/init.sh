#!/bin/bash
# Creates two roles, and the application's schema as its own role. The image of PostgreSQL runs it once, on an empty data folder.
set -euo pipefail

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v app="$APP_PASSWORD" -v refreshd="$REFRESHD_PASSWORD" -v database="$POSTGRES_DB" <<'SQL'
CREATE ROLE app LOGIN PASSWORD :'app';
CREATE ROLE refreshd LOGIN REPLICATION PASSWORD :'refreshd';
-- To publish the tables and to refresh the views, without SET ROLE to the application.
GRANT app TO refreshd WITH INHERIT TRUE, SET FALSE;
ALTER DATABASE :"database" OWNER TO app;
SQL

PGPASSWORD=$APP_PASSWORD psql -v ON_ERROR_STOP=1 --username app --dbname "$POSTGRES_DB" --file /etc/refreshd/app.sql
