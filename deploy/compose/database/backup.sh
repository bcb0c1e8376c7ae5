#!/bin/bash
# Backups of the database, and the proof that they can be restored.
#
#   daily            one now if today's is missing, then one each day at CHEJIAN_BACKUP_HOUR (UTC); keeps CHEJIAN_BACKUP_KEEP
#   now              one now
#   check            exit 1 when the newest is older than 26 hours
#   list             what there is
#   prove FILE       restore into a new database, compare every table, drop it again
#   restore FILE     restore into a new database, compare, and put it in the place of the present one, which is kept beside it
#
# Each backup is a dump (pg_dump's custom format) and a manifest: rows and hash of every table in the same snapshot.
set -euo pipefail
umask 077
folder=/backups
here=/etc/chejian
database=${PGDATABASE:-chejian}

say() { echo "backup: $*" >&2; }
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

now() {
  local name part
  name=$folder/$database-$(date -u +%Y%m%dT%H%M%SZ)
  part=$name.part
  trap 'rm -f "$part" "$part.manifest"' EXIT
  ask -F $'\t' -d "$database" -v part="$part" -v here="$here" <<'SQL'
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\setenv PART :part
\! pg_dump --format=custom --compress=6 --snapshot="$SNAPSHOT" --file="$PART"
\if :SHELL_ERROR
  \warn 'pg_dump failed'
  SELECT 1 / 0;
\endif
\set script :here '/manifest.sql'
\set manifest :part '.manifest'
\o :manifest
\i :script
\o
COMMIT;
SQL
  [ -s "$part" ] && [ -s "$part.manifest" ]
  mv "$part.manifest" "$name.manifest"
  mv "$part" "$name.dump"
  trap - EXIT
  say "$name.dump: $(stat -c %s "$name.dump") bytes, $(wc -l <"$name.manifest") tables"
  prune
}

prune() {
  find "$folder" -maxdepth 1 -name "$database-*.dump" | sort -r | tail -n "+$((${CHEJIAN_BACKUP_KEEP:-14} + 1))" |
    while read -r old; do
      rm -f "$old" "${old%.dump}.manifest"
      say "$old: removed, ${CHEJIAN_BACKUP_KEEP:-14} are kept"
    done
}

newest() { find "$folder" -maxdepth 1 -name "$database-*.dump" | sort | tail -n 1; }

check() {
  local last
  last=$(newest)
  [ -n "$last" ] && [ $(($(date +%s) - $(stat -c %Y "$last"))) -lt 93600 ]
}

daily() {
  local next
  trap 'exit 0' TERM INT
  check || now || say "failed; the next try is due at the next full hour"
  while true; do
    next=$(($(date -u -d "$(date -u +%Y-%m-%d) ${CHEJIAN_BACKUP_HOUR:-18}:00" +%s)))
    [ "$next" -gt "$(date +%s)" ] || next=$((next + 86400))
    check || next=$((($(date +%s) / 3600 + 1) * 3600))
    sleep $((next - $(date +%s))) &
    wait $!
    now || say "failed; the next try is due at the next full hour"
  done
}

restore_into() { # restore_into FILE DATABASE: a new database with the file's content, equal to its manifest
  local file=$1 target=$2 found
  [ -s "$file" ] && [ -s "${file%.dump}.manifest" ] || { say "$file: no backup with a manifest; see: list"; return 1; }
  ask -d postgres -c "CREATE DATABASE \"$target\" OWNER chejian_owner" -c "REVOKE ALL ON DATABASE \"$target\" FROM PUBLIC"
  ask -d "$target" -c "CREATE EXTENSION timescaledb" -c "SELECT timescaledb_pre_restore()" >/dev/null
  pg_restore --exit-on-error --dbname="$target" "$file" >&2
  ask -d "$target" -c "SELECT timescaledb_post_restore()" -c ANALYZE >/dev/null
  found=$(mktemp)
  ask -F $'\t' -d "$target" -f "$here/manifest.sql" >"$found"
  if ! diff "${file%.dump}.manifest" "$found" >&2; then
    say "$file: what was restored differs; database $target is left for inspection"
    return 1
  fi
  say "$file: $(wc -l <"$found") tables are equal, $(awk -F '\t' '{n += $2} END {print n}' "$found") rows"
  rm -f "$found"
}

prove() {
  ask -d postgres -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS \"${database}_proof\""
  restore_into "$1" "${database}_proof"
  ask -d postgres -c "DROP DATABASE \"${database}_proof\""
}

restore() {
  local before=${database}_before_$(date -u +%Y%m%d%H%M%S)
  restore_into "$1" "${database}_restored"
  ask -d postgres -v ON_ERROR_STOP=1 <<SQL
GRANT CONNECT ON DATABASE "${database}_restored" TO chejian_gateway, chejian_worker, chejian_console, chejian_backup, chejian_boards;
ALTER DATABASE "$database" ALLOW_CONNECTIONS false;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '$database';
ALTER DATABASE "$database" RENAME TO "$before";
ALTER DATABASE "${database}_restored" RENAME TO "$database";
ALTER DATABASE "$before" ALLOW_CONNECTIONS true;
SQL
  say "database $database is that of $1; the one before is kept as $before (DROP DATABASE, when nothing is missing)"
}

case ${1:-help} in
now | check | daily) "$1" ;;
list) ls -l "$folder" ;;
prove | restore) [ $# -eq 2 ] || { say "$1 needs a FILE"; exit 2; }; "$1" "$2" ;;
*) sed -n 's/^# \{0,1\}//p' "$0" | sed -n '2,12p'; exit 2 ;;
esac
