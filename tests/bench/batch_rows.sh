#!/usr/bin/env bash
# Benchmark of deploy/bench: rows per second of an upload over HTTPS with all checks on ÷ rows per second
# of COPY of the very rows that it stored into empty tables of the same shape, with the same indexes, in
# the same cluster. All checks: a name server is asked about the domains, the exchange's own list and a
# buyer's have a hundred thousand persons each, sources are classified and kept.
#   batch_rows.sh LEADEX MAKE_LEADS [ROWS]      release builds
# Brings up an exchange and a name server of its own. Needs LEADEX_SHARED_DATA. Figures on standard output
# (figures.hpp), among them the server's peak memory. LEADEX_PROFILE=FILE writes there what perf saw of the
# server during the upload, by function.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
leadex=$(realpath "$1") make_leads=$(realpath "$2") rows=${3:-200000}
if [ -z "${LEADEX_BATCH_ROWS_INSIDE:-}" ]; then
  export LEADEX_BATCH_ROWS_INSIDE=1
  # shellcheck source=tests/support/name_server.sh
  . "$here/../support/name_server.sh"
  start_name_server example.com example.org example.net
  trap stop_name_server EXIT
  export LEADEX_DNS_SERVERS=$name_server
  "$here/../e2e/with_exchange.sh" "$leadex" "${BASH_SOURCE[0]}" "$leadex" "$make_leads" "$rows"
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=deploy/lib/common.sh
. "$here/../../deploy/lib/common.sh"
# shellcheck source=deploy/lib/postgres.sh
. "$here/../../deploy/lib/postgres.sh"
# shellcheck source=tests/support/bank_market.sh
. "$here/../support/bank_market.sh"
need_bank
pg_at "$LEADEX_VAR/pg"
pg_choose_socket
tables=(lead contact lead_key person batch_reject lead_source)

# sql: statements on standard input, as the owner of the tables.
sql() { "$pg_bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(pg_conninfo owner leadex)"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
figure() { printf 'figure\t%s\t%s\t%s\n' "$@"; }

# What was written before is on disk, so that neither side pays for the other's pages.
settle() {
  pg_super <<<'CHECKPOINT;'
  sleep 1
}

server=$(awk '{ print $1; exit }' "$LEADEX_VAR/run/server.pid")
peak_kib() { awk '/^VmHWM:/ { print $2 }' "/proc/$server/status"; }

# Processor time so far, in ms, of the server and of all processes of its database.
ticks_of() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); sum += $12 + $13 } END { printf "%d", sum * 1000 / hz }' "$@" 2>/dev/null; }
server_time() { ticks_of "/proc/$server/stat"; }
database_time() {
  local main child files=()
  main=$(as_pg head -n 1 "$pg_data/postmaster.pid")
  # Those that have ended count with their parent.
  for child in $(pgrep -P "$main"); do files+=("/proc/$child/stat"); done
  echo $(($(ticks_of "${files[@]}") + $(awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%d", ($14 + $15) * 1000 / hz }' "/proc/$main/stat")))
}

# Persons whom the file does not hold: the look at the lists costs what it costs on an ordinary day.
fill_lists() {
  local digests="SELECT sha256(convert_to('nobody' || n, 'UTF8')) AS digest FROM generate_series(1, 100000) AS n"
  sql <<<"INSERT INTO leadex.suppression (tenant_no, digest, field, created_at)
    SELECT t.no, substring(d.digest FOR 16), 0, now()
    FROM ($digests) AS d CROSS JOIN (VALUES (0), (1000000)) AS t (no); ANALYZE leadex.suppression;"
}

market=rows.us.usd
fill_lists
make_market "$market" "$("$make_leads" --attributes)"
"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" --rows "$rows" --seed 5 --fault-bp 100
settle
figure 'server idle, resident' MiB $(($(peak_kib) / 1024))
if [ -n "${LEADEX_PROFILE:-}" ]; then
  perf record --quiet --freq=499 --pid="$server" --output="$work/perf.data" 2>"$work/perf.log" &
  perf=$!
fi
server_before=$(server_time) database_before=$(database_time)
began=$(milliseconds)
upload_file "$market" "$work/leads.csv" >/dev/null
uploaded=$(($(milliseconds) - began))
upload_server=$(($(server_time) - server_before)) upload_database=$(($(database_time) - database_before))
figure 'server at its peak, resident' MiB $(($(peak_kib) / 1024))
if [ -n "${LEADEX_PROFILE:-}" ]; then
  kill -INT "$perf"
  wait "$perf" || true
  perf report --input="$work/perf.data" --sort=dso,symbol --stdio 2>/dev/null | sed 's/ *$//' >"$LEADEX_PROFILE"
fi

number=$(sql <<<"SELECT market_id FROM leadex.market WHERE name = '$market';")
echo 'CREATE SCHEMA bench;' >"$work/out.sql"
echo 'BEGIN;' >"$work/in.sql"
for table in "${tables[@]}"; do
  echo "CREATE TABLE bench.$table (LIKE leadex.$table INCLUDING ALL);"
  echo "\\copy (SELECT * FROM leadex.$table WHERE market_id = $number) TO '$work/$table' (FORMAT binary)"
  echo "\\copy bench.$table FROM '$work/$table' (FORMAT binary)" >>"$work/in.sql"
done >>"$work/out.sql"
echo 'COMMIT;' >>"$work/in.sql"
sql <"$work/out.sql"
settle
database_before=$(database_time)
began=$(milliseconds)
sql <"$work/in.sql"
copied=$(($(milliseconds) - began))
copy_database=$(($(database_time) - database_before))
stored=$(sql <<<'SELECT count(*) FROM bench.lead;')
[ "$stored" -gt $((rows * 9 / 10)) ] || die "only $stored leads were copied"
figure 'upload over HTTPS' 'rows/s' $((rows * 1000 / uploaded))
figure 'COPY of the same rows into the same tables' 'rows/s' $((rows * 1000 / copied))
figure 'batch rows per second ÷ COPY' '×' "$(awk -v a="$copied" -v b="$uploaded" 'BEGIN { printf "%.4f", a / b }')"
figure 'processor time of the server' 'µs a row' "$((upload_server * 1000 / rows))"
figure 'processor time of its database' 'µs a row' "$((upload_database * 1000 / rows))"
figure 'processor time of COPY' 'µs a row' "$((copy_database * 1000 / rows))"
