#!/usr/bin/env bash
# Benchmark of deploy/bench: rows per second of an upload over HTTPS ÷ rows per second of COPY of the
# very rows that it stored (lead, contact, lead_key, person, batch_reject) into empty tables of the same
# shape, with the same indexes, in the same cluster.
#   batch_rows.sh LEADEX MAKE_LEADS [ROWS]      release builds
# Brings up an exchange of its own. Needs LEADEX_SHARED_DATA. Figures on standard output (figures.hpp).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
leadex=$(realpath "$1") make_leads=$(realpath "$2") rows=${3:-200000}
if [ -z "${LEADEX_BATCH_ROWS_INSIDE:-}" ]; then
  export LEADEX_BATCH_ROWS_INSIDE=1
  exec "$here/../e2e/with_exchange.sh" "$leadex" "${BASH_SOURCE[0]}" "$leadex" "$make_leads" "$rows"
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
tables=(lead contact lead_key person batch_reject)

# sql: statements on standard input, as the owner of the tables.
sql() { "$pg_bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$(pg_conninfo owner leadex)"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
figure() { printf 'figure\t%s\t%s\t%s\n' "$@"; }

# What was written before is on disk, so that neither side pays for the other's pages.
settle() {
  pg_super <<<'CHECKPOINT;'
  sleep 1
}

market=rows.us.usd
make_market "$market" "$("$make_leads" --attributes)"
"$make_leads" --in "$bank" --out "$work/leads.csv" --oracle "$work/oracle.csv" --rows "$rows" --seed 5 --fault-bp 100
settle
began=$(milliseconds)
upload_file "$market" "$work/leads.csv" >/dev/null
uploaded=$(($(milliseconds) - began))

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
began=$(milliseconds)
sql <"$work/in.sql"
copied=$(($(milliseconds) - began))
stored=$(sql <<<'SELECT count(*) FROM bench.lead;')
[ "$stored" -gt $((rows * 9 / 10)) ] || die "only $stored leads were copied"
figure 'upload over HTTPS' 'rows/s' $((rows * 1000 / uploaded))
figure 'COPY of the same rows into the same tables' 'rows/s' $((rows * 1000 / copied))
figure 'batch rows per second ÷ COPY' '×' "$(awk -v a="$copied" -v b="$uploaded" 'BEGIN { printf "%.4f", a / b }')"
