#!/usr/bin/env bash
# What the personal-data test asks of the database of the exchange in LEADEX_VAR.
#   marker_database.sh prepare | checkpoint | dump | bodies | places | plant TEXT | unplant
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$repo/deploy/lib/common.sh"
# shellcheck source=deploy/lib/postgres.sh
. "$repo/deploy/lib/postgres.sh"
pg_at "$LEADEX_VAR/pg"
pg_choose_socket
owner=$(pg_conninfo owner leadex)

sql() { "$pg_bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$owner"; }

case "$1" in
  # Images of pages in the write-ahead log as they are, and none of it overwritten: both would hide.
  prepare)
    pg_super <<'EOF_SQL'
ALTER SYSTEM SET wal_compression = off;
ALTER SYSTEM SET wal_keep_size = '4GB';
SELECT pg_reload_conf();
EOF_SQL
    ;;
  checkpoint) echo 'CHECKPOINT;' | pg_super ;;
  dump) "$pg_bin/pg_dump" --dbname="$owner" ;;
  bodies) echo "SELECT encode(body, 'hex') FROM leadex.commit_batch WHERE market_id <> 0" | sql ;;
  places) printf '%s\n%s\n' "$pg_data" "$(dirname "$pg_data")/pg_log" ;;
  plant) printf "CREATE TABLE public.planted (text text); INSERT INTO public.planted VALUES ('%s');" "$2" | sql ;;
  unplant) echo 'DROP TABLE public.planted' | sql ;;
  *) die "usage: see the head of this file" ;;
esac
