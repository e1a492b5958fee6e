#!/usr/bin/env bash
# Truth under failure: the server and PostgreSQL are killed (SIGKILL) again and again at random points
# while leads are posted, bought and uploaded and capped campaigns buy. Afterwards every sale that
# anybody was told of is there, none twice, each paid for once; what was in doubt is settled by its
# Idempotency-Key; books, chain and replay are in order.
#   kills.sh LEADEX [SERVER_KILLS [DATABASE_KILLS]]     inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
# shellcheck source=tests/e2e/lib/load.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/load.sh"
leadex=$1 kills=${2:-4} database_kills=${3:-1}
if [ -n "$full" ]; then kills=${2:-20} database_kills=${3:-5}; fi
export LEADEX_UPLOAD_CUT_S=10

load_begin auto-insurance.us.usd
every=$((kills / (database_kills + 1) > 0 ? kills / (database_kills + 1) : 1))
database_killed=0
for round in $(seq "$kills"); do
  sleep "$((RANDOM % 2 + 1)).$((RANDOM % 10))"
  kill -KILL "$(server_pid)"
  bring_up "$leadex"
  if [ "$database_kills" -gt 0 ] && [ $((round % every)) -eq 0 ]; then
    database_kills=$((database_kills - 1))
    database_killed=$((database_killed + 1))
    sleep "1.$((RANDOM % 10))"
    kill_database
    sleep "0.$((RANDOM % 10))"
    bring_up "$leadex"
    wait_ready "$base" 60
  fi
done
sleep 2
load_end
check_load "$leadex"
echo "$kills kills of the server, $database_killed of PostgreSQL: every sale told of stands once; trial balance 0"
