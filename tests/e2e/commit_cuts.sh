#!/usr/bin/env bash
# The unknown COMMIT: under load the connection between server and PostgreSQL is cut at COMMITs,
# alternately before the COMMIT is passed on and after, before its answer comes back. Each batch is
# there once or not at all, every client gets one answer to its key, and the books are right.
#   commit_cuts.sh LEADEX CUT_PROXY [CUTS]      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
# shellcheck source=tests/e2e/lib/load.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/load.sh"
leadex=$1 proxy=$2 cuts=${3:-20}

# start_proxy: leaves the conninfo through it in `proxied`; orders go to descriptor `orders`.
start_proxy() {
  pg_at "$LEADEX_VAR/pg"
  pg_choose_socket
  local real=$pg_socket
  pg_socket=$work
  proxied=$(pg_conninfo app leadex)
  mkfifo "$work/orders"
  "$proxy" "$work/.s.PGSQL.5432" "$real/.s.PGSQL.5432" \
    'into commit_batch' 'into leadex.commit_batch' 'update batch set' <"$work/orders" >"$work/cuts" &
  own_servers+=("$!")
  exec {orders}>"$work/orders"
  for _ in $(seq 100); do
    [ ! -S "$work/.s.PGSQL.5432" ] || return 0
    sleep 0.1
  done
  die 'the proxy does not listen'
}

# order KIND: orders a cut and waits until a COMMIT has come for it.
order() {
  local had now
  had=$(wc -l <"$work/cuts")
  echo "$1" >&"$orders"
  for _ in $(seq 600); do
    now=$(wc -l <"$work/cuts")
    [ "$now" -eq "$had" ] || return 0
    sleep 0.05
  done
  die "no COMMIT came in half a minute, after $had cuts"
}

start_proxy
stop_server
serve_beside "$leadex" cut LEADEX_DATABASE="$proxied" LEADEX_UPLOAD_CUT_S=10
wait_ready "$base" 60
load_begin auto-insurance.us.usd
sleep 1
for round in $(seq "$cuts"); do
  if [ $((round % 2)) = 0 ]; then order before; else order after; fi
  sleep "0.$((RANDOM % 6))"
done
sleep 1
load_end
[ "$(grep -c 'cut before' "$work/cuts")" -ge $((cuts / 2)) ] || die 'too few cuts before COMMIT'
[ "$(grep -c 'cut after' "$work/cuts")" -ge $((cuts / 2)) ] || die 'too few cuts after COMMIT'
grep -q '"event":"market.commit_failed"' "$LEADEX_VAR/log/cut.log" || die 'no cut met a batch of the market'
check_load "$leadex"
echo "$cuts cuts at COMMIT: every sale told of stands once; trial balance 0"
