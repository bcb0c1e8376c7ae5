#!/bin/bash
# What the official entry point does with the settings that the compose file has: a new volume gets a database, a superuser with
# the password of a file, and the scripts of /docker-entrypoint-initdb.d; then the server takes this process's place.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  eval "options=($POSTGRES_INITDB_ARGS)"
  initdb -D "$PGDATA" -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" "${options[@]}" >&2
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export PGPASSWORD
  pg_ctl -w -s -D "$PGDATA" start -o "$(printf '%q ' "${@:2}") -c listen_addresses=''"
  [ "$POSTGRES_DB" = postgres ] || psql -X -q -U postgres -d postgres -c "CREATE DATABASE \"$POSTGRES_DB\""
  for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
  pg_ctl -w -s -D "$PGDATA" -m fast stop
  unset PGPASSWORD
fi
exec "$@" -D "$PGDATA" -c listen_addresses='*'
