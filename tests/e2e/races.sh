#!/usr/bin/env bash
# Many connections at the same instant: 200 buy the one exclusive lead, one Idempotency-Key comes 50
# times at once for a lead, a purchase and a funding, and a capped campaign meets posts from 40
# connections.
#   races.sh LEADEX BURST     inside with_exchange.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib/exchange.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/exchange.sh"
leadex=$1 burst=$2
generator=$(generator_key 0)

# fire NAME: sends the requests in $work/NAME at once; answers in $work/NAME.answers.
fire() {
  "$burst" "$base" "$ca" <"$work/$1" >"$work/$1.answers" || die "$1: not every connection was opened"
  [ "$(wc -l <"$work/$1.answers")" = "$(wc -l <"$work/$1")" ] || die "$1: an answer is missing"
}

statuses() { cut -f1 "$work/$1.answers" | sort | uniq -c | awk '{ printf "%s%s x %s", sep, $1, $2; sep = ", " }'; }

# ---------------------------------------------------------------- 200 for one lead
market=race-one.us.usd
make_market "$market"
[ "$(call "$generator" POST /v1/leads "$(lead "$market" 1)" | jq -r .outcome)" = listed ] || die 'the lead is not listed'
for i in $(seq 0 199); do
  printf '%s\tPOST\t/v1/purchases\trace-%d\t%s\n' "$(buyer_key $((i % 3)))" "$i" "$(purchase "$market" true 30.00)"
done >"$work/one"
fire one
cut -f2 "$work/one.answers" | jq -es 'map(.filled // 0) | add == 1' >/dev/null || die 'not exactly one was told of a sale'
bad=$(awk -F '\t' '$1 != 201 && $1 != 402 && $1 != 409 && $1 != 429 && $1 != 503' "$work/one.answers" | head -3)
[ -z "$bad" ] || die "no clean answer: $bad"
[ "$(check_money "$market")" = 1 ] || die "sales of the one lead: $(wc -l <"$work/sales_all")"
jq -e '.exclusive and .gross.amount == "24.00"' "$work/sales_all" >/dev/null || die 'the sale is not the exclusive one'
echo "200 connections for one exclusive lead: one sale, one charge, one commission; answers: $(statuses one)"

# ---------------------------------------------------------------- one key, 50 times

# same NAME KEY METHOD PATH IDEMPOTENCY_KEY BODY: 50 at once, then each that was told 409 asks again
# until it is answered: all bodies are equal to the byte.
same() {
  local name=$1 wrong status answer i=0
  shift
  for _ in $(seq 50); do printf '%s\t%s\t%s\t%s\t%s\n' "$@"; done >"$work/$name"
  fire "$name"
  wrong=$(grep -vE $'^(2[0-9][0-9]\t|409\t.*"in_progress")' "$work/$name.answers" | head -3 || true)
  [ -z "$wrong" ] || die "$name: neither the result nor in_progress: $wrong"
  grep -q '^2' "$work/$name.answers" || die "$name: nobody had the result"
  echo "one key 50 times for $name: $(statuses "$name")"
  mkdir "$work/$name.bodies"
  while IFS=$'\t' read -r status answer; do
    i=$((i + 1))
    printf '%s' "$answer" >"$work/$name.bodies/$i"
    if [ "$status" = 409 ]; then
      status=$(until_answered "$@" "$work/$name.bodies/$i")
      case $status in 2*) ;; *) die "$name: $status $(cat "$work/$name.bodies/$i")" ;; esac
    fi
  done <"$work/$name.answers"
  for i in $(seq 2 50); do
    cmp -s "$work/$name.bodies/1" "$work/$name.bodies/$i" ||
      die "$name: the bodies differ: $(cat "$work/$name.bodies/1") and $(cat "$work/$name.bodies/$i")"
  done
}

market=race-key.us.usd
make_market "$market"
buyer=$(buyer_key 0)
same leads "$generator" POST /v1/leads same-lead "$(lead "$market" 10)"
[ "$(pages "$buyer" "/v1/listings?market=$market" | wc -l)" = 1 ] || die 'one key made more than one listing'
same purchases "$buyer" POST /v1/purchases same-purchase "$(purchase "$market" false 6.00)"
[ "$(check_money "$market")" = 1 ] || die 'one key made more than one sale'
campaign=$(make_campaign 1 "$market" 2.00 1.00 '{}')
same fund "$(buyer_key 1)" POST "/v1/campaigns/$campaign/fund" same-fund "{\"amount\":$(usd 7.00)}"
funded=$(pages "$(buyer_key 1)" "/v1/ledger/accounts?market=$market&code=budget" |
  jq -r --arg id "$campaign" 'select(.campaign_id == $id) | .credits_posted')
[ "$funded" = 8.00 ] || die "the budget got $funded, not 1.00 and 7.00"
check_money "$market" >/dev/null

# ---------------------------------------------------------------- a cap of 100
market=race-cap.us.usd
make_market "$market"
campaign=$(make_campaign 2 "$market" 2.00 1000.00 '{"leads":{"month":100}}' '{"attribute":"state","in":["CA"]}')
for i in $(seq 3); do
  for n in $(seq 40); do
    printf '%s\tPOST\t/v1/leads\tcap-%d-%d\t%s\n' "$generator" "$i" "$n" "$(lead "$market" $((i * 1000 + n)))"
  done >"$work/cap"
  fire cap
  [ "$(grep -c '^201' "$work/cap.answers")" = 40 ] || die "posts were refused: $(statuses cap)"
done
[ "$(check_money "$market")" = 100 ] || die "$(wc -l <"$work/sales_all") sales, the cap is 100"
check_cap "$campaign" 100 200
shares=$(pages "$buyer" "/v1/listings?market=$market" | jq -rs 'group_by(.shares_left) | map("\(length) x \(.[0].shares_left)") | join(", ")')
[ "$shares" = '100 x 3, 20 x 4' ] || die "what is left is $shares shares"
"$leadex" replay
"$leadex" verify ledger
echo 'a cap of 100 met by 120 posts on 40 connections: exactly 100'
