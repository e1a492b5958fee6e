#!/usr/bin/env bash
# Caps and budgets are exact: 100 connections post 1,100 leads that two campaigns want. One has a cap
# of 1,000 leads and a budget for 700 of them: exactly 700 are sold to it; the other has a cap of 300
# and money for more: exactly 300. Then the same with the server killed (SIGKILL) in the middle, while
# each client repeats what was in doubt by its key.
#   caps.sh LEADEX BURST      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1 burst=$2
leads=1100 connections=100
budget_sales=700 cap_sales=300
generator=$(generator_key 0)
pg_at "$LEADEX_VAR/pg"
pg_choose_socket

sql() {
  PGPASSWORD=$(pg_password owner) PGOPTIONS='-c search_path=leadex' "$pg_bin/psql" --no-psqlrc --quiet --no-align \
    --tuples-only --set=ON_ERROR_STOP=1 --host="$pg_socket" --port=5432 --username=leadex_owner --dbname=leadex <<<"$1"
}

# counted MARKET: leads and money (micros) that the month's caps of its campaigns have counted, the
# campaign with the budget first.
counted() {
  sql "select string_agg(month_n || ' for ' || month_micros, ', ' order by campaign_no)
    from campaign_counter join market using (market_id) where market.name = '$1'"
}

# sold MARKET: to the campaign with the budget, as committed.
sold() {
  sql "select coalesce((select month_n from campaign_counter join market using (market_id)
    where market.name = '$1' order by campaign_no limit 1), 0)"
}

# open_market MARKET FUNDS: sets budgeted and capped.
open_market() {
  make_market "$1"
  budgeted=$(make_campaign 0 "$1" 2.00 "$2" '{"leads":{"month":1000}}' '{"attribute":"state","in":["CA"]}')
  capped=$(make_campaign 1 "$1" 2.10 1000.00 "{\"leads\":{\"month\":$cap_sales}}" '{"attribute":"state","in":["CA"]}')
}

# post_all NAME: the requests in $work/NAME over all connections, until each has its answer.
post_all() {
  "$burst" --connections="$connections" "$base" "$ca" <"$work/$1" >"$work/$1.answers" || die "$1: not every connection was opened"
}

# check_caps MARKET NAME REST: what must hold when all of $work/NAME is answered; REST of the budget.
check_caps() {
  local campaign n
  [ "$(grep -c '^201' "$work/$2.answers")" = "$leads" ] ||
    die "posts were refused: $(cut -f1 "$work/$2.answers" | sort | uniq -c | xargs) $(grep -v -m 1 '^201' "$work/$2.answers")"
  [ "$(check_money "$1")" = $((budget_sales + cap_sales)) ] || die "$(wc -l <"$work/sales_all") sales stand"
  for campaign in "$budgeted $budget_sales" "$capped $cap_sales"; do
    n=$(jq -c --arg id "${campaign% *}" 'select(.campaign_id == $id)' "$work/sales_all" | wc -l)
    [ "$n" = "${campaign#* }" ] || die "campaign ${campaign% *} bought $n leads, not ${campaign#* }"
  done
  [ "$(counted "$1")" = "$budget_sales for 1400000000, $cap_sales for 630000000" ] || die "the caps have counted $(counted "$1")"
  n=$(call "$(buyer_key 0)" GET "/v1/campaigns/$budgeted" | jq -r '"\(.budget.amount) \(.status)"')
  [ "$n" = "$3 exhausted" ] || die "budget and status of the 700 are $n"
  n=$(call "$(buyer_key 1)" GET "/v1/campaigns/$capped" | jq -r '"\(.budget.amount) \(.status)"')
  [ "$n" = '370.00 active' ] || die "budget and status of the 300 are $n"
  # Each sale that stands was told of by the answer to its lead, with these amounts, and no other was.
  cut -f2 "$work/$2.answers" | jq -r '.lead_id as $lead | .sales[] | "\($lead) \(.gross.amount) \(.net.amount)"' |
    sort >"$work/told"
  jq -r '"\(.lead_id) \(.gross.amount) \(.net.amount)"' "$work/sales_all" | sort >"$work/stand"
  cmp -s "$work/told" "$work/stand" || die "$(wc -l <"$work/told") sales were told of: $(diff "$work/told" "$work/stand" | head -3)"
  check_records "$leadex" "$1"
}

# ---------------------------------------------------------------- one server all the time
market=caps-calm.us.usd
open_market "$market" 1400.00
posts "$generator" "$market" 1 "$leads" >"$work/calm"
post_all calm
check_caps "$market" calm 0.00
echo "$connections connections, $leads leads: $budget_sales sold to a cap of 1,000 with a budget for $budget_sales; $cap_sales to a cap of $cap_sales"

# ---------------------------------------------------------------- killed in the middle
market=caps-kill.us.usd
open_market "$market" 1401.00 # one dollar more than 700 leads cost, and no whole bid
posts "$generator" "$market" 2001 $((2000 + leads)) >"$work/kill"
post_all kill &
posting=$!
kills=(50)
if [ -n "$full" ]; then kills=(50 200 350 500); fi
for at in "${kills[@]}"; do
  until [ "$(sold "$market")" -ge "$at" ]; do
    kill -0 "$posting" 2>/dev/null || die 'the posts were over before the kill'
  done
  kill -KILL "$(server_pid)"
  stood=$(sold "$market")
  echo "killed with $stood of $budget_sales sold"
  [ "$stood" -lt "$budget_sales" ] || die 'the kill came too late to be in the middle'
  bring_up "$leadex"
done
wait "$posting" || die 'a connection of the posts failed'
check_caps "$market" kill 1.00
# Whoever asks again is told the same, to the byte.
cp "$work/kill" "$work/again"
post_all again
cmp -s "$work/kill.answers" "$work/again.answers" ||
  die "the same keys are answered otherwise: $(diff "$work/kill.answers" "$work/again.answers" | head -4)"
echo "the same with ${#kills[@]} kills of the server in the middle; all $leads keys are answered the same again"
