#!/usr/bin/env bash
# 10,000 mixed visits over 200 connections: exactly the valid ones are charged, each once. Besides them
# come second clicks of the same visitors, forged ids, links that are paused, HEAD, prefetches and bots.
#   clicks.sh LEADEX      inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1
market=clicks.us.usd
valid=4000 repeated=2000 forged=1000 paused=1000 heads=500 prefetches=500 bots=1000
first_sales=1500 # what the dearer campaign's budget covers
clients=4 connections=50

# All visitors have the one address of this machine.
stop_server
export LEADEX_CLICKS_PER_MINUTE_MAX=0
bring_up "$leadex"

make_market "$market" '.auction.click_reserve = {amount: "0.05", currency: "USD"}'

# click_campaign BUYER BID FUNDS: prints its id.
click_campaign() {
  local key id
  key=$(buyer_key "$1")
  id=$(call "$key" POST /v1/campaigns "$(jq -cn --arg market "$market" --argjson bid "$(usd "$2")" '{name: "Clicks",
    market: $market, pricing: {model: "cpc", bid: $bid}, landing_url: "https://shop.example.com/{state}?c={click_id}&s={sub1}"}')" |
    jq -r .id)
  call "$key" POST "/v1/campaigns/$id/fund" "{\"amount\":$(usd "$3")}" >/dev/null
  echo "$id"
}

# placement NAME: prints its id.
placement() {
  call "$(generator_key 0)" POST /v1/placements "$(jq -cn --arg market "$market" --arg name "$1" '{market: $market,
    name: $name, attributes: {state: "CA"}, fallback_url: "https://news.example.com/"}')" | jq -r .id
}

dear=$(click_campaign 0 0.10 150.00)
cheap=$(click_campaign 1 0.08 400.00)
open=$(placement open)
stale=$(placement stale)
call "$(generator_key 0)" PATCH "/v1/placements/$stale" '{"status":"paused"}' >/dev/null

# ---------------------------------------------------------------- the visits

# visits: one a line: kind, id, user agent.
visits() {
  awk -v open="$open" -v stale="$stale" -v valid="$valid" -v repeated="$repeated" -v forged="$forged" \
    -v paused="$paused" -v heads="$heads" -v prefetches="$prefetches" -v bots="$bots" '
    function visit(kind, id, agent) { print kind "\t" id "\t" agent }
    BEGIN {
      chars = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
      for (i = 1; i <= valid; i++) visit("click", open, "Browser " i)
      for (i = 1; i <= repeated; i++) visit("click", open, "Browser " i * 2)
      for (i = 1; i <= forged; i++) {  # another character somewhere behind the prefix
        at = 5 + i % 25
        other = substr(chars, 1 + (index(chars, substr(open, at, 1)) + i) % 32, 1)
        if (other == substr(open, at, 1)) other = substr(chars, 1 + index(chars, other) % 32, 1)
        visit("forged", substr(open, 1, at - 1) other substr(open, at + 1), "Browser F" i)
      }
      for (i = 1; i <= paused; i++) visit("paused", stale, "Browser P" i)
      for (i = 1; i <= heads; i++) visit("head", open, "Browser H" i)
      for (i = 1; i <= prefetches; i++) visit("prefetch", open, "Browser R" i)
      for (i = 1; i <= bots; i++) visit("bot", open, i % 2 ? "Examplebot/" i : "")
    }' | shuf
}

# As options of curl, one transfer a visit; each prints its kind, status and where it was sent.
transfers() {
  awk -F '\t' -v base="$base" -v ca="$ca" '
    NR > 1 { print "next" }
    {
      print "url = \"" base "/c/" $2 "?sub1=x\""
      print "user-agent = \"" $3 "\""
      if ($1 == "head") print "head"
      if ($1 == "prefetch") print "header = \"Sec-Purpose: prefetch\""
      print "write-out = \"" $1 "\\t%{http_code}\\t%{redirect_url}\\n\""
      print "output = \"/dev/null\""
      print "cacert = \"" ca "\""
      print "silent"
    }'
}

visits >"$work/visits"
[ "$(wc -l <"$work/visits")" = 10000 ] || die 'these are not 10,000 visits'
split --number="l/$clients" "$work/visits" "$work/part."
clicking=()
for part in "$work"/part.a?; do
  transfers <"$part" >"$part.config"
  curl --parallel --parallel-max "$connections" --max-time 600 --config "$part.config" >"$part.answers" &
  clicking+=($!)
done
for client in "${clicking[@]}"; do wait "$client" || die 'a client failed'; done
cat "$work"/part.a?.answers >"$work/answers"

# ---------------------------------------------------------------- what must hold

# answered KIND STATUS PATTERN: how many were, with that text in where they were sent.
answered() { awk -F '\t' -v kind="$1" -v status="$2" -v to="$3" '$1 == kind && $2 == status && $3 ~ to' "$work/answers" | wc -l; }
# expect WHAT FOUND WANTED
expect() { [ "$2" = "$3" ] || die "$1: $2, not $3"; }

expect answers "$(wc -l <"$work/answers")" 10000
shop='^https://shop[.]example[.]com/CA[?]c='
# Who comes again is sent on with the id of the first click, so there are fewer ids than visitors.
expect 'visitors sent on with a click id' "$(answered click 302 "${shop}clk_[0-9A-Z]*&s=x\$")" "$((valid + repeated))"
expect 'forged ids' "$(answered forged 404 '^$')" "$forged"
expect 'visitors of a paused link' "$(answered paused 302 '^https://news[.]example[.]com/$')" "$paused"
expect HEAD "$(answered head 302 '^https://')" "$heads"
expect prefetches "$(answered prefetch 302 '^https://')" "$prefetches"
expect bots "$(answered bot 302 '^https://')" "$bots"

expect sales "$(check_money "$market")" "$valid"
cut -f3 "$work/answers" | sed -n 's/.*[?]c=\(clk_[0-9A-Z]*\)&.*/\1/p' | sort -u >"$work/told"
expect 'click ids' "$(wc -l <"$work/told")" "$valid"
jq -r 'select(.model == "cpc") | .click_id' "$work/sales_all" | sort >"$work/stand"
cmp -s "$work/told" "$work/stand" || die "told of and charged differ: $(diff "$work/told" "$work/stand" | head -3)"
for campaign in "0 $dear $first_sales 0.00 exhausted" "1 $cheap $((valid - first_sales)) 200.00 active"; do
  read -r buyer id sold left status <<<"$campaign"
  expect "sales of $id" "$(jq -c --arg id "$id" 'select(.campaign_id == $id)' "$work/sales_all" | wc -l)" "$sold"
  expect "budget and status of $id" "$(call "$(buyer_key "$buyer")" GET "/v1/campaigns/$id" | jq -r '"\(.budget.amount) \(.status)"')" "$left $status"
done
expect 'what the placements counted' "$(
  for id in "$open" "$stale"; do
    call "$(generator_key 0)" GET "/v1/placements/$id/stats" |
      jq -r '"\(.clicks) \(.charged) \(.uncharged | "\(.repeated) \(.not_get) \(.prefetch) \(.bot) \(.paused) \(.busy + .unsold + .velocity)") \(.gross.amount)"'
  done | xargs
)" "8000 $valid $repeated $heads $prefetches $bots 0 0 350.00 $paused 0 0 0 0 0 $paused 0 0.00"
check_records "$leadex" "$market"
echo "10,000 visits: $valid valid ones charged exactly once, all others never; $((2 * repeated)) clicks of $repeated visitors came twice"
