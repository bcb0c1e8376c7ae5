#!/bin/bash
# Roles of the database, once, when its volume is new; rights on the tables follow from rights.sql at each start.
set -euo pipefail
secret() { head -n 1 "/run/secrets/$1_password"; }

psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "$POSTGRES_DB" \
  -v owner="$(secret owner)" -v gateway="$(secret gateway)" -v worker="$(secret worker)" \
  -v console="$(secret console)" -v backup="$(secret backup)" -v database="$POSTGRES_DB" <<'SQL'
-- Owns schemas and tables, makes the readers of boards; used by migrations and by hand.
CREATE ROLE chejian_owner LOGIN CREATEROLE PASSWORD :'owner';
-- Requests of the API take one of these, see docs/decisions/0014-access.md.
CREATE ROLE chejian_api NOLOGIN;
CREATE ROLE chejian_door NOLOGIN;
GRANT chejian_api, chejian_door TO chejian_owner WITH ADMIN OPTION;
CREATE ROLE chejian_gateway LOGIN PASSWORD :'gateway';
-- Computes for all organisations: the rows' policies are for those who ask on somebody's behalf.
CREATE ROLE chejian_worker LOGIN BYPASSRLS PASSWORD :'worker';
CREATE ROLE chejian_console LOGIN PASSWORD :'console';
GRANT chejian_api, chejian_door TO chejian_console;
CREATE ROLE chejian_backup LOGIN BYPASSRLS PASSWORD :'backup';
GRANT pg_read_all_data TO chejian_backup;

CREATE EXTENSION IF NOT EXISTS timescaledb;
ALTER DATABASE :"database" OWNER TO chejian_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database"
   TO chejian_gateway, chejian_worker, chejian_console, chejian_backup;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
